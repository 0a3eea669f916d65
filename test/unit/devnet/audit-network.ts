/**
 * A small network without consensus that leaves behind what real nodes leave on their disks: two shards of four validators,
 * real execution, beacon blocks with crosslinks, everything certified by all seats with the mock scheme. Tests damage it.
 */
import { anchorViewOf } from '../../../node/beacon/anchor.ts'
import { encodeAnchorView } from '../../../node/beacon/anchor-codec.ts'
import { buildBeaconBlock } from '../../../node/beacon/build.ts'
import { genesisHash, shardGenesis, type Genesis } from '../../../node/beacon/genesis.ts'
import { revealRoot } from '../../../node/beacon/randao.ts'
import { encodeBeaconState } from '../../../node/beacon/state-codec.ts'
import {
  committeeOf,
  genesisBeaconState,
  proposerOf,
  recordOf,
  type BeaconState,
} from '../../../node/beacon/state.ts'
import { bitmapOf, signingRoot, type Certificate } from '../../../node/crosslink/certificate.ts'
import { encodeCertificate } from '../../../node/crosslink/certificate-codec.ts'
import { emptyChannels } from '../../../node/crosslink/channel.ts'
import { makeCrosslink } from '../../../node/crosslink/crosslink.ts'
import type { ChannelHead } from '../../../node/crosslink/receipt.ts'
import { personalAccounts } from '../../../devnet/accounts.ts'
import type { NodeArchive } from '../../../devnet/audit/archive.ts'
import { createDevnetGenesis } from '../../../devnet/genesis.ts'
import { DEFAULT_PARAMETERS } from '../../../devnet/parameters.ts'
import { present } from '../../../node/primitives/assert.ts'
import { concatBytes, fromHex } from '../../../node/primitives/bytes.ts'
import { signDigest } from '../../../node/primitives/io/secp256k1.ts'
import { createMockScheme } from '../../../node/primitives/mock-signature.ts'
import { decodeShardBlock } from '../../../node/shards/block.ts'
import type { StoredState } from '../../../node/shards/execution-machine.ts'
import type { BlockOutcome, CheckedTransaction } from '../../../node/shards/executor.ts'
import { genesisStateRoot } from '../../../node/shards/genesis-state.ts'
import { openInlineExecutor, type InlineExecutor } from '../../../node/shards/io/inline.ts'
import { createMemoryStateStore } from '../../../node/shards/io/state-store.ts'
import {
  encodeSigned,
  signingHash,
  type TransactionFields,
} from '../../../node/shards/transaction.ts'
import { keccak256 } from '../../../node/primitives/hash.ts'
import { encodeGatewayTransfer, GATEWAY_ADDRESS } from '../../../node/shards/vm/gateway.ts'
import { openMemoryStore } from '../../../node/storage/io/memory.ts'
import type { Store, StoreWrite } from '../../../node/storage/store.ts'
import type { Context } from '../../../node/validator/context.ts'
import { writeCommitted } from '../../../node/validator/shard-records.ts'
import { blockKey, encodeNumbers, hashKey, numberKey } from '../../../node/validator/table.ts'
import { buildRequest, expectKind, inboxItem, sendersOf } from '../shards/fixture.ts'

const SHARDS = [1, 2] as const
const PARAMETERS = {
  ...DEFAULT_PARAMETERS,
  shards: SHARDS.length,
  validators: 8,
  scheme: 'mock' as const,
  loadAccounts: 1,
}
const BORN_MS = 1_000_000
const scheme = createMockScheme()

type Shard = {
  readonly shard: number
  readonly executor: InlineExecutor
  readonly states: ReturnType<typeof createMemoryStateStore>
  readonly outcomes: BlockOutcome[]
  readonly certificates: Certificate[]
  parent: { readonly hash: Uint8Array; readonly height: number }
  cursors: readonly ChannelHead[]
  /** As the beacon knows them. */
  recorded: readonly ChannelHead[]
  view: number
}

export type AuditNetwork = {
  readonly genesis: Genesis
  readonly beacon: () => BeaconState
  readonly executor: (shard: number) => InlineExecutor
  readonly committed: (shard: number) => number
  /** A finalized block of a shard. */
  readonly advance: (shard: number, ...transactions: readonly CheckedTransaction[]) => BlockOutcome
  /** A finalized beacon block that records both shards. */
  readonly settle: (options?: { readonly certified?: boolean }) => void
  readonly pay: (shard: number, fields?: Partial<TransactionFields>) => CheckedTransaction
  readonly payAcross: (shard: number, toShard: number, to: Uint8Array) => CheckedTransaction
  /** Fresh copies of all disks. */
  readonly archives: () => Promise<readonly NodeArchive[]>
  readonly members: (shard: number) => readonly number[]
}

export async function createAuditNetwork(): Promise<AuditNetwork> {
  const { genesis, identities } = await createDevnetGenesis(PARAMETERS, BORN_MS)
  const roots = SHARDS.map((shard) => genesisStateRoot(shardGenesis(genesis, shard)))
  const name = genesisHash(genesis)
  const writes: StoreWrite[][] = genesis.validators.map(() => [])
  const shards = SHARDS.map((shard) => openShard(genesis, shard))
  const at = (shard: number): Shard => present(shards[shard - 1], 'the shard exists')
  const nonces = new Map<number, number>()
  let beacon = genesisBeaconState(genesis, roots)
  let beaconView = 0
  const secrets = identities.map(({ secrets: own }) => present(fromHex(own.committeeKey), 'a key'))

  function certify(
    chain: number,
    view: number,
    hash: Uint8Array,
    parentHash: Uint8Array,
  ): Certificate {
    const seats = present(beacon.committees[chain], 'a chain has seats')
    const proposal = { view, parentView: view - 1, parentHash, hash }
    const root = signingRoot({ genesisHash: name, chain, epoch: 0 }, 'finalize', view, proposal)
    const signatures = seats.map((validator) =>
      scheme.sign(present(secrets[validator], 'a validator has a key'), root),
    )
    const signature = present(scheme.aggregate(signatures), 'mock signatures aggregate')
    return {
      kind: 'finalize',
      view,
      proposal,
      signers: bitmapOf(seats.keys(), seats.length),
      signature,
    }
  }

  function put(node: number, table: string, key: Uint8Array, value: Uint8Array): void {
    present(writes[node], 'the node exists').push({ kind: 'put', table, key, value })
  }

  function store(
    chain: number,
    block: { readonly height: number; readonly hash: Uint8Array; readonly bytes: Uint8Array },
    certificate: Certificate | undefined,
  ): void {
    const { height, hash, bytes } = block
    const proof = certificate === undefined ? new Uint8Array(0) : encodeCertificate(certificate)
    for (const node of present(beacon.committees[chain], 'a chain has seats')) {
      put(node, 'final', numberKey(chain, height), concatBytes(hash, proof))
      put(node, 'block', blockKey(chain, height, hash), bytes)
      put(node, 'height', hashKey(chain, hash), encodeNumbers(height))
    }
  }

  function advance(number: number, transactions: readonly CheckedTransaction[]): BlockOutcome {
    const shard = at(number)
    shard.view++
    const payout = present(committeeOf(beacon, number)[0], 'a seat').payout
    const inbox = SHARDS.filter((source) => source !== number).map((source) => {
      const { recorded, outcomes } = at(source)
      const cursor = present(shard.cursors[source], 'a cursor').nextSequence
      const end = present(recorded[number], 'a channel').nextSequence
      const batches = outcomes
        .flatMap(({ sent }) => sent)
        .filter(
          ({ destination, startSequence }) =>
            destination === number && startSequence >= cursor && startSequence < end,
        )
      return inboxItem({ source, destination: number, channels: recorded, batches })
    })
    const timestampMs = BORN_MS + 500 * shard.view
    const request = buildRequest(shard.parent, anchorViewOf(beacon), {
      view: shard.view,
      beneficiary: payout,
      timestampMs,
      transactions,
      inbox,
    })
    const { block, outcome } = expectKind(shard.executor.runNow(request), 'built')
    expectKind(shard.executor.runNow({ kind: 'finalize', hash: outcome.hash }), 'finalized')
    const certificate = certify(number, shard.view, outcome.hash, shard.parent.hash)
    const { height } = outcome.header
    store(number, { height, hash: outcome.hash, bytes: block }, certificate)
    const decoded = decodeShardBlock(block)
    if (!decoded.ok) throw new Error(decoded.reject.detail)
    const senders = concatBytes(...sendersOf(outcome, request))
    for (const node of present(beacon.committees[number], 'a committee')) {
      const context = {
        emit: (effect: Parameters<Context['emit']>[0]) => {
          if (effect.kind === 'write') present(writes[node], 'the node exists').push(effect.write)
        },
      } as Context
      writeCommitted(context, number, { block: decoded.value, outcome, senders })
    }
    shard.outcomes.push(outcome)
    shard.certificates.push(certificate)
    shard.parent = { hash: outcome.hash, height }
    shard.cursors = outcome.cursors
    return outcome
  }

  function settle({ certified = true }: { readonly certified?: boolean } = {}): void {
    beaconView++
    const seat = proposerOf(beacon, 0, beaconView)
    const reveal = scheme.sign(
      present(secrets[seat], 'the beacon seats everybody in order'),
      revealRoot(name, 0, beaconView),
    )
    const crosslinks = shards.flatMap(({ shard, outcomes, certificates }) => {
      const record = recordOf(beacon, shard)
      const fresh = outcomes.slice(record.height)
      const tip = fresh.at(-1)
      const certificate = certificates.at(-1)
      if (tip === undefined || certificate === undefined) return []
      return [
        makeCrosslink({
          record,
          headers: fresh.map(({ header }) => header),
          certificate,
          channels: tip.channels,
        }),
      ]
    })
    const before = beacon.headHash
    const timestampMs = BORN_MS + 1000 * beaconView
    const built = buildBeaconBlock(beacon, {
      view: beaconView,
      seat,
      timestampMs,
      reveal,
      crosslinks,
      accusations: [],
    })
    if (built.skipped.length > 0) throw new Error(present(built.skipped[0], 'one').reject.detail)
    beacon = built.state
    const { height, headHash: hash } = beacon
    store(
      0,
      { height, hash, bytes: built.bytes },
      certified ? certify(0, beaconView, hash, before) : undefined,
    )
    for (const node of genesis.validators.keys()) {
      put(node, 'state', numberKey(0), encodeBeaconState(beacon))
      put(node, 'anchor', numberKey(0, height), encodeAnchorView(anchorViewOf(beacon)))
    }
    for (const shard of shards) shard.recorded = shard.outcomes.at(-1)?.channels ?? shard.recorded
  }

  function pay(shard: number, fields: Partial<TransactionFields> = {}): CheckedTransaction {
    const nonce = nonces.get(shard) ?? 0
    nonces.set(shard, nonce + 1)
    return signed(genesis.chainIdBase + shard, { nonce, ...fields })
  }

  return {
    genesis,
    beacon: () => beacon,
    executor: (shard) => at(shard).executor,
    committed: (shard) => at(shard).parent.height,
    advance: (shard, ...transactions) => advance(shard, transactions),
    settle,
    pay,
    payAcross: (shard, toShard, to) =>
      pay(shard, {
        gasLimit: 60_000,
        to: GATEWAY_ADDRESS,
        value: 1_000n,
        data: encodeGatewayTransfer(genesis.chainIdBase + toShard, to),
      }),
    members: (shard) => beacon.committees[shard] ?? [],
    archives: () =>
      Promise.all(
        writes.map(async (list, node): Promise<NodeArchive> => {
          const copy: Store = openMemoryStore()
          await copy.write(list, { sync: true })
          const hosted = shards.filter(({ shard }) => beacon.committees[shard]?.includes(node))
          return {
            node,
            store: copy,
            states: new Map(hosted.map(({ shard, states }) => [shard, loader(states.load())])),
          }
        }),
      ),
  }
}

function loader(state: StoredState | undefined): () => Promise<StoredState | undefined> {
  return () => Promise.resolve(state)
}

function openShard(genesis: Genesis, shard: number): Shard {
  const states = createMemoryStateStore()
  const config = shardGenesis(genesis, shard)
  const channels = emptyChannels(genesis.shardCount)
  return {
    shard,
    executor: openInlineExecutor(config, { store: states }),
    states,
    outcomes: [],
    certificates: [],
    parent: { hash: config.genesisBlockHash, height: 0 },
    cursors: channels,
    recorded: channels,
    view: 0,
  }
}

function signed(chainId: number, fields: Partial<TransactionFields>): CheckedTransaction {
  const account = present(personalAccounts()[0], 'there are ten')
  const all: TransactionFields = {
    type: 2,
    chainId,
    nonce: 0,
    maxPriorityFeePerGas: 1n,
    maxFeePerGas: 100_000_000_000n,
    gasLimit: 21_000,
    to: present(personalAccounts()[1], 'there are ten').address,
    value: 5n,
    data: new Uint8Array(0),
    accessList: [],
    ...fields,
  }
  const raw = encodeSigned(all, signDigest(signingHash(all), account.secretKey))
  return { raw, hash: keccak256(raw), sender: account.address }
}
