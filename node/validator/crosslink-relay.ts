/**
 * Crosslinks on their way to the beacon: a member of a shard keeps its finalized headers until the beacon has recorded
 * them, and hands the newest crosslink to the validators who lead the beacon next (C.3). Somebody always asks again:
 * with every new beacon head and every finalized block the candidate is made and sent anew.
 */
import type { Certificate } from '../crosslink/certificate.ts'
import { makeCrosslink, type Crosslink, type ShardRecord } from '../crosslink/crosslink.ts'
import type { ShardHeader } from '../crosslink/header.ts'
import type { ChannelHead } from '../crosslink/receipt.ts'
import { equalBytes } from '../primitives/bytes.ts'
import type { Hash } from '../primitives/identifiers.ts'
import { CROSSLINK_SPAN_MAX } from '../primitives/limits.ts'

export type FinalizedHeader = {
  readonly hash: Hash
  readonly header: ShardHeader
  readonly channels: readonly ChannelHead[]
  /** Absent for a block finalized by a descendant. */
  readonly certificate: Certificate | undefined
}

/** Headers kept before the beacon records them. The rest of a longer backlog is reloaded later. */
const HEADERS_KEPT_MAX = 16 * CROSSLINK_SPAN_MAX

export type CrosslinkRelay = {
  /** The next finalized block, in height order. */
  readonly add: (entry: FinalizedHeader) => void
  /** The beacon finalized this record; returns false if it is of another chain than ours (C.7). */
  readonly recorded: (record: ShardRecord) => boolean
  /** The newest crosslink that follows the record, if there is one. */
  readonly candidate: (record: ShardRecord) => Crosslink | undefined
  /** Blocks above the record are final but not held here (after a restart or an overflow): load them. */
  readonly behind: (record: ShardRecord, tipHeight: number) => boolean
  /** What was read from the store; newer entries that continue it are kept. */
  readonly reset: (entries: readonly FinalizedHeader[]) => void
  /** Forgets what stands above: the chain has gone back to this height (B.8). */
  readonly rewound: (height: number) => void
  /** The next header held does not follow the record: the beacon recorded another chain (C.7). */
  readonly conflicts: (record: ShardRecord) => boolean
}

/** C.3 (3): up to the block that seals its epoch; what follows is for the next crosslink. */
function withinEpoch(entries: readonly FinalizedHeader[]): readonly FinalizedHeader[] {
  const seal = entries.findIndex(({ header }) => header.sealing)
  return seal < 0 ? entries : entries.slice(0, seal + 1)
}

export function createCrosslinkRelay(): CrosslinkRelay {
  let entries: FinalizedHeader[] = []

  function after(record: ShardRecord): readonly FinalizedHeader[] {
    const first = entries[0]?.header.height ?? 0
    return entries.slice(Math.max(0, record.height + 1 - first))
  }

  return {
    add: (entry) => {
      const last = entries[entries.length - 1]
      // After an overflow there is a gap; `behind` then asks for a reload.
      if (last !== undefined && entry.header.height !== last.header.height + 1) return
      if (entries.length < HEADERS_KEPT_MAX) entries.push(entry)
    },
    behind: (record, tipHeight) =>
      tipHeight > record.height && entries[0]?.header.height !== record.height + 1,
    reset: (loaded) => {
      const reached = loaded.at(-1)?.header.height ?? 0
      const newer = entries.filter((entry) => entry.header.height > reached)
      entries = newer[0]?.header.height === reached + 1 ? [...loaded, ...newer] : [...loaded]
    },
    rewound: (height) => {
      entries = entries.filter((entry) => entry.header.height <= height)
    },
    conflicts: (record) => {
      const next = entries.find((entry) => entry.header.height === record.height + 1)
      return next !== undefined && !equalBytes(next.header.parentHash, record.hash)
    },
    recorded: (record) => {
      const own = entries.find((entry) => entry.header.height === record.height)
      entries = entries.filter((entry) => entry.header.height > record.height)
      return own === undefined || equalBytes(own.hash, record.hash)
    },
    candidate: (record) => {
      const span = withinEpoch(after(record).slice(0, CROSSLINK_SPAN_MAX))
      if (span[0] === undefined || span[0].header.height !== record.height + 1) return undefined
      if (!equalBytes(span[0].header.parentHash, record.hash)) return undefined
      const tip = span.findLastIndex((entry) => entry.certificate !== undefined)
      const best = span[tip]
      if (best?.certificate === undefined) return undefined
      return makeCrosslink({
        record,
        headers: span.slice(0, tip + 1).map((entry) => entry.header),
        certificate: best.certificate,
        channels: best.channels,
      })
    },
  }
}
