/**
 * How the seats of a devnet with epochs move, as its nodes tell it: who sits where now, how many seats changed hands with the
 * last epoch, and how many shards nodes are still catching up with.
 *
 * A node that does not answer counts for nothing; one round of questions at a time, however slow the machine is.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Genesis } from '../../node/beacon/genesis.ts'
import { asList, asRecord, type Committees } from '../observe/read-answer.ts'
import { createRpcClient, RpcUnreachableError, type RpcClient } from '../observe/rpc-client.ts'
import { askCommittees } from './seats.ts'

const REQUEST_TIMEOUT_MS = 2_000
/** Sixteen nodes are asked this often while they need the processor themselves. */
const INTERVAL_MS = 2_000

export type SeatMoves = {
  /** Seats that another validator held in the epoch before. */
  readonly seatsMoved: number
  /** Shards that nodes hold and are behind with, all nodes together. */
  readonly syncing: number
}

export class SeatWatch {
  readonly #genesis: Genesis
  readonly #endpoints: readonly string[]
  readonly #clients: readonly RpcClient[]
  readonly #halt = new AbortController()
  #committees: Committees | undefined
  #moves: SeatMoves = { seatsMoved: 0, syncing: 0 }
  #running: Promise<void> = Promise.resolve()

  constructor(genesis: Genesis, endpoints: readonly string[]) {
    this.#genesis = genesis
    this.#endpoints = endpoints
    this.#clients = endpoints.map((url) => createRpcClient(url, { timeoutMs: REQUEST_TIMEOUT_MS }))
  }

  get moves(): SeatMoves {
    return this.#moves
  }

  start(): void {
    this.#running = this.#watch()
  }

  async stop(): Promise<void> {
    this.#halt.abort()
    for (const client of this.#clients) client.close()
    await this.#running
  }

  async #watch(): Promise<void> {
    const { signal } = this.#halt
    while (!signal.aborted) {
      await this.#look()
      await delay(INTERVAL_MS, undefined, { signal }).catch(() => undefined)
    }
  }

  async #look(): Promise<void> {
    const [committees, behind] = await Promise.all([
      askCommittees(this.#genesis, this.#endpoints).catch(unlessUnreachable),
      Promise.all(this.#clients.map(countBehind)),
    ])
    const syncing = behind.reduce((sum, count) => sum + count, 0)
    const before = this.#committees ?? committees
    const moved = committees && before ? movedSeats(before, committees) : 0
    // Between two epochs the committees stay, and what the last change moved is still told.
    const seatsMoved = moved > 0 ? moved : this.#moves.seatsMoved
    this.#committees = committees ?? before
    this.#moves = { seatsMoved, syncing }
  }
}

/** undefined of a network whose seats stay. */
export function watchSeats(genesis: Genesis, endpoints: readonly string[]): SeatWatch | undefined {
  if ((genesis.epochs?.blocks ?? 0) === 0) return undefined
  const watch = new SeatWatch(genesis, endpoints)
  watch.start()
  return watch
}

/** Members of a committee that were not in it before. */
export function movedSeats(before: Committees, now: Committees): number {
  return now.reduce((sum, members, chain) => {
    return sum + members.filter((member) => before[chain]?.includes(member) === false).length
  }, 0)
}

async function countBehind(client: RpcClient): Promise<number> {
  try {
    const { text } = await client.get('/health')
    const { chains } = asRecord(JSON.parse(text), 'health')
    const shards = asList(chains, 'chains').map((chain) => asRecord(chain, 'chain'))
    return shards.filter(({ chain, syncing }) => chain !== 0 && syncing === true).length
  } catch (error) {
    return unlessUnreachable(error) ?? 0
  }
}

function unlessUnreachable(error: unknown): undefined {
  if (error instanceof RpcUnreachableError) return undefined
  throw error
}
