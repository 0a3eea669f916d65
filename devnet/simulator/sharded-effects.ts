/**
 * What a simulated node does for the effects of its validator once they may happen: questions that depend on nothing
 * durable, and releases, which come after the commit. Writes, reports and signatures are the turn's own (sharded-turn.ts).
 */
import { present, unreachable } from '../../node/primitives/assert.ts'
import { recoverAddress } from '../../node/primitives/io/secp256k1.ts'
import type { CheckedTransaction } from '../../node/shards/executor.ts'
import { checkSignaturesInline } from '../../node/shards/io/crypto-check.ts'
import { decodeTransaction, signingHash } from '../../node/shards/transaction.ts'
import type { ValidatorEffect, ValidatorEvent } from '../../node/validator/contract.ts'
import type { Links } from './sharded-links.ts'
import { executeNow, openShard, type NodeFoundation, type SimulatedNode } from './sharded-node.ts'
import type { ShardedPlan, WorldEvents } from './sharded-plan.ts'

export type Performer = {
  readonly plan: ShardedPlan
  readonly events: WorldEvents
  readonly foundation: NodeFoundation
  readonly nodes: readonly SimulatedNode[]
  readonly links: Links
  /** Raw transactions and their senders: the check is pure, so all nodes of a world share its results. */
  readonly senders: Map<string, CheckedTransaction | undefined>
  readonly now: () => number
  readonly post: (node: SimulatedNode, at: number, event: ValidatorEvent) => void
  readonly arm: (node: SimulatedNode, at: number) => void
  readonly answer: (effect: ValidatorEffect & { readonly kind: 'submitted' }) => void
  /** Something that happens in this life of the node, or, where it is down, before the next. */
  readonly later: (node: SimulatedNode, delayMs: number, kind: string, act: () => void) => void
}

export type Effect<Kind extends ValidatorEffect['kind']> = ValidatorEffect & { readonly kind: Kind }

/** Effects that depend on nothing durable; true if this was one. */
export function startQuestion(
  world: Performer,
  node: SimulatedNode,
  effect: ValidatorEffect,
): boolean {
  switch (effect.kind) {
    case 'check': {
      const answers = checkSignaturesInline(world.plan.scheme, effect.questions)
      world.post(node, world.now(), { kind: 'checked', job: effect.job, answers })
      return true
    }
    case 'recover': {
      const transactions = effect.raws.map((raw) => recoverOnce(world, raw))
      world.post(node, world.now(), { kind: 'recovered', job: effect.job, transactions })
      return true
    }
    case 'deadline':
      world.arm(node, effect.at)
      return true
    default:
      return false
  }
}

/** Effects that may be seen outside, or that read what the turn wrote. */
export function release(world: Performer, node: SimulatedNode, effect: ValidatorEffect): void {
  switch (effect.kind) {
    case 'reveal': {
      const secretKey = secretKeyOf(world, node)
      const signature = world.plan.scheme.sign(secretKey, effect.root, 'aggregate')
      return world.post(node, world.now(), { kind: 'revealed', job: effect.job, signature })
    }
    case 'send':
      for (const to of effect.to) send(world, node, to, effect)
      return
    case 'reply':
      return send(world, node, Number(effect.peer.slice(PEER_PREFIX.length)), effect)
    case 'publish':
      return publish(world, node, effect)
    case 'execute': {
      const response = executeNow(node, effect)
      return world.post(node, world.now(), { kind: 'executed', job: effect.job, response })
    }
    case 'load': {
      const answer = effect.request.map(node.disk.read)
      return world.post(node, world.now(), { kind: 'loaded', job: effect.job, answer })
    }
    case 'open-shard': {
      const { shard } = effect.config
      const restore = openShard(node, effect.config)
      world.events.onOpened?.(node.index, restore)
      return world.post(node, world.now(), { kind: 'opened', shard, restore })
    }
    case 'close-shard':
      return void node.executors.delete(effect.shard)
    case 'submitted':
      return world.answer(effect)
    case 'shard-head':
      return world.events.onOutcome?.(node.index, effect.shard, effect.outcome)
    case 'beacon-head':
      return world.events.onBeacon?.(node.index, effect.state)
    case 'write':
    case 'sign':
    case 'report':
    case 'check':
    case 'recover':
    case 'deadline':
    case 'listen':
    case 'pending-transaction':
      return
    default:
      return unreachable(effect)
  }
}

/** Whether somebody else can see that it happened. */
export function leavesTheProcess({ kind }: ValidatorEffect): boolean {
  return kind === 'send' || kind === 'reply' || kind === 'publish' || kind === 'execute'
}

const PEER_PREFIX = 'node-'

export function peerName(node: number): string {
  return `${PEER_PREFIX}${node}`
}

export function secretKeyOf({ plan }: Performer, { index }: SimulatedNode): Uint8Array {
  return present(plan.secretKeys[index], 'every validator has a key')
}

function publish(world: Performer, from: SimulatedNode, effect: Effect<'publish'>): void {
  for (const { index, validator } of world.nodes) {
    if (index !== from.index && validator.topics().includes(effect.topic)) {
      send(world, from, index, effect)
    }
  }
}

function send(
  world: Performer,
  { index: from }: SimulatedNode,
  to: number,
  { kind, message }: Effect<'send' | 'reply' | 'publish'>,
): void {
  const passes = world.events.passes?.(from, to, message) ?? true
  // B.9: a validator that has joined may have no node here.
  if (!passes || world.nodes[to]?.up !== true) return
  world.links.send({ from, to, message, gossip: kind === 'publish' })
}

function recoverOnce({ senders }: Performer, raw: Uint8Array): CheckedTransaction | undefined {
  const key = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('latin1')
  if (senders.has(key)) return senders.get(key)
  const decoded = decodeTransaction(raw)
  let checked: CheckedTransaction | undefined
  if (decoded.ok) {
    const { signature, yParity, hash } = decoded.value
    const sender = recoverAddress(signingHash(decoded.value), signature, yParity)
    if (sender !== undefined) checked = { raw, hash, sender }
  }
  senders.set(key, checked)
  return checked
}
