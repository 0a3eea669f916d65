/**
 * The audit from disk: every node's stores are read, the walk follows the settled chains (walk.ts), then each shard goes on
 * to its newest stored block, where the states stand. There the equation must hold:
 *
 *     balances + buffered + burnt + receipts in flight + stake = genesis
 */
import type { Genesis } from '../../node/beacon/genesis.ts'
import { anchorViewOf } from '../../node/beacon/anchor.ts'
import { encodeAnchorView } from '../../node/beacon/anchor-codec.ts'
import { encodeBeaconState, decodeBeaconState } from '../../node/beacon/state-codec.ts'
import { committeeKeys } from '../../node/beacon/state.ts'
import { equalBytes } from '../../node/primitives/bytes.ts'
import { BEACON_CHAIN } from '../../node/primitives/identifiers.ts'
import { shardChainBlock } from '../../node/shards/block.ts'
import { numberKey } from '../../node/validator/table.ts'
import { applyCut, type BlockFacts } from '../observe/ledger.ts'
import { readFinalBlock, readValue, type NodeArchive } from './archive.ts'
import { openDiskSource, type DiskSource } from './disk-source.ts'
import { auditStates } from './disk-state.ts'
import { placeName } from './facts.ts'
import { replay } from './replay.ts'
import { conclude, type NetworkAudit } from './report.ts'
import { bookable, type ShardTrail } from './shard-trail.ts'
import {
  checkCertificate,
  endBeacon,
  followNext,
  report,
  startWalk,
  walkBeacon,
  type Walk,
} from './walk.ts'

export type AuditProgress = (words: string) => void

export type DiskAuditOptions = {
  readonly archives: readonly NodeArchive[]
  /** About nodes whose stores cannot be read at all. */
  readonly problems: readonly string[]
  /** Executes every block again from genesis, and counts at every beacon block. */
  readonly replay?: boolean
}

/** Reads stores; writes nothing. */
export async function auditDisks(
  genesis: Genesis,
  disks: DiskAuditOptions,
  progress: AuditProgress = () => {},
): Promise<NetworkAudit> {
  const { archives, problems } = disks
  const source = await openDiskSource(genesis, archives)
  const walk = startWalk(genesis, source)
  report(walk, ...problems)
  const top = source.topOf(BEACON_CHAIN)
  const states = await readBeaconStates(walk, archives)
  await walkBeacon(walk, async (height) => {
    checkBeaconStates(walk, states)
    await checkAnchors(walk, archives)
    progress(`beacon block ${height} of ${top}`)
  })
  if (!walk.broken && walk.beacon.height < top) {
    walk.broken = true
    const place = placeName(BEACON_CHAIN, walk.beacon.height + 1)
    report(walk, `${place}: expected, since the chain goes on to block ${top}, but no node has it`)
  }
  endBeacon(walk)
  await followTails(walk, source, archives)
  progress('states of the shards')
  const supplies = await auditStates(walk, archives)
  if (disks.replay === true && !walk.broken) await replay(walk, archives, progress)
  return conclude(walk, { from: 'disk', supplies, nodes: archives.length })
}

async function followTails(
  walk: Walk,
  source: DiskSource,
  archives: readonly NodeArchive[],
): Promise<void> {
  const blocks: BlockFacts[] = []
  for (const trail of walk.trails) {
    const tail = await followTail(walk, source, trail)
    blocks.push(...tail.blocks)
    if (!tail.isCertified) await certifyFromAbove(walk, archives, trail)
  }
  // Booked together: a destination may have consumed what its source sent above the settled cut.
  report(walk, ...applyCut(walk.ledger, [], blocks))
}

type Tail = { readonly blocks: readonly BlockFacts[]; readonly isCertified: boolean }

/** Finalized blocks that no finalized beacon block has recorded yet: certified by their own committee. */
async function followTail(walk: Walk, source: DiskSource, trail: ShardTrail): Promise<Tail> {
  const top = source.topOf(trail.shard)
  const blocks: BlockFacts[] = []
  let isCertified = true
  while (trail.height < top && !walk.broken) {
    const step = await followNext(walk, trail)
    if (step === undefined) break
    blocks.push(bookable(step.facts, step.hash))
    const { certificate } = step.facts
    isCertified = certificate !== undefined
    if (certificate === undefined) continue
    const { epoch } = step.facts.header
    checkCertificate(walk, certified(walk, { ...trail, epoch }), certificate, trail.height)
  }
  return { blocks, isCertified: isCertified || walk.broken }
}

/** A block, with the committee of its epoch, that must have certified it. */
function certified(
  { beacon, plans }: Walk,
  { shard, hash, epoch }: Pick<ShardTrail, 'shard' | 'hash'> & { readonly epoch: number },
) {
  const { genesisHash } = beacon
  const keys = committeeKeys(beacon, shard, plans.get(epoch))
  return { genesisHash, chain: shard, epoch, hash, keys }
}

/** By a block that is final and was not executed before a kill: it names its ancestors. */
async function certifyFromAbove(
  walk: Walk,
  archives: readonly NodeArchive[],
  trail: ShardTrail,
): Promise<void> {
  const { shard, height } = trail
  for (const archive of archives) {
    let { hash } = trail
    for (let above = height + 1; ; above++) {
      const final = await readFinalBlock(archive, shard, above)
      const block = final.ok && final.value && shardChainBlock(final.value.bytes)
      if (!final.ok || !block || !block.ok || !equalBytes(block.value.parentHash, hash)) break
      hash = block.value.hash
      const certificate = final.value?.certificate
      if (certificate === undefined) continue
      const { epoch } = block.value
      return checkCertificate(walk, certified(walk, { shard, hash, epoch }), certificate, above)
    }
  }
  const place = placeName(shard, height)
  report(walk, `${place}: expected a certificate of it or of a later block, found none`)
}

type StoredBeaconState = {
  readonly node: number
  readonly height: number
  readonly bytes: Uint8Array
}

async function readBeaconStates(
  walk: Walk,
  archives: readonly NodeArchive[],
): Promise<readonly StoredBeaconState[]> {
  const states: StoredBeaconState[] = []
  for (const archive of archives) {
    const { node } = archive
    const stored = await readValue(archive, 'state', numberKey(BEACON_CHAIN))
    const decoded =
      stored.ok && stored.value !== undefined ? decodeBeaconState(stored.value) : undefined
    if (!stored.ok) report(walk, `beacon, state (node ${node}): ${stored.problem}`)
    else if (decoded?.ok === false) {
      report(walk, `beacon, state (node ${node}): it does not decode: ${decoded.reject.detail}`)
    } else if (decoded?.ok === true && stored.value !== undefined) {
      states.push({ node, height: decoded.value.height, bytes: stored.value })
    }
  }
  return states
}

/** Nodes start again from their stored beacon state: it must be the one that the blocks lead to. */
function checkBeaconStates(walk: Walk, states: readonly StoredBeaconState[]): void {
  const { height } = walk.beacon
  for (const { node, bytes } of states.filter((state) => state.height === height)) {
    if (equalBytes(bytes, encodeBeaconState(walk.beacon))) continue
    const place = placeName(BEACON_CHAIN, height)
    report(
      walk,
      `${place}, state (node ${node}): expected the state that the blocks lead to, found another`,
    )
  }
}

/** Shard blocks lean on the stored anchors: a false one would let a node believe in receipts that were never sent. */
async function checkAnchors(walk: Walk, archives: readonly NodeArchive[]): Promise<void> {
  const { height } = walk.beacon
  const expected = encodeAnchorView(anchorViewOf(walk.beacon))
  for (const archive of archives) {
    const stored = await readValue(archive, 'anchor', numberKey(BEACON_CHAIN, height))
    const place = `${placeName(BEACON_CHAIN, height)}, anchor (node ${archive.node})`
    if (!stored.ok) report(walk, `${place}: ${stored.problem}`)
    else if (stored.value !== undefined && !equalBytes(stored.value, expected)) {
      report(walk, `${place}: expected what the beacon's state gives, found another`)
    }
  }
}
