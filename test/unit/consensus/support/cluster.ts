/**
 * A cluster: engines on a synchronous bus in virtual time. A message takes LATENCY_MS; building, executing, checking and
 * signing take none. Tests cut links, spoil messages, crash and restart nodes, and read what was said.
 */
import { createEngine, type Engine } from '../../../../node/consensus/engine.ts'
import type {
  EngineEffect,
  EngineFact,
  EngineInput,
  EngineTiming,
  Evidence,
  ForkEvidence,
  JournalRecord,
} from '../../../../node/consensus/engine-contract.ts'
import type { ChainBlock, ConsensusMessage } from '../../../../node/consensus/message.ts'
import { STANDARD_RULES, type EngineRules } from '../../../../node/consensus/rules.ts'
import { runChecks } from '../../../../node/consensus/verification.ts'
import type { Certificate } from '../../../../node/crosslink/certificate.ts'
import { present } from '../../../../node/primitives/assert.ts'
import { equalBytes, toHex } from '../../../../node/primitives/bytes.ts'
import { OBSERVER_SEAT } from '../../../../node/primitives/identifiers.ts'
import { blockOn, configOf, genesis, scheme, signVote } from './fixtures.ts'

const LATENCY_MS = 10

export type Spoken = {
  readonly at: number
  readonly from: number
  readonly to: number
  readonly message: ConsensusMessage
}

export type Delivered = {
  readonly block: ChainBlock
  readonly certificate: Certificate | undefined
}

export type ClusterNode = {
  readonly index: number
  engine: Engine
  isUp: boolean
  incarnation: number
  deadline: number
  journal: JournalRecord[]
  stored: Map<string, ChainBlock>
  delivered: Delivered[]
  facts: EngineFact[]
  evidence: Evidence[]
  forks: ForkEvidence[]
  sealed: Delivered[]
}

export type ClusterOptions = {
  readonly seatCount: number
  /** Nodes behind the seats that only follow. */
  readonly observerCount?: number
  readonly rules?: EngineRules
  readonly timing?: Partial<EngineTiming>
  /** Blocks of this height seal the epoch. */
  readonly sealingHeight?: number
  /** What a node thinks of a block that it executes. */
  readonly judge?: (node: number, block: ChainBlock) => boolean
  /** What becomes of a message: delivered as it is, changed, or lost. */
  readonly carry?: (spoken: Spoken) => ConsensusMessage | undefined
}

export type Cluster = {
  readonly nodes: readonly ClusterNode[]
  readonly spoken: Spoken[]
  readonly now: () => number
  readonly node: (index: number) => ClusterNode
  readonly feed: (index: number, input: Untimed) => void
  readonly work: (pending: boolean) => void
  /** Runs until that time, or until the condition holds; tells whether it did. */
  readonly run: (untilMs: number, until?: () => boolean) => boolean
  readonly crash: (index: number) => void
  readonly restart: (index: number) => void
  /** Replaces what happens to messages from now on. */
  readonly setCarry: (carry: ClusterOptions['carry']) => void
}

/** An input without its time, which is the cluster's. */
export type Untimed = {
  [Kind in EngineInput['kind']]: Omit<Extract<EngineInput, { kind: Kind }>, 'now'>
}[EngineInput['kind']]

type Event = { readonly at: number; readonly act: () => void }

export function createCluster(options: ClusterOptions): Cluster {
  const { seatCount, observerCount = 0, sealingHeight = Infinity } = options
  const events: Event[] = []
  const spoken: Spoken[] = []
  let carry = options.carry
  let now = 0

  const nodes: ClusterNode[] = Array.from({ length: seatCount + observerCount }, (_, index) => ({
    index,
    engine: newEngine(index),
    isUp: true,
    incarnation: 0,
    deadline: Infinity,
    journal: [],
    stored: new Map(),
    delivered: [],
    facts: [],
    evidence: [],
    forks: [],
    sealed: [],
  }))

  function newEngine(index: number): Engine {
    const seat = index < seatCount ? index : OBSERVER_SEAT
    const config = configOf(seatCount, seat, options.timing)
    return createEngine(config, options.rules ?? STANDARD_RULES)
  }

  function node(index: number): ClusterNode {
    return present(nodes[index], 'the cluster has that node')
  }

  function schedule(at: number, act: () => void): void {
    insert({ at, act })
  }

  function feed(index: number, input: Untimed): void {
    const target = node(index)
    if (!target.isUp) return
    const effects = target.engine.handle({ ...input, now })
    for (const effect of effects) perform(target, effect)
  }

  /** Answers come as events of their own, so that effects of one input are performed in order first. */
  function answer(target: ClusterNode, input: Untimed): void {
    const { incarnation } = target
    schedule(now, () => {
      if (target.incarnation === incarnation) feed(target.index, input)
    })
  }

  function say(from: number, to: number, message: ConsensusMessage): void {
    const entry = { at: now, from, to, message }
    spoken.push(entry)
    const carried = carry === undefined ? message : carry(entry)
    if (carried === undefined) return
    schedule(now + LATENCY_MS, () => hear(from, to, carried))
  }

  function hear(from: number, to: number, message: ConsensusMessage): void {
    const target = node(to)
    if (!target.isUp) return
    if (message.kind === 'get-range') {
      serveRange(target, from, message.fromHeight, message.countMax)
      return
    }
    if (message.kind === 'get-block' && serveBlock(target, from, message.hash)) return
    const seat = from < seatCount ? from : undefined
    feed(to, { kind: 'message', from: seat, peer: `${from}`, message })
  }

  function serveBlock(target: ClusterNode, asker: number, hash: Uint8Array): boolean {
    const block = target.stored.get(toHex(hash))
    if (block === undefined) return false
    say(target.index, asker, { kind: 'block', block })
    return true
  }

  function serveRange(target: ClusterNode, asker: number, from: number, countMax: number): void {
    const stretch = target.delivered.filter(({ block }) => block.height >= from).slice(0, countMax)
    while (stretch.length > 0 && stretch.at(-1)?.certificate === undefined) stretch.pop()
    const certificate = stretch.at(-1)?.certificate
    if (certificate === undefined) return
    const blocks = stretch.map(({ block }) => block)
    say(target.index, asker, { kind: 'range', range: { blocks, certificate } })
  }

  function publish(target: ClusterNode, certificate: Certificate): void {
    for (let index = seatCount; index < nodes.length; index++) {
      if (index !== target.index) say(target.index, index, { kind: 'certificate', certificate })
    }
  }

  function perform(target: ClusterNode, effect: EngineEffect): void {
    const { index } = target
    switch (effect.kind) {
      case 'persist':
        target.journal.push(effect.record)
        return
      case 'store-block':
        target.stored.set(toHex(effect.block.hash), effect.block)
        return
      case 'sign':
        answer(target, { kind: 'signed', vote: signVote(effect.vote) })
        return
      case 'broadcast':
        for (let to = 0; to < seatCount; to++) if (to !== index) say(index, to, effect.message)
        return
      case 'send':
        say(index, effect.to, effect.message)
        return
      case 'reply':
        say(index, Number(effect.peer), effect.message)
        return
      case 'check': {
        const { job, checks } = effect
        const verdicts = runChecks(configOf(seatCount, 0), scheme, checks)
        answer(target, { kind: 'checked', job, verdicts })
        return
      }
      case 'build': {
        const parent = effect.parent ?? genesis
        const sealing = parent.height + 1 === sealingHeight
        const block = blockOn(parent, effect.view, { sealing, timestampMs: now })
        answer(target, { kind: 'built', view: effect.view, block })
        return
      }
      case 'verify': {
        const { block } = effect
        const valid = options.judge?.(index, block) ?? true
        answer(target, { kind: 'verified', hash: block.hash, valid })
        return
      }
      case 'finalized':
        take(target, effect.block, effect.certificate)
        return
      case 'epoch-sealed':
        target.sealed.push(effect)
        return
      case 'evidence':
        target.evidence.push(effect.evidence)
        return
      case 'fork':
        target.forks.push(effect.proof)
        return
      case 'deadline':
        target.deadline = effect.at
        return
      case 'report':
        target.facts.push(effect.fact)
    }
  }

  function take(
    target: ClusterNode,
    block: ChainBlock,
    certificate: Certificate | undefined,
  ): void {
    const tip = target.delivered.at(-1)?.block ?? genesis
    if (block.height <= tip.height) return
    if (block.height !== tip.height + 1 || !equalBytes(block.parentHash, tip.hash)) {
      throw new Error(`node ${target.index} was given height ${block.height} on ${tip.height}`)
    }
    target.delivered.push({ block, certificate })
    if (certificate !== undefined) publish(target, certificate)
  }

  /** Ordered by time, then by arrival: latencies are equal, so new events belong near the end. */
  function insert(event: Event): void {
    let index = events.length
    while (index > 0 && (events[index - 1]?.at ?? 0) > event.at) index--
    events.splice(index, 0, event)
  }

  function step(untilMs: number): boolean {
    const event = events[0]
    let due: ClusterNode | undefined
    for (const each of nodes) {
      if (each.isUp && each.deadline < (due?.deadline ?? Infinity)) due = each
    }
    const eventAt = event?.at ?? Infinity
    const dueAt = due?.deadline ?? Infinity
    if (Math.min(eventAt, dueAt) > untilMs) return false
    if (event !== undefined && eventAt <= dueAt) {
      events.shift()
      now = Math.max(now, event.at)
      event.act()
    } else if (due !== undefined) {
      now = Math.max(now, due.deadline)
      due.deadline = Infinity
      feed(due.index, { kind: 'tick' })
    }
    return true
  }

  function start(target: ClusterNode): void {
    const floor = target.journal.findLast((record) => record.kind === 'floor')
    const floorHeight = floor?.kind === 'floor' ? floor.height : genesis.height
    const blocks = [...target.stored.values()].filter((block) => block.height >= floorHeight)
    feed(target.index, { kind: 'start', journal: [...target.journal], blocks })
  }

  for (const each of nodes) start(each)

  return {
    nodes,
    spoken,
    now: () => now,
    node,
    feed,
    work: (pending) => {
      for (const { index } of nodes) feed(index, { kind: 'work', pending })
    },
    run: (untilMs, until) => {
      for (;;) {
        if (until?.() === true) return true
        if (!step(untilMs)) break
      }
      now = Math.max(now, untilMs)
      return until?.() ?? true
    },
    crash: (index) => {
      const target = node(index)
      target.isUp = false
      target.incarnation++
      target.deadline = Infinity
    },
    restart: (index) => {
      const target = node(index)
      target.engine = newEngine(index)
      target.isUp = true
      start(target)
    },
    setCarry: (next) => {
      carry = next
    },
  }
}

/** Every pair of nodes agrees on every height both have. */
export function agree(cluster: Cluster): boolean {
  const chains = cluster.nodes.map(({ delivered }) =>
    delivered.map(({ block }) => toHex(block.hash)),
  )
  return chains.every((left) =>
    chains.every((right) =>
      left.every((hash, index) => index >= right.length || right[index] === hash),
    ),
  )
}
