/**
 * The effects of simulated validators, performed at the virtual time of their input, in order.
 */
import { present, unreachable } from '../../node/primitives/assert.ts'
import type { Prng } from '../../node/primitives/prng.ts'
import { recoverAddress } from '../../node/primitives/io/secp256k1.ts'
import type { CheckedTransaction } from '../../node/shards/executor.ts'
import { checkSignaturesInline } from '../../node/shards/io/crypto-check.ts'
import { decodeTransaction, signingHash } from '../../node/shards/transaction.ts'
import type { ValidatorEffect, ValidatorEvent } from '../../node/validator/contract.ts'
import type { NodeMessage } from '../../node/validator/message.ts'
import { executeNow, readNow, type NodeFoundation, type SimulatedNode } from './sharded-node.ts'
import type { ShardedPlan, WorldEvents } from './sharded-plan.ts'

export type Performer = {
  readonly plan: ShardedPlan
  readonly events: WorldEvents
  readonly foundation: NodeFoundation
  readonly nodes: readonly SimulatedNode[]
  readonly dice: Prng
  readonly now: () => number
  readonly post: (node: SimulatedNode, at: number, event: ValidatorEvent) => void
  readonly arm: (node: SimulatedNode, at: number) => void
  readonly answer: (effect: ValidatorEffect & { readonly kind: 'submitted' }) => void
  /** Out of a thousand messages, this many are lost. */
  lossPerMille: number
}

type Effect<Kind extends ValidatorEffect['kind']> = ValidatorEffect & { readonly kind: Kind }

export function performEffect(
  world: Performer,
  node: SimulatedNode,
  effect: ValidatorEffect,
): void {
  const answer = (event: ValidatorEvent): void => world.post(node, world.now(), event)
  switch (effect.kind) {
    case 'sign':
      return answer(signed(world, node, effect))
    case 'reveal': {
      const signature = world.plan.scheme.sign(secretKeyOf(world, node), effect.root)
      return answer({ kind: 'revealed', job: effect.job, signature })
    }
    case 'send':
    case 'reply':
    case 'publish':
      return deliver(world, node, effect)
    case 'execute':
      return answer({
        kind: 'executed',
        job: effect.job,
        response: executeNow(node, world.foundation, effect),
      })
    case 'check': {
      const answers = checkSignaturesInline(world.plan.scheme, effect.questions)
      return answer({ kind: 'checked', job: effect.job, answers })
    }
    case 'recover': {
      const transactions = effect.raws.map(recoverOnce)
      return answer({ kind: 'recovered', job: effect.job, transactions })
    }
    case 'load': {
      const found = effect.request.map((range) => readNow(node, range))
      return answer({ kind: 'loaded', job: effect.job, answer: found })
    }
    case 'deadline':
      return world.arm(node, effect.at)
    case 'submitted':
      return world.answer(effect)
    case 'report':
      return world.events.onFact?.(node.index, effect.fact)
    case 'shard-head':
      return world.events.onOutcome?.(node.index, effect.shard, effect.outcome)
    case 'beacon-head':
      return world.events.onBeacon?.(node.index, node.validator)
    case 'write':
    case 'pending-transaction':
      return
    default:
      return unreachable(effect)
  }
}

function signed(world: Performer, node: SimulatedNode, effect: Effect<'sign'>): ValidatorEvent {
  const { chain, epoch, vote, root } = effect
  world.events.onSigned?.(node.index, chain, vote)
  const signature = world.plan.scheme.sign(secretKeyOf(world, node), root)
  return { kind: 'signed', chain, epoch, vote: { ...vote, signature } }
}

function secretKeyOf(world: Performer, node: SimulatedNode): Uint8Array {
  return present(world.plan.secretKeys[node.index], 'every validator has a key')
}

function deliver(
  world: Performer,
  from: SimulatedNode,
  effect: Effect<'send' | 'reply' | 'publish'>,
): void {
  for (const to of receiversOf(world, from, effect)) {
    send(world, { from, to, message: effect.message, gossip: effect.kind === 'publish' })
  }
}

function receiversOf(
  { nodes }: Performer,
  from: SimulatedNode,
  effect: Effect<'send' | 'reply' | 'publish'>,
): readonly SimulatedNode[] {
  switch (effect.kind) {
    case 'send':
      return effect.to.map((to) => present(nodes[to], 'a validator is a node'))
    case 'reply':
      return [present(nodes[Number(effect.peer.slice('node-'.length))], 'a peer is a node')]
    case 'publish':
      return nodes.filter((to) => to !== from && to.validator.topics.includes(effect.topic))
    default:
      return unreachable(effect)
  }
}

function send(
  world: Performer,
  letter: {
    readonly from: SimulatedNode
    readonly to: SimulatedNode
    readonly message: NodeMessage
    readonly gossip: boolean
  },
): void {
  const { from, to, message, gossip } = letter
  const { dice, plan, events } = world
  const passes = events.passes?.(from.index, to.index, message) ?? true
  if (!passes || !to.up) return
  if (world.lossPerMille > 0 && dice.chance(world.lossPerMille, 1000)) return
  const delay = plan.delayMinMs + dice.below(plan.delayMaxMs - plan.delayMinMs + 1)
  world.post(to, world.now() + delay, {
    kind: 'message',
    peer: `node-${from.index}`,
    validator: from.index,
    message,
    gossip,
  })
}

/** The signature check is pure, so all nodes and all worlds of one process share its results. */
const recovered = new Map<string, CheckedTransaction | undefined>()

function recoverOnce(raw: Uint8Array): CheckedTransaction | undefined {
  const key = Buffer.from(raw).toString('latin1')
  if (recovered.has(key)) return recovered.get(key)
  const decoded = decodeTransaction(raw)
  let checked: CheckedTransaction | undefined
  if (decoded.ok) {
    const { signature, yParity, hash } = decoded.value
    const sender = recoverAddress(signingHash(decoded.value), signature, yParity)
    if (sender !== undefined) checked = { raw, hash, sender }
  }
  recovered.set(key, checked)
  return checked
}
