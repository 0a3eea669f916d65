/**
 * The states on the disks: each node's records of each shard must give the state root that the header of its block carries,
 * and its balances, added up one by one, must be the sum that the shard keeps. A state that stands behind its stored blocks
 * (a kill) is brought forward by executing them, as the node itself would at its next start.
 */
import { committeeOf } from '../../node/beacon/state.ts'
import { shardBlockHash } from '../../node/crosslink/header-codec.ts'
import { present } from '../../node/primitives/assert.ts'
import { concatBytes, equalBytes } from '../../node/primitives/bytes.ts'
import { recoverAddress } from '../../node/primitives/io/secp256k1.ts'
import { decodeAccount } from '../../node/shards/account.ts'
import { decodeShardBlock, type ShardBlock } from '../../node/shards/block.ts'
import type { StoredState } from '../../node/shards/execution-machine.ts'
import { hashPairsNative } from '../../node/shards/io/hashtree.ts'
import { openInlineExecutor, type InlineExecutor } from '../../node/shards/io/inline.ts'
import { createMemoryStateStore, StateDamagedError } from '../../node/shards/io/state-store.ts'
import { accountKey, TOTALS_KEY } from '../../node/shards/state-key.ts'
import { rootOf } from '../../node/shards/state-tree.ts'
import { decodeTotals, type Totals } from '../../node/shards/system-record.ts'
import { decodeTransaction, signingHash } from '../../node/shards/transaction.ts'
import { treeOfRecords } from '../../node/shards/working-state.ts'
import type { ShardSupply } from '../audit.ts'
import { readFinalBlock, type NodeArchive } from './archive.ts'
import { placeName } from './facts.ts'
import { data, type ShardTrail } from './shard-trail.ts'
import { report, shardConfigOf, type Walk } from './walk.ts'

/** The first byte of an account's key. */
const ACCOUNT_FAMILY = accountKey(new Uint8Array(20))[0]

type HeldState = { readonly node: number; readonly stored: StoredState; readonly totals: Totals }

/** Every node's state of every shard, checked; the supply of each shard at the end of its trail. */
export async function auditStates(
  walk: Walk,
  archives: readonly NodeArchive[],
): Promise<readonly ShardSupply[]> {
  const supplies: ShardSupply[] = []
  for (const trail of walk.trails) {
    const states = await readStates(walk, archives, trail)
    const best = states.toSorted(
      (left, right) => right.stored.head.height - left.stored.head.height,
    )[0]
    const supply = await supplyAt(walk, archives, { trail, best })
    if (supply !== undefined) supplies.push(supply)
  }
  return supplies
}

async function readStates(
  walk: Walk,
  archives: readonly NodeArchive[],
  trail: ShardTrail,
): Promise<readonly HeldState[]> {
  const held: HeldState[] = []
  for (const archive of archives) {
    const load = archive.states.get(trail.shard)
    if (load === undefined) continue
    const state = await readState(walk, { archive, shard: trail.shard, load })
    if (state !== undefined) held.push(state)
  }
  return held
}

/** undefined: it cannot be used, and a sentence says why. */
async function readState(
  walk: Walk,
  place: {
    readonly archive: NodeArchive
    readonly shard: number
    readonly load: () => Promise<StoredState | undefined>
  },
): Promise<HeldState | undefined> {
  const { archive, shard } = place
  let stored: StoredState | undefined
  try {
    stored = await place.load()
  } catch (error) {
    if (!(error instanceof StateDamagedError)) throw error
    report(walk, `shard ${shard}, state (node ${archive.node}): ${error.message}`)
    return undefined
  }
  if (stored === undefined) return undefined
  const name = `${placeName(shard, stored.head.height)}, state (node ${archive.node})`
  const problem = (await rootProblem(walk, place, stored)) ?? sumProblem(stored)
  if (problem !== undefined) {
    report(walk, `${name}: ${problem}`)
    return undefined
  }
  return { node: archive.node, stored, totals: totalsOf(stored) }
}

/** The records, hashed again, against the header of the block on the chain. */
async function rootProblem(
  walk: Walk,
  { archive, shard }: { readonly archive: NodeArchive; readonly shard: number },
  { head, records }: StoredState,
): Promise<string | undefined> {
  walk.counts.stateRoots++
  const found = data(rootOf(treeOfRecords(records, hashPairsNative)))
  const expected = await expectedRoot(archive, shard, head.height, data(head.stateRoot))
  if (expected.problem !== undefined) return expected.problem
  return found === expected.root
    ? undefined
    : `its records give the root ${found}, the header of the block expects ${expected.root}`
}

async function expectedRoot(
  archive: NodeArchive,
  shard: number,
  height: number,
  recorded: string,
): Promise<{ readonly root: string; readonly problem?: string }> {
  if (height === 0) return { root: recorded }
  const final = await readFinalBlock(archive, shard, height)
  const block =
    final.ok && final.value !== undefined ? decodeShardBlock(final.value.bytes) : undefined
  if (block?.ok !== true)
    return { root: recorded, problem: 'expected its block on the same disk, found none' }
  return { root: data(block.value.header.stateRoot) }
}

/** Added up one by one, because the shard's own sum is under the same root as the accounts. */
function sumProblem(stored: StoredState): string | undefined {
  let balances = 0n
  for (const { key, value } of stored.records) {
    if (key[0] !== ACCOUNT_FAMILY) continue
    const account = decodeAccount(value)
    if (!account.ok) return `an account does not decode: ${account.reject.detail}`
    balances += account.value.balance
  }
  const totals = totalsOf(stored)
  return balances === totals.balances
    ? undefined
    : `its accounts hold ${balances} wei, its own sum expects ${totals.balances}`
}

function totalsOf({ records }: StoredState): Totals {
  const record = records.find(({ key }) => equalBytes(key, TOTALS_KEY))
  return decodeTotals(present(record, 'a state with a checked root has its sums').value)
}

async function supplyAt(
  walk: Walk,
  archives: readonly NodeArchive[],
  place: { readonly trail: ShardTrail; readonly best: HeldState | undefined },
): Promise<ShardSupply | undefined> {
  const { trail, best } = place
  const { shard, height } = trail
  const name = placeName(shard, height)
  if (best === undefined) {
    report(walk, `${name}: expected a stored state that can be used, found none`)
    return undefined
  }
  const from = best.stored.head.height
  if (from > height) {
    report(
      walk,
      `${name}: expected to be the end of the chain, but node ${best.node} has a state of block ${from}`,
    )
    return undefined
  }
  const stored =
    from === height ? best.stored : await bringForward(walk, archives, place.trail, best.stored)
  if (stored === undefined) return undefined
  const { balances, buffered, burnt, genesis } = totalsOf(stored)
  return { shard, height, balances, buffered, burnt, genesis }
}

/** Executes the blocks above the stored state, with signatures checked anew; compares every state root. */
async function bringForward(
  walk: Walk,
  archives: readonly NodeArchive[],
  trail: ShardTrail,
  from: StoredState,
): Promise<StoredState | undefined> {
  const store = createMemoryStateStore()
  store.commit({ kind: 'blocks', writes: from.records, head: from.head })
  const executor = openInlineExecutor(shardConfigOf(walk, trail.shard), { store })
  for (let height = from.head.height + 1; height <= trail.height; height++) {
    if (!(await executeBlock(walk, archives, { executor, shard: trail.shard, height }))) {
      return undefined
    }
  }
  return store.load()
}

/** Executes one more block; false, and a sentence, when it is not what its header says. */
export async function executeBlock(
  walk: Walk,
  archives: readonly NodeArchive[],
  next: { readonly executor: InlineExecutor; readonly shard: number; readonly height: number },
): Promise<boolean> {
  const { executor, shard, height } = next
  const place = placeName(shard, height)
  const found = await readExecutable(walk, archives, shard, height)
  if (typeof found === 'string') {
    report(walk, `${place}: ${found}`)
    return false
  }
  const verified = executor.runNow({ kind: 'verify', ...found.request })
  if (verified.kind !== 'verified') {
    const detail = verified.kind === 'refused' ? verified.detail : verified.kind
    report(walk, `${place}: executed again it is not what its header says: ${detail}`)
    return false
  }
  executor.runNow({ kind: 'finalize', hash: shardBlockHash(found.block.header) })
  walk.counts.stateRoots++
  return true
}

/** The first good copy of the block and of the beacon block it is anchored in; or what is missing. */
async function readExecutable(
  walk: Walk,
  archives: readonly NodeArchive[],
  shard: number,
  height: number,
) {
  for (const archive of archives) {
    const final = await readFinalBlock(archive, shard, height)
    if (!final.ok || final.value === undefined) continue
    const block = decodeShardBlock(final.value.bytes)
    if (!block.ok) continue
    const { header } = block.value
    // As the walk worked it out: what the disk says of the beacon is checked elsewhere.
    const anchor = walk.anchors[header.anchor.beaconHeight]
    const senders = sendersOf(block.value)
    const seats = committeeOf(walk.beacon, shard, walk.plans.get(header.epoch))
    const beneficiary = seats[header.proposerSeat]?.payout
    if (anchor === undefined)
      return `expected the beacon's block ${header.anchor.beaconHeight}, its anchor, found none`
    if (senders === undefined) return 'a signature of one of its transactions does not verify'
    if (beneficiary === undefined)
      return `its proposer has seat ${header.proposerSeat}, which the committee has not`
    return {
      block: block.value,
      request: { block: final.value.bytes, beneficiary, anchor, senders },
    }
  }
  return 'expected a copy of it to execute, found none'
}

function sendersOf({ body }: ShardBlock): Uint8Array | undefined {
  const senders: Uint8Array[] = []
  for (const raw of body.transactions) {
    const decoded = decodeTransaction(raw)
    if (!decoded.ok) return undefined
    const { signature, yParity } = decoded.value
    const sender = recoverAddress(signingHash(decoded.value), signature, yParity)
    if (sender === undefined) return undefined
    senders.push(sender)
  }
  return concatBytes(...senders)
}
