/**
 * The disks of all nodes as one source: every copy of every block is read and checked, the first good one is passed on. A
 * damaged copy is a violation that names its node, and so is a second block at one height (S1). A node that took the state of
 * a height from others lacks what is below (S.8): that is no violation, as far as its own record says so.
 *
 * Invariant: heights of a chain are asked in order, so each node's channels before a block are those after its last one.
 */
import { beaconChainBlock } from '../../node/beacon/block.ts'
import type { Genesis } from '../../node/beacon/genesis.ts'
import { emptyChannels } from '../../node/crosslink/channel.ts'
import type { ChannelHead } from '../../node/crosslink/receipt.ts'
import { equalBytes } from '../../node/primitives/bytes.ts'
import { BEACON_CHAIN, type Hash } from '../../node/primitives/identifiers.ts'
import { SHARDS_MAX } from '../../node/primitives/limits.ts'
import {
  newestHeight,
  readFinalBlock,
  readGaps,
  type Gap,
  type NodeArchive,
  type Reading,
} from './archive.ts'
import { readShardCopy, type DiskCopy } from './disk-copy.ts'
import { placeName, type AuditSource, type BeaconCopy } from './facts.ts'
import { data } from './shard-trail.ts'

export type DiskSource = AuditSource & {
  /** How far any node goes. */
  readonly topOf: (chain: number) => number
}

/** By node and chain. */
type Extents = {
  readonly tops: ReadonlyMap<string, number>
  readonly gaps: ReadonlyMap<string, readonly Gap[]>
}

export async function openDiskSource(
  genesis: Genesis,
  archives: readonly NodeArchive[],
): Promise<DiskSource> {
  const { tops, gaps } = await readExtents(genesis, archives)
  const channels = new Map<string, readonly ChannelHead[]>()
  const problems: string[] = []
  const topAt = (node: number, chain: number): number => tops.get(`${node}:${chain}`) ?? 0

  /** Of the block it began with a node has the bytes, and no results. */
  const isInGap = (node: number, chain: number, height: number): boolean =>
    gaps.get(`${node}:${chain}`)?.some((gap) => gap.from < height && height <= gap.height) === true

  /** All nodes that go so far, each with what it has; damage becomes a sentence. */
  async function readAll<T extends { readonly hash: Hash }>(
    chain: number,
    height: number,
    read: (archive: NodeArchive) => Promise<Reading<T>>,
  ): Promise<T | undefined> {
    let first: { readonly node: number; readonly copy: T } | undefined
    for (const archive of archives) {
      const { node } = archive
      if (height > topAt(node, chain)) continue
      if (isInGap(node, chain, height)) continue
      const name = `${placeName(chain, height)} (node ${node})`
      const reading = await read(archive)
      if (!reading.ok) problems.push(`${name}: ${reading.problem}`)
      else if (reading.value === undefined) problems.push(`${name}: ${missing(topAt(node, chain))}`)
      else if (first === undefined) first = { node, copy: reading.value }
      else if (!equalBytes(first.copy.hash, reading.value.hash)) {
        problems.push(
          `${name}: its block is ${data(reading.value.hash)}, node ${first.node} has ${data(first.copy.hash)}`,
        )
      }
    }
    return first?.copy
  }

  async function readShard(
    archive: NodeArchive,
    shard: number,
    height: number,
  ): Promise<Reading<DiskCopy>> {
    const key = `${archive.node}:${shard}`
    const channelsBefore = channels.get(key) ?? emptyChannels(genesis.shardCount)
    const reading = await readShardCopy(archive, { shard, height, channelsBefore })
    if (reading.ok && reading.value !== undefined) channels.set(key, reading.value.channels)
    return reading
  }

  return {
    topOf: (chain) => Math.max(0, ...archives.map(({ node }) => topAt(node, chain))),
    beaconBlock: (height) =>
      readAll(BEACON_CHAIN, height, (archive) => readBeacon(archive, height)),
    shardBlock: async (shard, height) => {
      const copy = await readAll(shard, height, (archive) => readShard(archive, shard, height))
      // A node whose own copy is damaged goes on from the channels of a good one, or every later block would be wrong too.
      if (copy !== undefined) {
        for (const { node } of archives) channels.set(`${node}:${shard}`, copy.channels)
      }
      return copy?.facts
    },
    takeProblems: () => problems.splice(0),
  }
}

function missing(top: number): string {
  return `expected, since the node goes on to block ${top}, but it is missing`
}

async function readBeacon(
  archive: NodeArchive,
  height: number,
): Promise<Reading<BeaconCopy & { readonly hash: Hash }>> {
  const reading = await readFinalBlock(archive, BEACON_CHAIN, height)
  if (!reading.ok || reading.value === undefined) return reading
  const block = beaconChainBlock(reading.value.bytes)
  if (!block.ok) return { ok: false, problem: `it does not decode: ${block.reject.detail}` }
  if (!equalBytes(block.value.hash, reading.value.hash)) {
    return {
      ok: false,
      problem: 'the stored bytes are of another block than the one recorded as final',
    }
  }
  return reading
}

async function readExtents(genesis: Genesis, archives: readonly NodeArchive[]): Promise<Extents> {
  const tops = new Map<string, number>()
  const gaps = new Map<string, readonly Gap[]>()
  for (const archive of archives) {
    // B.7: where epochs end, shards may have been opened.
    const last = genesis.epochs === undefined ? genesis.shardCount : SHARDS_MAX
    for (let chain = 0; chain <= last; chain++) {
      const key = `${archive.node}:${chain}`
      tops.set(key, await newestHeight(archive, chain))
      gaps.set(key, await readGaps(archive, chain))
    }
  }
  return { tops, gaps }
}
