/** Fork proofs in beacon blocks: whom they convict, what becomes of the shard, and what no block may carry (B.12). */
import { describe, expect, it } from 'vitest'
import { decodeBeaconBlock, encodeBeaconBody } from '../../../node/beacon/block.ts'
import { ONE_EPOCH } from '../../../node/beacon/epoch.ts'
import { checkFork, forkChecks } from '../../../node/beacon/fork-conviction.ts'
import { DEFAULT_REGISTRY } from '../../../node/beacon/registry.ts'
import { registrySum } from '../../../node/beacon/registry-step.ts'
import { planOf, type BeaconState } from '../../../node/beacon/state.ts'
import { applyBeaconBlock, signatureChecks } from '../../../node/beacon/transition.ts'
import { bitmapOf } from '../../../node/crosslink/certificate.ts'
import type { ForkProof } from '../../../node/crosslink/fork-proof.ts'
import { contentsHash, encodeBeaconHeader } from '../../../node/crosslink/header-codec.ts'
import { concatBytes } from '../../../node/primitives/bytes.ts'
import { present } from '../../../node/primitives/assert.ts'
import { exampleShardHeader } from '../crosslink/examples.ts'
import { advanceBy, buildOn, certify, exampleGenesis, exampleState, scheme } from './network.ts'

const EPOCHS = { ...ONE_EPOCH, blocks: 4 }
const genesis = exampleState(exampleGenesis({ epochs: EPOCHS, validatorCount: 8 }))
const committee = present(genesis.committees[1], 'shard 1 has one')
const left = exampleShardHeader({ chain: 1, epoch: 0, height: 1, view: 1 })
const right = exampleShardHeader({ chain: 1, epoch: 0, height: 1, view: 1, timestampMs: 77 })

function proofOf(first = [0, 1, 2], second = [0, 1, 3]): ForkProof {
  return {
    chain: 1,
    epoch: 0,
    first: certify(genesis, left, { seats: first }),
    second: certify(genesis, right, { seats: second }),
  }
}

const proof = proofOf()

const codeOf = (state: BeaconState, fork: ForkProof): string => {
  const checked = checkFork(state, fork)
  return checked.ok ? 'accepted' : checked.reject.code
}

describe('beacon: fork proofs', () => {
  it('beacon: fork proofs: B.12: everybody who signed both is slashed at once, and nobody else', () => {
    const built = buildOn(genesis, [], { forks: [proof] })
    expect(applyBeaconBlock(genesis, built.block)).toEqual({ ok: true, value: built.state })
    const guilty = [committee[0], committee[1]]
    for (const [index, { status, stake }] of built.state.validators.entries()) {
      expect(status).toBe(guilty.includes(index) ? 'slashed' : 'active')
      if (guilty.includes(index)) expect(stake).toBeLessThan(DEFAULT_REGISTRY.stake)
    }
    expect(registrySum(built.state)).toBe(registrySum(genesis))
    expect(codeOf(built.state, proof)).toBe('already-slashed')
    // Who was not caught by the first proof is by another one.
    expect(codeOf(built.state, proofOf([0, 1, 2], [0, 2, 3]))).toBe('accepted')
    const turned = advanceBy(built.state, EPOCHS.blocks - 1)
    for (const validator of guilty)
      expect(planOf(turned, 2)?.committees.flat()).not.toContain(validator)
  })

  it('beacon: fork proofs: B.12: the shard recovers at once, if it is in that epoch, and epochs end', () => {
    const { state } = buildOn(genesis, [], { forks: [proof] })
    expect(state.shards.map(({ status }) => status)).toEqual(['recovering', 'live'])
    expect(state.shards[0]?.recoveringSince).toBe(state.height)
    const still = { ...genesis, epochRules: ONE_EPOCH, plans: [] }
    const stays = buildOn(still, [], { forks: [proof] }).state
    expect(stays.shards.map(({ status }) => status)).toEqual(['live', 'live'])
  })

  it('beacon: fork proofs: B.12: both certificates are asked for, under the committee of their epoch', () => {
    const { block } = buildOn(genesis, [], { forks: [proof] })
    const demands = signatureChecks(genesis, block).slice(1)
    expect(demands).toEqual(forkChecks(genesis, proof))
    expect(demands.map(({ publicKeys }) => publicKeys.length)).toEqual([3, 3])
    for (const { publicKeys, message, signatures } of demands) {
      const [signature] = signatures
      expect(signature && scheme.verifyAggregate(publicKeys, message, signature)).toBe(true)
    }
  })

  it('beacon: fork proofs: B.12: what proves nothing, or is of nobody’s committee, is refused', () => {
    const { first, second } = proof
    expect(codeOf(genesis, { ...proof, chain: 3 })).toBe('unknown-chain')
    expect(codeOf(genesis, { ...proof, epoch: 9 })).toBe('unknown-committee')
    expect(codeOf({ ...genesis, epoch: 20 }, proof)).toBe('too-old')
    expect(codeOf(genesis, { ...proof, second: first })).toBe('no-contradiction')
    const later = certify(genesis, right, { view: 2 })
    expect(codeOf(genesis, { ...proof, second: later })).toBe('no-contradiction')
    const few = { ...second, signers: bitmapOf([0, 1], 4) }
    expect(codeOf(genesis, { ...proof, second: few })).toBe('malformed-certificate')
    const wide = { ...second, signers: bitmapOf([0, 1, 2], 9) }
    expect(codeOf(genesis, { ...proof, second: wide })).toBe('malformed-certificate')
    expect(forkChecks(genesis, { ...proof, second: wide })).toEqual([])
  })

  it('beacon: fork proofs: B.12: a block has at most two, says nothing where there are none, and has one form', () => {
    const twice = buildOn(genesis, [], { forks: [proof, proof, proof] })
    expect(twice.block.body.forks).toEqual([proof])
    expect(decodeBeaconBlock(twice.bytes)).toEqual({ ok: true, value: twice.block })
    const { block } = buildOn(genesis)
    expect(block.body.forks).toBeUndefined()
    // A list without proofs would be a second form of the same body.
    const { header, body } = block
    const contents = encodeBeaconBody({ ...body, forks: [] })
    const named = { ...header, contentsHash: contentsHash(contents) }
    const bytes = concatBytes(encodeBeaconHeader(named), contents)
    expect(decodeBeaconBlock(bytes)).toMatchObject({ ok: false, reject: { code: 'malformed' } })
  })
})
