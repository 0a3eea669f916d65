/** Slashing: who is slashed, what it costs, and what no block may carry. */
import { describe, expect, it } from 'vitest'
import { ACCUSATIONS_MAX, decodeBeaconBlock } from '../../../node/beacon/block.ts'
import { ONE_EPOCH } from '../../../node/beacon/epoch.ts'
import { DEFAULT_REGISTRY } from '../../../node/beacon/registry.ts'
import { accusationChecks, checkAccusation } from '../../../node/beacon/slashing.ts'
import { registrySum } from '../../../node/beacon/registry-step.ts'
import { decodeBeaconState, encodeBeaconState } from '../../../node/beacon/state-codec.ts'
import { planOf, type BeaconState } from '../../../node/beacon/state.ts'
import { applyBeaconBlock, signatureChecks } from '../../../node/beacon/transition.ts'
import type { Accusation, Statement } from '../../../node/crosslink/accusation.ts'
import { signingRoot, type VoteKind } from '../../../node/crosslink/certificate.ts'
import { present } from '../../../node/primitives/assert.ts'
import { hashOf } from '../crosslink/examples.ts'
import { advanceBy, buildOn, exampleGenesis, exampleState, keyOf, scheme } from './network.ts'

const BLOCKS = 4
const epochs = { ...ONE_EPOCH, blocks: BLOCKS }
const genesis = exampleState(exampleGenesis({ epochs, validatorCount: 12 }))
const { stake, unbondEpochs } = DEFAULT_REGISTRY
const VIEW = 3

type Word = readonly [VoteKind, string]

function statement(validator: number, epoch: number, [kind, block]: Word): Statement {
  const links = { view: VIEW, parentView: 2, parentHash: hashOf('parent'), hash: hashOf(block) }
  const proposal = kind === 'nullify' ? undefined : links
  const domain = { genesisHash: genesis.genesisHash, chain: 1, epoch }
  const root = signingRoot(domain, kind, VIEW, proposal)
  return { kind, proposal, signature: scheme.sign(keyOf(validator).secretKey, root) }
}

function accuse(
  validator: number,
  words: readonly [Word, Word] = [
    ['notarize', 'one'],
    ['notarize', 'two'],
  ],
  epoch = 0,
): Accusation {
  const [first, second] = words.map((word) => statement(validator, epoch, word))
  return {
    validator,
    chain: 1,
    epoch,
    view: VIEW,
    first: present(first, 'two words'),
    second: present(second, 'two words'),
  }
}

const codeOf = (state: BeaconState, accusation: Accusation): string => {
  const checked = checkAccusation(state, accusation)
  return checked.ok ? 'accepted' : checked.reject.code
}

/** The one that proposes the block in the view, and somebody else. */
function proposerAndOther(state: BeaconState) {
  const { header } = buildOn(state).block
  const proposer = present(state.committees[0]?.[header.proposerSeat], 'it has a seat')
  return { proposer, other: (proposer + 1) % state.validators.length }
}

function slashed(state: BeaconState, validators: readonly number[]): BeaconState {
  return buildOn(state, [], { accusations: validators.map((one) => accuse(one)) }).state
}

describe('beacon: slashing', () => {
  it('beacon: slashing: B.6: N/N, F/F of different blocks and X/F are offences, all else is not', () => {
    const offences: (readonly [Word, Word])[] = [
      [
        ['notarize', 'one'],
        ['notarize', 'two'],
      ],
      [
        ['finalize', 'one'],
        ['finalize', 'two'],
      ],
      [
        ['nullify', ''],
        ['finalize', 'one'],
      ],
    ]
    for (const words of offences) expect(codeOf(genesis, accuse(2, words))).toBe('accepted')
    const honest: (readonly [Word, Word])[] = [
      [
        ['notarize', 'one'],
        ['notarize', 'one'],
      ],
      [
        ['nullify', ''],
        ['nullify', ''],
      ],
      [
        ['notarize', 'one'],
        ['nullify', ''],
      ],
      [
        ['notarize', 'one'],
        ['finalize', 'two'],
      ],
    ]
    for (const words of honest) expect(codeOf(genesis, accuse(2, words))).toBe('no-contradiction')
  })

  it('beacon: slashing: B.6: what is unknown, too old or said already is refused', () => {
    const good = accuse(2)
    expect(codeOf(genesis, { ...good, validator: 12 })).toBe('unknown-validator')
    expect(codeOf(genesis, { ...good, chain: 3 })).toBe('unknown-chain')
    expect(codeOf(genesis, { ...good, epoch: 2 })).toBe('not-begun')
    expect(codeOf({ ...genesis, epoch: unbondEpochs }, good)).toBe('accepted')
    expect(codeOf({ ...genesis, epoch: unbondEpochs + 1 }, good)).toBe('too-old')
    const free = genesis.validators.map((one) => ({ ...one, withdrawableEpoch: 0 }))
    expect(codeOf({ ...genesis, validators: free }, good)).toBe('too-old')
    expect(codeOf(slashed(genesis, [2]), good)).toBe('already-slashed')
  })

  it('beacon: slashing: B.6: half of a stake is burnt, the proposer is sent its part, and the sum stays', () => {
    const { proposer, other } = proposerAndOther(genesis)
    const built = buildOn(genesis, [], { accusations: [accuse(other)] })
    expect(applyBeaconBlock(genesis, built.block)).toEqual({ ok: true, value: built.state })
    expect(decodeBeaconBlock(built.bytes)).toEqual({ ok: true, value: built.block })
    const { validators, burnt } = built.state
    const reward = stake / 64n
    expect(validators[proposer]?.stake).toBe(stake)
    const paid = present(validators[proposer], 'it is one')
    const [receipt] = built.state.sent.flatMap(({ receipts }) => receipts)
    expect(receipt).toMatchObject({ kind: 'payout', destination: paid.payoutShard, amount: reward })
    expect([receipt?.from, receipt?.to]).toEqual([paid.payout, paid.payout])
    expect(burnt).toBe(stake / 2n - reward)
    expect(validators[other]).toMatchObject({
      status: 'slashed',
      stake: stake / 2n,
      slashedStake: stake,
      exitEpoch: 2,
      withdrawableEpoch: 2 + unbondEpochs,
    })
    expect(registrySum(built.state)).toBe(registrySum(genesis))
    expect(decodeBeaconState(encodeBeaconState(built.state))).toEqual({
      ok: true,
      value: built.state,
    })
  })

  it('beacon: slashing: B.6: nobody is paid for its own offence', () => {
    const { proposer } = proposerAndOther(genesis)
    const { validators, burnt } = slashed(genesis, [proposer])
    expect(validators[proposer]?.stake).toBe(stake / 2n)
    expect(burnt).toBe(stake / 2n)
  })

  it('beacon: slashing: B.6: where a third errs, each of them loses everything, in one block or in many', () => {
    const four = [0, 1, 2, 3]
    const one = slashed(genesis, four)
    let many = genesis
    for (const validator of four) many = slashed(many, [validator])
    for (const state of [one, many]) {
      for (const validator of four) {
        expect(state.validators[validator]?.stake).toBe(0n)
      }
      expect(registrySum(state)).toBe(registrySum(genesis))
    }
    const two = slashed(genesis, [1, 2])
    expect(two.validators[1]?.stake).toBeLessThanOrEqual(stake / 2n)
    expect(two.validators[1]?.stake).toBeGreaterThan(0n)
  })

  it('beacon: slashing: B.6: the slashed keep the seats that are drawn, and get none after', () => {
    const before = slashed(genesis, [5])
    expect(before.committees).toEqual(genesis.committees)
    const turned = advanceBy(before, BLOCKS - 1)
    expect(turned.committees[0]).toContain(5)
    expect(planOf(turned, 2)?.committees.flat()).not.toContain(5)
    expect(turned.validators[5]?.status).toBe('slashed')
  })

  it('beacon: slashing: B.6: both signatures are asked for one by one, and the accused’s own key is named', () => {
    const { block } = buildOn(genesis, [], { accusations: [accuse(4)] })
    const demands = signatureChecks(genesis, block).slice(1)
    expect(demands).toEqual(accusationChecks(genesis, accuse(4)))
    expect(demands.map(({ mode }) => mode)).toEqual(['single', 'single'])
    for (const { publicKeys, message, signatures } of demands) {
      expect(publicKeys).toEqual([keyOf(4).publicKey])
      const [signature] = signatures
      expect(scheme.verify(keyOf(4).publicKey, message, present(signature, 'one'))).toBe(true)
    }
  })

  it('beacon: slashing: B.6: a builder leaves out what says nothing new, and more than a block holds', () => {
    const all = genesis.validators.map((_, index) => accuse(index))
    const { block } = buildOn(genesis, [], { accusations: [...all.slice(0, 1), ...all] })
    expect(block.body.accusations).toEqual(all.slice(0, ACCUSATIONS_MAX))
    const twice = { ...block.body, accusations: [accuse(0), accuse(0)] }
    const refused = applyBeaconBlock(genesis, { ...block, body: twice })
    expect(refused).toMatchObject({ reject: { code: 'evidence: already-slashed' } })
  })

  it('beacon: slashing: B.4: a network in which everybody is slashed keeps its seats', () => {
    const all = genesis.validators.map((_, index) => index)
    const state = slashed(slashed(genesis, all.slice(0, 8)), all.slice(8))
    const turned = advanceBy(state, 3 * BLOCKS)
    expect(turned.committees[0]).toEqual(all)
    expect(registrySum(turned)).toBe(registrySum(genesis))
  })
})
