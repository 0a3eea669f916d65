/**
 * The follower of one plain Ethereum chain: reads what `eth_getBlockByNumber` tells and nothing else, so that any node that
 * speaks Ethereum can be measured by the same generator. It keeps no books: transactions count as they stand in a block.
 *
 * Invariant: blocks are told in height order without gap, once.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Progress } from './chain-follower.ts'
import {
  asList,
  asNumber,
  asRecord,
  asText,
  UnexpectedAnswerError,
  type ObservedBlock,
} from './read-answer.ts'
import { RpcUnreachableError, type RpcClient } from './rpc-client.ts'

export type PlainFollowerOptions = {
  readonly client: RpcClient
  /** From which block on: what stood there before nobody here has sent. */
  readonly tag: 'latest' | 'finalized'
  readonly pollMs: number
  readonly onBlock: (block: ObservedBlock, atMs: number) => void
}

const BLOCKS_PER_BATCH = 8

export class PlainFollower {
  readonly #options: PlainFollowerOptions
  #height = -1
  #stopped = false
  #running: Promise<void> = Promise.resolve()

  constructor(options: PlainFollowerOptions) {
    this.#options = options
  }

  start(): void {
    this.#running = this.#pollForever()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
  }

  progress(): Progress {
    const height = Math.max(0, this.#height)
    return { beaconHeight: 0, epoch: 0, shards: [{ shard: 1, height, settledHeight: height }] }
  }

  async #pollForever(): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.#readNewBlocks()
      } catch (error) {
        const isTolerable =
          error instanceof RpcUnreachableError || error instanceof UnexpectedAnswerError
        if (!isTolerable) throw error
      }
      await delay(this.#options.pollMs)
    }
  }

  async #readNewBlocks(): Promise<void> {
    const { client, tag } = this.#options
    const newest = readPlainBlock(await client.call('/', 'eth_getBlockByNumber', [tag, false]))
    if (this.#height < 0) this.#height = newest.height
    while (this.#height < newest.height - 1) {
      const count = Math.min(BLOCKS_PER_BATCH, newest.height - 1 - this.#height)
      const calls = Array.from({ length: count }, (_, index) => ({
        method: 'eth_getBlockByNumber',
        params: [`0x${(this.#height + 1 + index).toString(16)}`, false],
      }))
      for (const answer of await client.batch('/', calls)) {
        if (!answer.ok) throw new UnexpectedAnswerError(`${client.url}: ${answer.message}`)
        this.#accept(readPlainBlock(answer.result))
      }
    }
    if (newest.height === this.#height + 1) this.#accept(newest)
  }

  #accept(block: ObservedBlock): void {
    if (block.height !== this.#height + 1) {
      throw new UnexpectedAnswerError(`asked for block ${this.#height + 1}, got ${block.height}`)
    }
    this.#height = block.height
    this.#options.onBlock(block, Date.now())
  }
}

function readPlainBlock(value: unknown): ObservedBlock {
  const block = asRecord(value, 'block')
  const hashes = asList(block['transactions'], 'transactions')
  return {
    shard: 1,
    height: asNumber(block['number'], 'number'),
    hash: asText(block['hash'], 'hash'),
    transactions: hashes.map((hash) => ({ hash: asText(hash, 'transaction'), ok: true })),
    consumed: [],
    sent: [],
  }
}
