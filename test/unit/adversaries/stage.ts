/**
 * A small network with one byzantine member per shard and traffic between the shards; what the corrupted machine wanted said
 * is on record as it wanted it, before anybody could refuse to read it.
 */
import { expect } from 'vitest'
import { asBytes } from '../../../devnet/adversaries/corrupt-simulated.ts'
import { adversaryNamed } from '../../../devnet/adversaries/registry.ts'
import type { ProposalMessage } from '../../../devnet/adversaries/seat-powers.ts'
import type { Evidence } from '../../../node/consensus/engine-contract.ts'
import type { ConsensusMessage } from '../../../node/consensus/message.ts'
import type { UnsignedVote, Vote } from '../../../node/consensus/vote.ts'
import { signingRoot } from '../../../node/crosslink/certificate.ts'
import { present } from '../../../node/primitives/assert.ts'
import { toHex } from '../../../node/primitives/bytes.ts'
import { createMockScheme } from '../../../node/primitives/mock-signature.ts'
import { createPrng } from '../../../node/primitives/prng.ts'
import type { NodeMessage } from '../../../node/validator/message.ts'
import type { Validator } from '../../../node/validator/validator.ts'
import { createTrial, type Trial } from '../../simulation/sharded/trial.ts'

export type Said = {
  readonly node: number
  readonly at: number
  readonly to: readonly number[]
  readonly message: NodeMessage
}

type ConsensusSaid = Said & {
  readonly chain: number
  readonly epoch: number
  readonly inner: ConsensusMessage
}

export type Stage = {
  readonly trial: Trial
  readonly byzantine: readonly number[]
  readonly honest: readonly number[]
  readonly said: readonly Said[]
  /** Votes that the machines inside signed, with their times. */
  readonly signed: readonly { node: number; at: number; chain: number; vote: UnsignedVote }[]
  /** Codes and details of blocks that honest nodes refused. */
  readonly refused: readonly { chain: number; text: string }[]
  readonly accused: readonly Evidence[]
}

export type Play = { readonly seed?: number; readonly orders?: number }

/** Runs the vice for a while under load; the honest must stay in order whatever it does. */
export function play(vice: string, { seed = 1, orders = 40 }: Play = {}): Stage {
  const said: Said[] = []
  const signed: { node: number; at: number; chain: number; vote: UnsignedVote }[] = []
  const refused: { chain: number; text: string }[] = []
  const accused: Evidence[] = []
  const adversary = present(adversaryNamed(vice), 'the vice exists')
  const trial: Trial = createTrial({
    shardCount: 2,
    seed,
    corrupt: (_name, honest, seat) => {
      const note = (now: number, to: readonly number[], message: NodeMessage): void => {
        said.push({ node: seat.validator, at: now, to, message })
      }
      return asBytes(recorded(adversary.corrupt(honest, seat), note))
    },
    events: {
      onSigned: (node, { chain }, vote) => {
        if (byzantine.includes(node)) signed.push({ node, at: trial.world.now(), chain, vote })
      },
      onFact: (node, fact) => {
        if (byzantine.includes(node)) return
        if (fact.kind === 'evidence') accused.push(fact.evidence)
        if (fact.kind !== 'refused-block') return
        refused.push({ chain: fact.chain, text: `${fact.code}: ${fact.detail}` })
      },
    },
  })
  const nodes = Array.from({ length: trial.nodeCount }, (_, node) => node)
  const { committees } = trial.world.validator(0).beacon.head()
  const byzantine = committees.slice(1).map((committee) => committee[0] ?? -1)
  const honest = nodes.filter((node) => !byzantine.includes(node))
  trial.startAll()
  trial.world.apply({ kind: 'byzantine', nodes: byzantine, vice })
  offer(trial, honest, { seed, orders })
  expect(trial.court.violation()).toBeUndefined()
  return { trial, byzantine, honest, said, signed, refused, accused }
}

/** Every order crosses, so that every block has receipts to send or to consume. */
function offer(trial: Trial, honest: readonly number[], { seed, orders }: Required<Play>): void {
  const dice = createPrng(seed).stream('traffic')
  trial.world.run(1_500)
  for (let sent = 0; sent < orders; sent++) {
    trial.world.run(trial.world.now() + 100)
    const shard = 1 + (sent % 2)
    const order = { shard, sender: dice.below(10), destination: 3 - shard, amount: 7n } as const
    trial.traffic.send({ ...order, to: 'account' }, dice.pick(honest))
  }
  trial.world.run(trial.world.now() + 2_000)
}

function recorded(
  speaker: Validator,
  note: (now: number, to: readonly number[], message: NodeMessage) => void,
): Validator {
  return {
    ...speaker,
    handle: (input) => {
      const effects = speaker.handle(input)
      for (const effect of effects) {
        if (effect.kind === 'send') note(input.now, effect.to, effect.message)
        if (effect.kind === 'reply') note(input.now, [], effect.message)
      }
      return effects
    },
  }
}

export function consensusSaid({ said }: Stage): readonly ConsensusSaid[] {
  return said.flatMap((one) => {
    if (one.message.kind !== 'consensus') return []
    const { chain, epoch, message } = one.message
    return [{ ...one, chain, epoch, inner: message }]
  })
}

/** Proposals of byzantine leaders. */
export function proposalsSaid(
  stage: Stage,
): readonly (ConsensusSaid & { readonly inner: ProposalMessage })[] {
  return consensusSaid(stage).flatMap((one) => {
    return one.inner.kind === 'proposal' ? [{ ...one, inner: one.inner }] : []
  })
}

/** Blocks that byzantine leaders proposed for shards, or for the beacon (chain 0). */
export function blocksSaid(stage: Stage, isBeacon: boolean) {
  return proposalsSaid(stage)
    .filter(({ chain }) => (chain === 0) === isBeacon)
    .map(({ chain, inner }) => ({ chain, block: inner.block }))
}

/** Votes said by byzantine seats, also those that travel as proposals. */
export function votesSaid(stage: Stage): readonly (ConsensusSaid & { readonly vote: Vote })[] {
  return consensusSaid(stage).flatMap((one) => {
    const { inner } = one
    return inner.kind === 'vote' || inner.kind === 'proposal' ? [{ ...one, vote: inner.vote }] : []
  })
}

/** Whether the speaker's key made this signature, for that epoch. */
export function isSignedBy(
  { trial }: Stage,
  { node, chain, vote }: { readonly node: number; readonly chain: number; readonly vote: Vote },
  epoch = 0,
): boolean {
  const { genesisHash } = trial.world.validator(0).beacon.head()
  const root = signingRoot({ genesisHash, chain, epoch }, vote.kind, vote.view, vote.proposal)
  const { publicKey } = present(trial.genesis.validators[node], 'the speaker is a validator')
  return createMockScheme().verify(publicKey, root, vote.signature)
}

/** Blocks by chain and view: two hashes under one key are an equivocation. */
export function byChainAndView(stage: Stage): ReadonlyMap<string, ReadonlySet<string>> {
  const hashes = new Map<string, Set<string>>()
  for (const { chain, inner } of proposalsSaid(stage)) {
    const key = `${chain}/${inner.proposal.view}`
    hashes.set(key, (hashes.get(key) ?? new Set()).add(toHex(inner.proposal.hash)))
  }
  return hashes
}

export function refusalsWith(stage: Stage, text: string): number {
  return stage.refused.filter((one) => one.text.includes(text)).length
}
