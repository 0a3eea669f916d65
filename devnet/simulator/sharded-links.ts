/**
 * The links of a simulated sharded network: every ordered pair of nodes has one. A link delays within the plan's bounds;
 * on top of that it may be cut, lose, delay, jitter, duplicate and be slow, and old messages may come again.
 *
 * Whatever a link does is drawn from one stream of dice, so equal plans give equal networks.
 */
import { assert } from '../../node/primitives/assert.ts'
import type { Prng } from '../../node/primitives/prng.ts'
import type { NodeMessage } from '../../node/validator/message.ts'
import { encodeNodeMessage } from '../../node/validator/wire.ts'
import type { Link, LinkQuality } from '../faults/fault.ts'

export type Letter = {
  readonly from: number
  readonly to: number
  readonly message: NodeMessage
  readonly gossip: boolean
}

export type LinksPorts = {
  readonly nodeCount: number
  readonly delayMinMs: number
  readonly delayMaxMs: number
  readonly dice: Prng
  readonly now: () => number
  readonly deliver: (letter: Letter, at: number) => void
}

export type Links = {
  /** Out of a thousand messages, this many are lost on any link. */
  lossPerMille: number
  /** Out of a thousand messages, this many bring an old one along. */
  replayPerMille: number
  readonly cut: (links: readonly Link[]) => void
  readonly setQuality: (links: readonly Link[], quality: LinkQuality) => void
  readonly heal: () => void
  readonly isCut: (from: number, to: number) => boolean
  readonly send: (letter: Letter) => void
}

type LinkState = {
  isCut: boolean
  quality: LinkQuality | undefined
  /** When a slow link has sent all it was given. */
  idleAt: number
}

type Wires = LinksPorts & {
  readonly states: Map<number, LinkState>
  readonly recorder: Letter[]
  lossPerMille: number
  replayPerMille: number
}

const MILLE = 1000
/** Old messages kept for replay: a sample is enough, replays test idempotence and not storage. */
const RECORDED_MAX = 256
/** A sender's queue for one slow link, in time: what would wait longer is dropped, as by the node's own bounded queue. */
const QUEUED_MAX_MS = 10_000

export function createLinks(ports: LinksPorts): Links {
  const wires: Wires = {
    ...ports,
    states: new Map(),
    recorder: [],
    lossPerMille: 0,
    replayPerMille: 0,
  }
  return {
    get lossPerMille() {
      return wires.lossPerMille
    },
    set lossPerMille(value) {
      wires.lossPerMille = value
    },
    get replayPerMille() {
      return wires.replayPerMille
    },
    set replayPerMille(value) {
      wires.replayPerMille = value
    },
    cut: (links) => {
      for (const link of links) stateOf(wires, link).isCut = true
    },
    setQuality: (links, quality) => {
      for (const link of links) stateOf(wires, link).quality = quality
    },
    heal: () => {
      wires.states.clear()
      wires.lossPerMille = 0
      wires.replayPerMille = 0
    },
    isCut: (from, to) => wires.states.get(from * wires.nodeCount + to)?.isCut === true,
    send: (letter) => send(wires, letter),
  }
}

function stateOf({ states, nodeCount }: Wires, { from, to }: Link): LinkState {
  assert(from < nodeCount && to < nodeCount, 'a link joins nodes of this network')
  const key = from * nodeCount + to
  const known = states.get(key) ?? { isCut: false, quality: undefined, idleAt: 0 }
  states.set(key, known)
  return known
}

function send(wires: Wires, letter: Letter): void {
  const { dice } = wires
  if (wires.replayPerMille > 0) {
    if (dice.chance(wires.replayPerMille, MILLE) && wires.recorder.length > 0) {
      carry(wires, dice.pick(wires.recorder))
    }
    record(wires, letter)
  }
  if (wires.lossPerMille > 0 && dice.chance(wires.lossPerMille, MILLE)) return
  carry(wires, letter)
}

function record({ recorder, dice }: Wires, letter: Letter): void {
  if (recorder.length < RECORDED_MAX) recorder.push(letter)
  else recorder[dice.below(RECORDED_MAX)] = letter
}

function carry(wires: Wires, letter: Letter): void {
  const { dice, delayMinMs, delayMaxMs } = wires
  const state = wires.states.get(letter.from * wires.nodeCount + letter.to)
  if (state?.isCut === true) return
  const delay = delayMinMs + dice.below(delayMaxMs - delayMinMs + 1)
  if (state?.quality === undefined) return wires.deliver(letter, wires.now() + delay)
  const { lossPerMille, duplicatePerMille } = state.quality
  if (lossPerMille > 0 && dice.chance(lossPerMille, MILLE)) return
  impaired(wires, letter, { state, quality: state.quality, delay })
  if (duplicatePerMille > 0 && dice.chance(duplicatePerMille, MILLE)) {
    impaired(wires, letter, { state, quality: state.quality, delay })
  }
}

function impaired(
  { dice, now, deliver }: Wires,
  letter: Letter,
  way: { readonly state: LinkState; readonly quality: LinkQuality; readonly delay: number },
): void {
  const { state, quality } = way
  const { delayMs, jitterMs, bytesPerSecond } = quality
  const extra = delayMs + (jitterMs > 0 ? dice.below(jitterMs + 1) : 0)
  let leftAt = now()
  if (bytesPerSecond !== undefined) {
    const from = Math.max(leftAt, state.idleAt)
    if (from - leftAt > QUEUED_MAX_MS) return
    leftAt = from + Math.ceil((sizeOf(letter.message) * MILLE) / bytesPerSecond)
    state.idleAt = leftAt
  }
  deliver(letter, leftAt + way.delay + extra)
}

const sizes = new WeakMap<NodeMessage, number>()

function sizeOf(message: NodeMessage): number {
  const size = sizes.get(message) ?? encodeNodeMessage(message).length
  sizes.set(message, size)
  return size
}
