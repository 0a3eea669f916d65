/**
 * The follower: reads every block of every shard over RPC, once, and tells when it is finalized and when it is settled.
 * It asks members of the committees, moves to the next one when one does not answer, and keeps the auditor's books.
 *
 * Invariants: blocks of a shard are told in height order without gap; settled blocks are told at consistent cuts that
 * f + 1 beacon nodes have reached; what is kept in memory lies between the last cut and the finalized heads. Blocks that the
 * beacon did not record are told as taken back, and the heights are read again from other members.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { present } from '../../node/primitives/assert.ts'
import { createCutTracker, type CutTracker } from './cut-tracker.ts'
import { applyCut, type BlockFacts, type CutShard, type Ledger } from './ledger.ts'
import {
  asNumber,
  readBlock,
  readCommittees,
  readCut,
  UnexpectedAnswerError,
  type BeaconCut,
  type Committees,
  type ObservedBlock,
} from './read-answer.ts'
import { isRecorded } from './recorded-branch.ts'
import { createRpcClient, RpcUnreachableError, type RpcClient } from './rpc-client.ts'

export type FollowerOptions = {
  /** RPC origins, index = validator index. */
  readonly endpoints: readonly string[]
  readonly shardCount: number
  /** f of the beacon committee. */
  readonly beaconFaults: number
  readonly ledger: Ledger
  readonly pollMs: number
  readonly events: FollowerEvents
}

export type FollowerEvents = {
  readonly onFinalized: (block: ObservedBlock, atMs: number) => void
  readonly onSettled: (cut: BeaconCut, blocks: readonly BlockFacts[], atMs: number) => void
  /** These were told as final, and are not what the beacon has recorded: others will be told in their place. */
  readonly onTakenBack: (shard: number, blocks: readonly BlockFacts[]) => void
  readonly onViolation: (sentence: string) => void
}

export type ShardProgress = {
  readonly shard: number
  /** Finalized. */
  readonly height: number
  readonly settledHeight: number
}

/** Blocks in one batch: a full block is some hundred kilobytes of JSON, and the nodes cap their answers. */
const BLOCKS_PER_BATCH = 8
/** Blocks read ahead of the books before the next cut is known; bounds memory when the beacon stands still. */
const BLOCKS_AHEAD_MAX = 512
/** Cuts waiting for their blocks. The oldest is dropped: any later cut covers it. */
const CUTS_WAITING_MAX = 64
const REQUEST_TIMEOUT_MS = 10_000
/** Every member of a committee some times over, with polls between: one that goes on showing another chain is a broken rule. */
const READ_AGAIN_MAX = 40

type ShardState = {
  readonly shard: number
  /** Height of the newest block read. */
  tip: number
  /** Read, not yet settled; in height order. */
  waiting: ObservedBlock[]
  /** Which member is asked; moves on when one fails. */
  turn: number
  /** How often in a row what was read was not what the beacon has recorded. */
  strayed: number
}

/** How far the follower has come. */
export type Progress = {
  readonly beaconHeight: number
  readonly epoch: number
  readonly shards: readonly ShardProgress[]
}

export class ChainFollower {
  readonly #options: FollowerOptions
  readonly #clients: readonly RpcClient[]
  readonly #tracker: CutTracker
  readonly #shards: ShardState[]
  /** Known to be settled, not booked yet; in height order. */
  readonly #cuts: BeaconCut[] = []
  #committees: Committees
  #committeesEpoch = -1
  #beaconHeight = 0
  /** By the newest cut, index = shard - 1. */
  #settledHeights: readonly number[] = []
  #beaconTurn = 0
  #stopped = false
  #running: Promise<void> = Promise.resolve()

  constructor(options: FollowerOptions) {
    this.#options = options
    this.#clients = options.endpoints.map((url) =>
      createRpcClient(url, { timeoutMs: REQUEST_TIMEOUT_MS }),
    )
    this.#tracker = createCutTracker(options.beaconFaults)
    this.#shards = options.ledger.positions.map(({ height }, index) => stateOf(index + 1, height))
    this.#committees = this.#shards.map(() => [])
  }

  start(): void {
    this.#running = this.#pollForever()
  }

  /** Resolves when the running poll has ended. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
    for (const client of this.#clients) client.close()
  }

  committees(): Committees {
    return this.#committees
  }

  progress(): Progress {
    // The books wait for blocks of every shard; what is settled does not, also while nobody of a shard answers.
    const shards = this.#shards.map(({ shard, tip }) => {
      const settledHeight = Math.max(
        this.#bookedHeight(shard),
        this.#settledHeights[shard - 1] ?? 0,
      )
      return { shard, height: Math.max(tip, settledHeight), settledHeight }
    })
    return { beaconHeight: this.#beaconHeight, epoch: Math.max(0, this.#committeesEpoch), shards }
  }

  async #pollForever(): Promise<void> {
    while (!this.#stopped) {
      await Promise.all([
        this.#pollBeacon(),
        ...this.#shards.map((state) => this.#pollShard(state)),
      ])
      this.#settle()
      if (!this.#stopped) await delay(this.#options.pollMs)
    }
  }

  async #pollBeacon(): Promise<void> {
    // f + 1 nodes, others each time, so that one that is down or behind does not stand in the way for long.
    const count = Math.min(this.#clients.length, this.#options.beaconFaults + 1)
    const first = this.#beaconTurn++
    const asked = Array.from(
      { length: count },
      (_, index) => (first + index) % this.#clients.length,
    )
    await Promise.all(asked.map((node) => this.#pollHead(node)))
    const cut = this.#tracker.take()
    if (cut !== undefined && !this.#isBooked(cut)) {
      this.#beaconHeight = cut.beaconHeight
      this.#settledHeights = cut.shards.map(({ height }) => height)
      this.#cuts.push(cut)
      // B.7: a network may have more shards than at its genesis.
      for (let shard = this.#shards.length + 1; shard <= cut.shards.length; shard++)
        this.#shards.push(stateOf(shard, 0))
      if (this.#cuts.length > CUTS_WAITING_MAX) this.#cuts.shift()
    }
    const epoch = cut?.epoch ?? this.#committeesEpoch
    if (epoch !== this.#committeesEpoch) await this.#readMembers(epoch)
  }

  async #pollHead(node: number): Promise<void> {
    const client = present(this.#clients[node], 'nodes are counted from the endpoints')
    const read = await tolerant(async () => {
      const cut = readCut(await client.call('/', 'beacon_getHead', []))
      for (const violation of this.#tracker.report(node, cut)) {
        this.#options.events.onViolation(violation)
      }
    })
    if (!read) this.#tracker.forget(node)
  }

  async #readMembers(epoch: number): Promise<void> {
    const client = this.#clients[this.#beaconTurn % this.#clients.length]
    await tolerant(async () => {
      const answer = await client?.call('/', 'beacon_getCommittees', [])
      this.#committees = readCommittees(answer, this.#options.shardCount)
      this.#committeesEpoch = epoch
    })
  }

  async #pollShard(state: ShardState): Promise<void> {
    const members = this.#committees[state.shard - 1] ?? []
    // B.7: of a shard that is retired nobody is a member; some of all still hold it.
    const asked = members.length > 0 ? members : [...this.#clients.keys()]
    const member = asked[state.turn % Math.max(1, asked.length)]
    const client = member === undefined ? undefined : this.#clients[member]
    // Of a member that joined after the start nobody has told an address: the next one is asked.
    if (client === undefined) {
      state.turn++
      return
    }
    const read = await tolerant(() => this.#readNewBlocks(client, state))
    if (!read) state.turn++
  }

  async #readNewBlocks(client: RpcClient, state: ShardState): Promise<void> {
    const path = `/shard/${state.shard}`
    const head = asNumber(await client.call(path, 'eth_blockNumber', []), 'eth_blockNumber')
    const last = Math.min(head, this.#readAheadLimit(state))
    while (state.tip < last && !this.#stopped) {
      const count = Math.min(BLOCKS_PER_BATCH, last - state.tip)
      const calls = Array.from({ length: count }, (_, index) => ({
        method: 'shard_getBlockOutcome',
        params: [`0x${(state.tip + 1 + index).toString(16)}`],
      }))
      for (const answer of await client.batch(path, calls)) {
        if (!answer.ok) throw new UnexpectedAnswerError(`${client.url}${path}: ${answer.message}`)
        this.#accept(state, readBlock(state.shard, answer.result))
      }
    }
  }

  #accept(state: ShardState, block: ObservedBlock): void {
    if (block.height !== state.tip + 1) {
      throw new UnexpectedAnswerError(`asked for block ${state.tip + 1}, got ${block.height}`)
    }
    state.tip = block.height
    state.waiting.push(block)
    this.#options.events.onFinalized(block, Date.now())
  }

  /** As far as the next cut needs, and a bounded way beyond the books. */
  #readAheadLimit({ shard }: ShardState): number {
    const needed = Math.max(0, ...this.#cuts.map((cut) => cut.shards[shard - 1]?.height ?? 0))
    return Math.max(needed, this.#bookedHeight(shard) + BLOCKS_AHEAD_MAX)
  }

  /** Of nodes that are behind: the books of an earlier follower may stand higher. */
  #isBooked({ shards }: BeaconCut): boolean {
    return shards.some(({ shard, height }) => height < this.#bookedHeight(shard))
  }

  #bookedHeight(shard: number): number {
    return this.#options.ledger.positions[shard - 1]?.height ?? 0
  }

  /** Books the newest cut whose blocks have all been read. */
  #settle(): void {
    const index = this.#cuts.findLastIndex((cut) =>
      cut.shards.every(({ shard, height }) => (this.#shards[shard - 1]?.tip ?? 0) >= height),
    )
    const cut = this.#cuts[index]
    if (cut === undefined || this.#readAgain(cut.shards)) return
    this.#cuts.splice(0, index + 1)
    const settled: BlockFacts[] = []
    for (const { shard, height } of cut.shards) {
      const state = this.#shards[shard - 1]
      if (state === undefined) continue
      settled.push(...state.waiting.filter((block) => block.height <= height))
      state.waiting = state.waiting.filter((block) => block.height > height)
      state.strayed = 0
    }
    const { ledger, events } = this.#options
    for (const violation of applyCut(ledger, cut.shards, settled, cut.registry))
      events.onViolation(violation)
    events.onSettled(cut, settled, Date.now())
  }

  /** Forgets what is not on the recorded chain, which another member holds; true if there was such. */
  #readAgain(recorded: readonly CutShard[]): boolean {
    const { ledger, events } = this.#options
    const strayed = this.#shards.filter((state, index) => {
      const head = recorded[index]
      const booked = ledger.positions[index] ?? { height: 0, hash: '' }
      return head !== undefined && !isRecorded(head, state.waiting, booked)
    })
    const again = strayed.filter(({ strayed: times }) => times < READ_AGAIN_MAX)
    for (const state of again) {
      events.onTakenBack(state.shard, state.waiting)
      state.tip = this.#bookedHeight(state.shard)
      state.waiting = []
      state.turn++
      state.strayed++
    }
    return again.length > 0
  }
}

function stateOf(shard: number, tip: number): ShardState {
  return { shard, tip, waiting: [], turn: shard - 1, strayed: 0 }
}

/** False when the node did not answer or not what it should; a watcher outlives the faults it watches. */
async function tolerant(work: () => Promise<void>): Promise<boolean> {
  try {
    await work()
    return true
  } catch (error) {
    if (error instanceof RpcUnreachableError || error instanceof UnexpectedAnswerError) return false
    throw error
  }
}
