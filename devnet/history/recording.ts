/**
 * A recording of a running devnet: asks where the network stands, hands the recorder what traffic and follower see, asks for
 * receipts, balances and nonces at other nodes than those that told of the blocks, and writes the file.
 *
 * A node that does not answer costs the history a read, never the network its traffic: questions are asked once per node,
 * one after the other, and what stays unanswered stays unknown.
 */
import { createWriteStream, type WriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { loadAccount, withPrefix } from '../accounts.ts'
import { feeMaxOf, PAYMENT_VALUE, type SignedPayment } from '../load/workload.ts'
import { valueInFlight, type Ledger } from '../observe/ledger.ts'
import type { BeaconCut, ObservedBlock } from '../observe/read-answer.ts'
import { createRpcClient, type RpcClient } from '../observe/rpc-client.ts'
import { createRecorder, type Recorder, type RecordingStart } from './recorder.ts'
import { readInclusions, readShardAt, readShardNow } from './recording-questions.ts'

export type RecordingPlan = {
  readonly historyFile: string
  readonly endpoints: readonly string[]
  readonly shardCount: number
  readonly accountsPerShard: number
}

/** What the traffic tells. */
export type Recording = {
  readonly sent: (payment: SignedPayment, sender: Uint8Array) => void
  readonly refused: (hash: string, reason: string) => void
  readonly finalized: (block: ObservedBlock) => void
  readonly settled: (cut: BeaconCut, ledger: Ledger) => void
  /** Resolves when the file is complete. */
  readonly close: () => Promise<void>
}

const REQUEST_TIMEOUT_MS = 3000
/** For the last questions; a process that is told to stop has ten seconds. */
const CLOSE_WITHIN_MS = 3000
/** All balances at one cut: a thousand small questions, so not at every cut. */
const READ_EVERY_MS = 3000
const START_RETRY_MS = 500
/** Nodes that just came up need some seconds until they answer for every shard. */
const START_TRIES_MAX = 120
/** Then the recording ends; what is open stays unknown. */
const FILE_BYTES_MAX = 1024 * 1024 * 1024

/** The network did not tell where it stands, so no history can begin. */
class RecordingError extends Error {
  override readonly name = 'RecordingError'
  readonly code = 'no-start'
}

export async function startRecording(plan: RecordingPlan, ledger: Ledger): Promise<Recording> {
  const clients = plan.endpoints.map((url) =>
    createRpcClient(url, { timeoutMs: REQUEST_TIMEOUT_MS }),
  )
  const start = await findStart(plan, clients, ledger)
  const file = createWriteStream(plan.historyFile)
  const recorder = createRecorder(start, {
    write: boundedWriter(file),
    nowMs: () => performance.now(),
  })
  const asking = createAsking({ plan, clients, recorder, start })
  return {
    sent: (payment, sender) => {
      const { hash, shard, destination, nonce, payee } = payment
      const names = { sender: withPrefix(sender), payee: withPrefix(payee) }
      const amounts = { value: PAYMENT_VALUE, feeMax: feeMaxOf(payment) }
      recorder.sent({ hash, shard, destination, nonce, ...names, ...amounts })
    },
    refused: recorder.refused,
    finalized: (block) => {
      recorder.finalized(block)
      const own = block.transactions.filter(({ hash }) => recorder.isWaiting(hash))
      if (own.length > 0) asking.inclusions(block.shard, block.height)
    },
    settled: (cut, books) => {
      recorder.settled(cut.beaconHeight, cut.shards)
      asking.balances(cut, valueInFlight(books))
    },
    close: async () => {
      await asking.close()
      recorder.close()
      file.end()
      await finished(file)
      for (const client of clients) client.close()
    },
  }
}

function boundedWriter(file: WriteStream): (line: string) => void {
  let size = 0
  return (line) => {
    size += line.length + 1
    if (size <= FILE_BYTES_MAX) file.write(`${line}\n`)
  }
}

async function findStart(
  { shardCount, accountsPerShard }: RecordingPlan,
  clients: readonly RpcClient[],
  ledger: Ledger,
): Promise<RecordingStart> {
  const shards: RecordingStart['shards'][number][] = []
  for (let tries = 0; shards.length < shardCount; tries++) {
    if (tries > START_TRIES_MAX) {
      throw new RecordingError(`no node tells where shard ${shards.length + 1} stands`)
    }
    const shard = shards.length + 1
    const addresses = addressesOf(shard, accountsPerShard)
    const client = clients[tries % clients.length]
    const now = client && (await readShardNow(client, shard, addresses))
    if (now === undefined) {
      await delay(START_RETRY_MS)
      continue
    }
    const readHeight = ledger.positions[shard - 1]?.height ?? 0
    shards.push({ shard, readHeight, ...now })
  }
  const channels = [...ledger.channels].map(([key, { sentNext, consumedNext }]) => {
    const [from = 0, to = 0] = key.split('>').map(Number)
    return { from, to, sent: sentNext, consumed: consumedNext }
  })
  return { shards, channels }
}

function addressesOf(shard: number, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => withPrefix(loadAccount(shard, index).address))
}

type Asking = {
  readonly inclusions: (shard: number, height: number) => void
  readonly balances: (cut: BeaconCut, inFlight: bigint) => void
  readonly close: () => Promise<void>
}

type AskingParts = {
  readonly plan: RecordingPlan
  readonly clients: readonly RpcClient[]
  readonly recorder: Recorder
  readonly start: RecordingStart
}

function createAsking({ plan, clients, recorder, start }: AskingParts): Asking {
  /** Per shard, the questions for receipts one after the other. */
  const queues = new Map<number, Promise<void>>()
  let reading: Promise<void> | undefined
  let nextReadMs = 0
  let turn = 0
  let closed = false
  const addresses = new Map(
    start.shards.map(({ shard }) => [shard, addressesOf(shard, plan.accountsPerShard)]),
  )

  /** The first answer of any node, others first each time. */
  async function ask<T>(question: (client: RpcClient) => Promise<T | undefined>) {
    const first = turn++
    for (let step = 0; step < clients.length; step++) {
      if (closed) return undefined
      const client = clients[(first + step) % clients.length]
      const answer = client && (await question(client))
      if (answer !== undefined) return answer
    }
    return undefined
  }

  async function askInclusions(shard: number, height: number): Promise<void> {
    const answer = await ask((client) => readInclusions(client, shard, height))
    for (const inclusion of answer ?? []) recorder.included(inclusion)
  }

  async function askBalances(cut: BeaconCut, inFlight: bigint): Promise<void> {
    const readings = await Promise.all(
      cut.shards.map(({ shard, height }) =>
        ask((client) => readShardAt(client, { shard, height }, addresses.get(shard) ?? [])),
      ),
    )
    const told = readings.filter((reading) => reading !== undefined)
    if (told.length === cut.shards.length) recorder.read(cut.beaconHeight, inFlight, told)
  }

  return {
    inclusions: (shard, height) => {
      const before = queues.get(shard) ?? Promise.resolve()
      queues.set(
        shard,
        before.then(() => askInclusions(shard, height)),
      )
    },
    balances: (cut, inFlight) => {
      const isBelow = cut.shards.some(
        ({ shard, height }) => height < (start.shards[shard - 1]?.height ?? 0),
      )
      if (reading !== undefined || isBelow || performance.now() < nextReadMs) return
      nextReadMs = performance.now() + READ_EVERY_MS
      reading = askBalances(cut, inFlight).finally(() => {
        reading = undefined
      })
    },
    close: async () => {
      const done = Promise.all([...queues.values(), reading])
      await Promise.race([done, delay(CLOSE_WITHIN_MS, undefined, { ref: false })])
      closed = true
      await done
    },
  }
}
