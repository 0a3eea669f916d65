/**
 * What a snapshot costs beside a replay, for one shard: `node bench/state-sync/main-state-sync.ts [accounts] [blocks] [transactions]`.
 *
 * A member makes so many full blocks over so many accounts. One newcomer takes the state as chunks, into an execution thread
 * with a disk, as a real node does; another executes all blocks, the same way. What is left out is the network, and for the
 * replay also the recovery of senders, which a real node does besides. Prints one line of JSON.
 */
import { unusedBeaconChannels } from '../../node/crosslink/beacon-channels.ts'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { firstRecord, type AnchorView } from '../../node/crosslink/crosslink.ts'
import { assert, present } from '../../node/primitives/assert.ts'
import { bigIntToBytes, concatBytes } from '../../node/primitives/bytes.ts'
import { hashTagged, ZERO_HASH } from '../../node/primitives/hash.ts'
import type {
  CheckedTransaction,
  ExecutionRequest,
  ExecutionResponse,
  Executor,
  ShardConfig,
} from '../../node/shards/executor.ts'
import { type InlineExecutor, openInlineExecutor } from '../../node/shards/io/inline.ts'
import { openPoolExecutor } from '../../node/shards/io/pool.ts'
import { STRETCH_COUNT, stretchAt } from '../../node/shards/snapshot-proof.ts'
import { decodeTransaction, encodeSigned } from '../../node/shards/transaction.ts'

const GWEI = 10n ** 9n
const [accounts = 100_000, blocks = 2_000, transactions = 400] = process.argv.slice(2).map(Number)
/** Blocks between the snapshot and the head, which both newcomers execute: as many as may lie there in the mean. */
const HEAD_BLOCKS = 64

const config: ShardConfig = {
  shard: 1,
  shardCount: 1,
  chainId: 7_001,
  chainIdBase: 7_000,
  genesisHash: hashTagged('bench', Uint8Array.of(1)),
  genesisBlockHash: hashTagged('bench-genesis', Uint8Array.of(1)),
  gasLimit: 60_000_000,
  initialBaseFee: GWEI,
  genesisTimestampMs: 1_000_000,
  allocations: Array.from({ length: accounts }, (_, index) => {
    return { address: addressOf(index), balance: 10n ** 24n }
  }),
}

const ANCHOR: AnchorView = {
  beaconHeight: 1,
  beaconHash: hashTagged('bench-beacon', Uint8Array.of(1)),
  epoch: 0,
  timestampMs: 1_000_001,
  beacon: unusedBeaconChannels(1),
  shards: [
    firstRecord({
      shard: 1,
      epoch: 0,
      hash: config.genesisBlockHash,
      timestampMs: config.genesisTimestampMs,
      stateRoot: ZERO_HASH,
      supply: 0n,
      shardCount: 1,
      openedHeight: 0,
    }),
  ],
}

type Kind<K extends ExecutionResponse['kind']> = Extract<ExecutionResponse, { readonly kind: K }>
type Made = { readonly verify: ExecutionRequest; readonly hash: Uint8Array; readonly bytes: number }

function addressOf(index: number): Uint8Array {
  return bigIntToBytes(0xacc0000000n + BigInt(index), 20)
}

function expect<K extends ExecutionResponse['kind']>(
  response: ExecutionResponse,
  kind: K,
): Kind<K> {
  assert(
    response.kind === kind,
    `expected ${kind}, got ${response.kind === 'refused' ? response.detail : response.kind}`,
  )
  return response as Kind<K>
}

/** A transfer with a signature of the right size; executors are told the sender. */
function transfer(number: number): CheckedTransaction {
  const from = number % accounts
  const signature = concatBytes(
    bigIntToBytes(BigInt(number) + (1n << 200n), 32),
    bigIntToBytes(1n << 200n, 32),
  )
  const raw = encodeSigned(
    {
      type: 2,
      chainId: config.chainId,
      nonce: Math.floor(number / accounts),
      maxPriorityFeePerGas: GWEI,
      maxFeePerGas: 1_000n * GWEI,
      gasLimit: 21_000,
      to: addressOf((number * 7_919 + 13) % accounts),
      value: 10n ** 15n,
      data: new Uint8Array(0),
      accessList: [],
    },
    { signature, yParity: 0 },
  )
  const decoded = decodeTransaction(raw)
  assert(decoded.ok, 'a transfer decodes')
  return { raw, hash: decoded.value.hash, sender: addressOf(from) }
}

function makeBlocks(member: InlineExecutor): readonly Made[] {
  const made: Made[] = []
  const beneficiary = addressOf(0)
  let parent = { hash: config.genesisBlockHash, height: 0 }
  for (let height = 1; height <= blocks; height++) {
    const list = Array.from({ length: transactions }, (_, index) =>
      transfer((height - 1) * transactions + index),
    )
    const frame = { epoch: 0, view: height, seat: 0, beneficiary, anchor: ANCHOR, sealing: false }
    const timestampMs = config.genesisTimestampMs + 500 * height
    const built = expect(
      member.runNow({
        kind: 'build',
        parentHash: parent.hash,
        ...frame,
        timestampMs,
        transactions: list,
        inbox: [],
      }),
      'built',
    )
    assert(built.outcome.results.length === transactions, 'all transfers fit the block')
    const senders = concatBytes(...list.map(({ sender }) => sender))
    const verify = {
      kind: 'verify',
      block: built.block,
      beneficiary,
      anchor: ANCHOR,
      senders,
    } as const
    made.push({ verify, hash: built.outcome.hash, bytes: built.block.length })
    parent = { hash: built.outcome.hash, height }
    expect(member.runNow({ kind: 'finalize', hash: parent.hash }), 'finalized')
    if (height === blocks - HEAD_BLOCKS) {
      member.runNow({ kind: 'keep-snapshot', height })
      snapshot = built.outcome
    }
  }
  return made
}

let snapshot: Kind<'built'>['outcome'] | undefined

async function replay(newcomer: Executor, made: readonly Made[]): Promise<number> {
  let bytes = 0
  for (const { verify, hash, bytes: size } of made) {
    expect(await newcomer.run(verify), 'verified')
    expect(await newcomer.run({ kind: 'finalize', hash }), 'finalized')
    bytes += size
  }
  return bytes
}

async function fetchSnapshot(newcomer: Executor, member: InlineExecutor) {
  const { header } = present(snapshot, 'the member passed the height')
  expect(await newcomer.run({ kind: 'begin-import', header }), 'importing')
  let bytes = 0
  let chunks = 0
  for (let stretch = 0; stretch < STRETCH_COUNT; stretch++) {
    for (let from: Uint8Array | undefined = stretchAt(stretch).from; from !== undefined;) {
      const asked = { kind: 'cut-chunk', height: header.height, stretch, from } as const
      const { chunk } = expect(member.runNow(asked), 'chunk')
      bytes += chunk.length
      chunks++
      const taken = await newcomer.run({ kind: 'import-chunk', stretch, from, chunk })
      from = expect(taken, 'importing').progress[stretch]
    }
  }
  expect(await newcomer.run({ kind: 'finish-import' }), 'status')
  return { bytes, chunks }
}

async function measured<T>(work: (newcomer: Executor) => Promise<T>) {
  const directory = await mkdtemp(join(tmpdir(), 'weft-state-sync-'))
  const newcomer = await openPoolExecutor({ config, directory: join(directory, 'state') })
  const began = performance.now()
  const result = await work(newcomer)
  const seconds = Math.round((performance.now() - began) / 100) / 10
  await newcomer.close()
  await rm(directory, { recursive: true })
  return { ...result, seconds }
}

const member = openInlineExecutor(config)
const made = makeBlocks(member)
const bySnapshot = await measured(async (newcomer) => {
  const { bytes, chunks } = await fetchSnapshot(newcomer, member)
  const headBytes = await replay(newcomer, made.slice(-HEAD_BLOCKS))
  return { bytes: bytes + headBytes, snapshotBytes: bytes, chunks, headBlocks: HEAD_BLOCKS }
})
const byReplay = await measured(async (newcomer) => ({ bytes: await replay(newcomer, made) }))
const share = Math.round((1000 * bySnapshot.bytes) / byReplay.bytes) / 10
const figures = { accounts, blocks, transactions, bySnapshot, byReplay, shareOfBytesPercent: share }
process.stdout.write(`${JSON.stringify(figures)}\n`)
