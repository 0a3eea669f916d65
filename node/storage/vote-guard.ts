/**
 * The vote guard's rules and record: what this node has signed, so that it never signs the opposite, whatever happens to
 * its databases (docs/reliability.md, "Vote guard"; docs/protocol/consensus.md A.10). The file is `io/vote-guard.ts`.
 *
 * Per (chain, epoch) the guard knows, for the last 64 views, which kinds were signed and the signing roots of NOTARIZE
 * and FINALIZE (NULLIFY has one root per view). Invariants:
 * - one root per view and kind; the same root again is granted again, since signatures are deterministic;
 * - never FINALIZE and NULLIFY in one view (A.3, evidence);
 * - nothing at or below the floor, where the guard no longer knows;
 * - of one chain at most two epochs are open, which is what a handover needs; older ones are refused for good.
 */
import type { VoteKind } from '../crosslink/certificate.ts'
import { assert } from '../primitives/assert.ts'
import { equalBytes } from '../primitives/bytes.ts'
import { createWriter, decodeExactly, DecodeError, type Reader } from '../primitives/codec.ts'
import { HASH_SIZE } from '../primitives/hash.ts'
import type { ChainNumber, Hash } from '../primitives/identifiers.ts'
import { ROUNDS_RETAINED, SHARDS_MAX } from '../primitives/limits.ts'
import type { Result } from '../primitives/result.ts'

export type VoteRequest = {
  readonly chain: ChainNumber
  readonly epoch: number
  readonly kind: VoteKind
  readonly view: number
  /** The 32 bytes that would be signed. */
  readonly signingRoot: Hash
}

export type VoteVerdict = 'granted' | 'refused'

export interface VoteGuard {
  /**
   * Verdicts in the order of the requests. When the promise resolves, everything granted is on disk; all requests of a
   * call cost one sync. Rejects with `StorageFatalError` when the disk fails: the process must end.
   */
  authorize(requests: readonly VoteRequest[]): Promise<readonly VoteVerdict[]>
  /**
   * `one-slot-lost`: a power cut tore the last record, or the disk damaged it; up to one turn of votes may be forgotten.
   * Present the votes of the journal to `authorize` before anything else, or stay an observer until the next epoch.
   */
  condition(): 'intact' | 'one-slot-lost'
  close(): Promise<void>
}

type GuardView = {
  readonly view: number
  readonly nullified: boolean
  readonly notarizeRoot: Hash | undefined
  readonly finalizeRoot: Hash | undefined
}

type GuardDomain = {
  readonly epoch: number
  /** Nothing is granted at this view or below. */
  readonly floor: number
  /** Ascending, all above the floor. */
  readonly views: readonly GuardView[]
}

type GuardChain = {
  readonly chain: ChainNumber
  /** Epochs below are refused. */
  readonly epochFloor: number
  /** Ascending by epoch, at most EPOCHS_OPEN_MAX. */
  readonly domains: readonly GuardDomain[]
}

export type GuardRecord = {
  readonly genesisHash: Hash
  /** Grows by one with every record written. */
  readonly sequence: number
  readonly chains: readonly GuardChain[]
}

/** An epoch and the one before it: the sealing block of the old one may still need votes when the new one starts. */
const EPOCHS_OPEN_MAX = 2
/** Views remembered: the rounds that an engine keeps, so that whatever it may still vote on is known here. */
export const GUARD_VIEWS_MAX = ROUNDS_RETAINED
const CHAINS_MAX = SHARDS_MAX + 1
const RECORD_VERSION = 1
const VIEW_BYTES_MAX = 8 + 1 + 2 * HASH_SIZE
const DOMAIN_BYTES_MAX = 8 + 8 + 4 + GUARD_VIEWS_MAX * VIEW_BYTES_MAX
/** A validator with a seat on every chain, in the middle of a handover. One with two seats writes some 10 KiB. */
export const GUARD_RECORD_BYTES_MAX =
  2 + HASH_SIZE + 8 + 4 + CHAINS_MAX * (4 + 8 + 4 + EPOCHS_OPEN_MAX * DOMAIN_BYTES_MAX)

const NULLIFIED = 1
const NOTARIZED = 2
const FINALIZED = 4

export function emptyGuardRecord(genesisHash: Hash): GuardRecord {
  assert(genesisHash.length === HASH_SIZE, 'a genesis hash has 32 bytes')
  return { genesisHash, sequence: 0, chains: [] }
}

/** Rules on one request after the other. `record` is the same object when nothing new was granted. */
export function authorizeVotes(
  record: GuardRecord,
  requests: readonly VoteRequest[],
): { readonly record: GuardRecord; readonly verdicts: readonly VoteVerdict[] } {
  let chains = record.chains
  const verdicts = requests.map((request): VoteVerdict => {
    assertWellFormed(request)
    const domain = findDomain(chains, request)
    if (domain === undefined) return 'refused'
    const updated = recordVote(domain, request)
    if (updated === undefined) return 'refused'
    if (updated !== domain) chains = withDomain(chains, request.chain, updated)
    return 'granted'
  })
  const changed = chains !== record.chains
  return {
    record: changed ? { ...record, sequence: record.sequence + 1, chains } : record,
    verdicts,
  }
}

function assertWellFormed(request: VoteRequest): void {
  assert(request.signingRoot.length === HASH_SIZE, 'a signing root has 32 bytes')
  assert(request.chain >= 0 && request.chain < CHAINS_MAX, 'the chain is one of the network')
  assert(Number.isSafeInteger(request.epoch) && request.epoch >= 0, 'an epoch is a safe integer')
  assert(Number.isSafeInteger(request.view) && request.view >= 0, 'a view is a safe integer')
}

/** The domain's memory, a fresh one for an epoch not seen yet, undefined for one that was closed. */
function findDomain(chains: readonly GuardChain[], request: VoteRequest): GuardDomain | undefined {
  const { chain, epoch } = request
  const known = chains.find((candidate) => candidate.chain === chain)
  const domain = known?.domains.find((candidate) => candidate.epoch === epoch)
  if (domain !== undefined) return domain
  const newer = known?.domains.filter((candidate) => candidate.epoch > epoch).length ?? 0
  if (epoch < (known?.epochFloor ?? 0) || newer >= EPOCHS_OPEN_MAX) return undefined
  return { epoch, floor: 0, views: [] }
}

/** The domain with this vote in it, the same domain if it was there already, undefined if it must not be signed. */
function recordVote(domain: GuardDomain, request: VoteRequest): GuardDomain | undefined {
  const { view, kind, signingRoot } = request
  if (view <= domain.floor) return undefined
  const known = domain.views.find((candidate) => candidate.view === view)
  if (kind === 'finalize' && known?.nullified === true) return undefined
  if (kind === 'nullify' && known?.finalizeRoot !== undefined) return undefined
  if (kind === 'nullify' && known?.nullified === true) return domain
  const signedRoot = kind === 'notarize' ? known?.notarizeRoot : known?.finalizeRoot
  if (kind !== 'nullify' && signedRoot !== undefined) {
    return equalBytes(signedRoot, signingRoot) ? domain : undefined
  }
  return withView(domain, {
    view,
    nullified: kind === 'nullify' || known?.nullified === true,
    notarizeRoot: kind === 'notarize' ? signingRoot.slice() : known?.notarizeRoot,
    finalizeRoot: kind === 'finalize' ? signingRoot.slice() : known?.finalizeRoot,
  })
}

/** Keeps the window: the floor follows the highest view at a distance of GUARD_VIEWS_MAX and never falls. */
function withView(domain: GuardDomain, changed: GuardView): GuardDomain {
  const { views: known } = domain
  const highest = Math.max(changed.view, known.at(-1)?.view ?? 0)
  const floor = Math.max(domain.floor, highest - GUARD_VIEWS_MAX)
  const views: GuardView[] = []
  let isPlaced = changed.view <= floor
  for (const view of known) {
    if (view.view <= floor) continue
    if (!isPlaced && view.view >= changed.view) {
      views.push(changed)
      isPlaced = true
    }
    if (view.view !== changed.view) views.push(view)
  }
  if (!isPlaced) views.push(changed)
  return { ...domain, floor, views }
}

/** Keeps the newest epochs of the chain; what is closed raises the epoch floor. */
function withDomain(
  chains: readonly GuardChain[],
  chain: ChainNumber,
  changed: GuardDomain,
): readonly GuardChain[] {
  const known = chains.find((candidate) => candidate.chain === chain)
  const others = known?.domains.filter((candidate) => candidate.epoch !== changed.epoch) ?? []
  const domains = [...others, changed].sort((left, right) => left.epoch - right.epoch)
  const open = domains.slice(-EPOCHS_OPEN_MAX)
  const closed = domains.length > EPOCHS_OPEN_MAX
  const epochFloor = closed ? (open[0]?.epoch ?? 0) : (known?.epochFloor ?? 0)
  const updated: GuardChain = { chain, epochFloor, domains: open }
  return [...chains.filter((candidate) => candidate.chain !== chain), updated].sort(
    (left, right) => left.chain - right.chain,
  )
}

export function encodeGuardRecord(record: GuardRecord): Uint8Array {
  const writer = createWriter()
  writer.u16(RECORD_VERSION).fixed(record.genesisHash, HASH_SIZE).u64(record.sequence)
  writer.list(record.chains, (_, { chain, epochFloor, domains }) => {
    writer.u32(chain).u64(epochFloor)
    writer.list(domains, (_, { epoch, floor, views }) => {
      writer.u64(epoch).u64(floor)
      writer.list(views, (_, view) => {
        writer.u64(view.view).u8(maskOf(view))
        if (view.notarizeRoot !== undefined) writer.fixed(view.notarizeRoot, HASH_SIZE)
        if (view.finalizeRoot !== undefined) writer.fixed(view.finalizeRoot, HASH_SIZE)
      })
    })
  })
  const bytes = writer.finish()
  assert(bytes.length <= GUARD_RECORD_BYTES_MAX, 'a guard record is within its bound')
  return bytes
}

export function decodeGuardRecord(bytes: Uint8Array): Result<GuardRecord, 'malformed'> {
  return decodeExactly(bytes, (reader) => {
    if (reader.u16() !== RECORD_VERSION) throw new DecodeError('the record version is not known')
    return {
      genesisHash: reader.fixed(HASH_SIZE),
      sequence: reader.u64(),
      chains: reader.list(CHAINS_MAX, readChain),
    }
  })
}

function readChain(reader: Reader): GuardChain {
  return {
    chain: reader.u32(),
    epochFloor: reader.u64(),
    domains: reader.list(EPOCHS_OPEN_MAX, (inner) => ({
      epoch: inner.u64(),
      floor: inner.u64(),
      views: inner.list(GUARD_VIEWS_MAX, readView),
    })),
  }
}

function readView(reader: Reader): GuardView {
  const view = reader.u64()
  const mask = reader.u8()
  if (mask === 0 || mask > (NULLIFIED | NOTARIZED | FINALIZED)) {
    throw new DecodeError('a view names kinds that do not exist')
  }
  return {
    view,
    nullified: (mask & NULLIFIED) !== 0,
    notarizeRoot: (mask & NOTARIZED) === 0 ? undefined : reader.fixed(HASH_SIZE),
    finalizeRoot: (mask & FINALIZED) === 0 ? undefined : reader.fixed(HASH_SIZE),
  }
}

function maskOf(view: GuardView): number {
  return (
    (view.nullified ? NULLIFIED : 0) |
    (view.notarizeRoot === undefined ? 0 : NOTARIZED) |
    (view.finalizeRoot === undefined ? 0 : FINALIZED)
  )
}
