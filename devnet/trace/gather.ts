/**
 * Gathering a life over RPC: which shard knows the transaction, then step by step along what it caused. Any node answers for
 * any shard; one that has not heard of the transaction yet may be behind, so some more are asked before it counts as unknown.
 */
import { CommandError } from '../../node/cli/command-error.ts'
import { asNumber, asRecord } from '../observe/read-answer.ts'
import type { NetworkClients } from '../audit/rpc-source.ts'
import {
  readAdmission,
  readArrival,
  readBounce,
  readInclusion,
  readSending,
  readSettlement,
  readTransaction,
} from './answers.ts'
import type { Arrival, BlockPlace, Life, PlacedBlock, Sending } from './life.ts'

/** Nodes asked before a transaction counts as unknown. */
const NODES_ASKED_MAX = 4
/** A bounce waits for credit at most so many blocks before the trace stops looking. */
const BOUNCE_SEARCH_BLOCKS = 64

type Asking = {
  readonly network: NetworkClients
  readonly hash: string
}

/** undefined: nobody knows it. Throws `CommandError` when nobody answers. */
export async function gatherLife(network: NetworkClients, hash: string): Promise<Life | undefined> {
  const asking: Asking = { network, hash }
  const found = await locate(asking)
  if (found === undefined) return undefined
  const { shard, transaction, isPending } = found
  const admittedMs = await ask(asking, shard, 'shard_getAdmission', [hash], readAdmission)
  const inclusion = isPending
    ? undefined
    : await settled(
        asking,
        await ask(asking, shard, 'shard_getTransactionProof', [hash], (value) =>
          readInclusion(shard, value),
        ),
      )
  const accountNonce =
    inclusion === undefined
      ? await ask(asking, shard, 'eth_getTransactionCount', [transaction.from, 'latest'], (value) =>
          asNumber(value, 'nonce'),
        )
      : undefined
  const life = { transaction, shard, admittedMs, inclusion, accountNonce }
  const passage = inclusion?.sent === undefined ? NO_PASSAGE : await followMessage(asking, shard)
  return { ...life, ...passage }
}

type Passage = Pick<Life, 'sending' | 'arrival' | 'bounce' | 'refund'>

const NO_PASSAGE: Passage = {
  sending: undefined,
  arrival: undefined,
  bounce: undefined,
  refund: undefined,
}

async function followMessage(asking: Asking, shard: number): Promise<Passage> {
  const { hash } = asking
  const sending = await settled(
    asking,
    await ask(asking, shard, 'shard_getMessageProof', [hash], (value) => readSending(shard, value)),
  )
  if (sending === undefined) return NO_PASSAGE
  const { destination, sequence } = sending.receipt
  const arrival = await findArrival(asking, { at: destination, source: shard, sequence })
  if (arrival?.outcome !== 'bounced') return { ...NO_PASSAGE, sending, arrival }
  const bounce = await findBounce(asking, { from: destination, to: shard, height: arrival.height })
  const refund =
    bounce &&
    (await findArrival(asking, {
      at: shard,
      source: destination,
      sequence: bounce.receipt.sequence,
    }))
  return { sending, arrival, bounce, refund }
}

async function findArrival(
  asking: Asking,
  receipt: { readonly at: number; readonly source: number; readonly sequence: number },
): Promise<Arrival | undefined> {
  const { at, source, sequence } = receipt
  const params = [quantity(source), quantity(sequence)]
  const read = (value: unknown) => readArrival(at, value)
  return settled(asking, await ask(asking, at, 'shard_getArrival', params, read))
}

/** In the block that bounced it, or, when the channel had no credit, in a later one. */
async function findBounce(
  asking: Asking,
  way: { readonly from: number; readonly to: number; readonly height: number },
): Promise<Sending | undefined> {
  const { from, to } = way
  const head = await ask(asking, from, 'eth_blockNumber', [], (value) => asNumber(value, 'head'))
  const last = Math.min(head, way.height + BOUNCE_SEARCH_BLOCKS)
  for (let height = way.height; height <= last; height++) {
    const found = await ask(asking, from, 'shard_getBlockOutcome', [quantity(height)], (value) =>
      readBounce(asking.hash, value),
    )
    if (found === undefined) continue
    const params = [quantity(height), quantity(to), quantity(found.sequence)]
    const read = (value: unknown) => readSending(from, value)
    return settled(asking, await ask(asking, from, 'shard_getReceiptProof', params, read))
  }
  return undefined
}

/** Adds the beacon block that recorded it. */
async function settled<T extends BlockPlace>(
  asking: Asking,
  block: T | undefined,
): Promise<(T & PlacedBlock) | undefined> {
  if (block === undefined) return undefined
  const params = [quantity(block.shard), quantity(block.height)]
  const settlement = await askAt(asking, '/', 'beacon_getCrosslink', params, readSettlement)
  return { ...block, settlement }
}

async function locate(asking: Asking) {
  const { network, hash } = asking
  const shardCount = await askAt(asking, '/', 'shard_getConfig', [], (value) =>
    asNumber(asRecord(value, 'config')['shardCount'], 'shardCount'),
  )
  for (let attempt = 0; attempt < Math.min(NODES_ASKED_MAX, network.clients.length); attempt++) {
    for (let shard = 1; shard <= shardCount; shard++) {
      const found = await ask(asking, shard, 'eth_getTransactionByHash', [hash], readTransaction)
      if (found !== undefined) return { shard, ...found }
    }
    network.next()
  }
  return undefined
}

async function ask<T>(
  asking: Asking,
  shard: number,
  method: string,
  params: readonly unknown[],
  read: (value: unknown) => T,
): Promise<T> {
  return askAt(asking, `/shard/${shard}`, method, params, read)
}

async function askAt<T>(
  { network }: Asking,
  path: string,
  method: string,
  params: readonly unknown[],
  read: (value: unknown) => T,
): Promise<T> {
  const question = {
    path,
    method,
    params: [params],
    read: ([value]: readonly unknown[]) => ({ value: read(value) }),
  }
  const found = await network.ask(question)
  if (found !== undefined) return found.value
  throw new CommandError(`no node answers ${method}: ${network.lastError()}`)
}

export function quantity(value: number): string {
  return `0x${value.toString(16)}`
}
