/**
 * Reorganisation in one node (docs/protocol/crosslinks.md C.7): when the beacon has recorded a branch of a shard that is not this
 * node's, its own blocks above the common one are taken back, and the recorded ones take their place. Beside a forced handover
 * (forced-handover.ts) it is the only place where a finalized shard block reverts.
 *
 * Invariants: from the moment the fork is seen, which is on disk before anything else is said, the node signs nothing for the
 * shard in an epoch in which it was on another branch; what takes the place of the own blocks is in the store before they go;
 * the way is fetched while the chain goes on, then all of it is one write. So a crash at any point leaves one branch whole.
 */
import { decodeBeaconBlock } from '../beacon/block.ts'
import type { ChainBlock } from '../consensus/message.ts'
import type { Certificate } from '../crosslink/certificate.ts'
import type { ShardRecord } from '../crosslink/crosslink.ts'
import { present } from '../primitives/assert.ts'
import { concatBytes, equalBytes } from '../primitives/bytes.ts'
import { BEACON_CHAIN, type ChainNumber, type Hash } from '../primitives/identifiers.ts'
import type { AdoptedBlock } from './chain.ts'
import type { Context } from './context.ts'
import type { ForcedStart } from './epoch-plans.ts'
import { decodeEpochStart, type EpochStart } from './epoch-start.ts'
import { createBranchWalk, type Branch, type BranchWalk } from './recorded-branch.ts'
import { readFinalEntry } from './serve.ts'
import { decodeShardChainBlock, shardBlockOf } from './shard-block.ts'
import { blockKey, chainKey, decodeNumbers, encodeNumbers, numberKey, pointRange } from './table.ts'
import { createTakeBack, type Foot, type Reached, type TakeBack } from './take-back.ts'

export type ReorganisationOptions = {
  readonly shard: ChainNumber
  readonly holders: () => readonly number[]
  /** The shard as the own beacon has recorded it. */
  readonly record: () => ShardRecord
  /** B.8: the block from which the shard was forced on after the chain's epoch, if it was. */
  readonly forced: () => ForcedStart | undefined
  readonly chain: () => ChainView
  /** The state is committed up to here. */
  readonly committedHeight: () => number
  /** Something else moves the chain, or nothing can: a snapshot, a forced handover, a final block that is not valid here. */
  readonly isHeld: () => boolean
  readonly genesis: EpochStart['block']
  /** B.12: with what the own engine knows it may be the proof of who did it. */
  readonly show: (epoch: number, certificate: Certificate) => void
  /** The chain and its execution stand still. */
  readonly stop: () => void
  /** They go on from the recorded block, whose ancestors down to the foot are to be executed. */
  readonly goOn: (onto: NewBranch, reached: Reached) => void
}

export type ChainView = {
  readonly epoch: number
  readonly deliveredHeight: number
  /** The engine has seen two finalized chains, and delivers nothing more. */
  readonly diverged: boolean
}

export type NewBranch = { readonly begun: EpochStart; readonly tip: AdoptedBlock }

export type Reorganisation = {
  /** Reads what is on disk about a fork before the chain starts. */
  readonly start: (done: () => void) => void
  /** The beacon, or the own chain, has moved. */
  readonly consider: () => void
  readonly seen: BranchWalk['seen']
  /** C.7: nothing is signed in this epoch and before. */
  readonly mutedThrough: () => number
  readonly isMoving: () => boolean
  /** The chain goes on from a snapshot: whatever was found out about the old one is void. */
  readonly forget: () => void
  readonly deadline: () => number
  readonly tick: () => void
}

type Moving = {
  readonly context: Context
  readonly options: ReorganisationOptions
  readonly walk: BranchWalk
  readonly back: TakeBack
  mutedThrough: number
  /** The newest record that is known to be on the own chain. */
  agreed: Hash | undefined
  stage: 'none' | 'looking' | 'walking' | 'waiting' | 'moving'
  /** All that is needed is here, but for the state of the foot. */
  ready: Move | undefined
}

export function createReorganisation(
  context: Context,
  options: ReorganisationOptions,
): Reorganisation {
  const self: Moving = {
    context,
    options,
    walk: createBranchWalk(context, options),
    back: createTakeBack(context, options.shard),
    mutedThrough: -1,
    agreed: undefined,
    stage: 'none',
    ready: undefined,
  }
  return {
    start: (done) => start(self, done),
    consider: () => consider(self),
    seen: self.walk.seen,
    mutedThrough: () => self.mutedThrough,
    isMoving: () => self.stage === 'moving',
    forget: () => {
      self.walk.end()
      self.ready = undefined
      self.stage = 'none'
    },
    deadline: () => Math.min(self.walk.deadline(), self.back.deadline()),
    tick: () => {
      self.walk.tick()
      self.back.tick()
    },
  }
}

function start(self: Moving, done: () => void): void {
  const { context, options } = self
  context.load([pointRange('fork', chainKey(options.shard))], ([found]) => {
    const through = found?.[0] && decodeNumbers(found[0].value)[0]
    self.mutedThrough = through ?? -1
    done()
  })
}

/**
 * Is the recorded block on the own chain? Where the shard was forced on (B.8), the block that is to be gone back to is the one in
 * question. A chain that has not come so far is asked later, unless it never comes there.
 */
function consider(self: Moving): void {
  const { context, options, agreed, stage } = self
  if (stage === 'waiting') return moveIfReady(self)
  const record = options.record()
  if (stage !== 'none' || record.height === 0 || options.isHeld()) return
  const { hash, height } = options.forced()?.block ?? record
  if (height === 0 || (agreed !== undefined && equalBytes(agreed, hash))) return
  const { deliveredHeight, diverged } = options.chain()
  if (deliveredHeight < height) {
    if (diverged) leave(self, record)
    // B.8: nobody need be left in the old epoch who would help this node to its end.
    else if (options.forced() !== undefined) walk(self, record)
    return
  }
  self.stage = 'looking'
  context.load([pointRange('final', numberKey(options.shard, height))], ([finals]) => {
    if (self.stage !== 'looking') return
    self.stage = 'none'
    const own = finals?.[0] && readFinalEntry(finals[0])
    if (own === undefined) return
    if (equalBytes(own.hash, hash)) self.agreed = hash
    else if (!options.isHeld()) leave(self, record)
  })
}

/** The node was on another branch, and says nothing more in its epoch. */
function leave(self: Moving, record: ShardRecord): void {
  const { context, options } = self
  const { shard, height } = record
  const { epoch: through } = options.chain()
  if (through > self.mutedThrough) {
    self.mutedThrough = through
    const write = { kind: 'put', table: 'fork', key: chainKey(shard) } as const
    const value = encodeNumbers(through)
    context.emit({ kind: 'write', write: { ...write, value }, sync: true })
  }
  context.emit({ kind: 'report', fact: { kind: 'forked', shard, height } })
  walk(self, record)
}

function walk(self: Moving, record: ShardRecord): void {
  const { hash, height, epoch } = record
  self.stage = 'walking'
  self.walk.begin({ hash, height, epoch }, (branch) => prepare(self, record, branch))
}

/** All that is read before the chain is stopped: the recorded block with its certificate, the foot, the start of the epoch. */
function prepare(self: Moving, record: ShardRecord, branch: Branch): void {
  const { context, options } = self
  const { shard, height, hash, lastCrosslinkHeight } = record
  const { foot } = branch
  loadCrosslinkCertificate(context, shard, lastCrosslinkHeight, (certificate) => {
    if (certificate !== undefined) options.show(record.epoch, certificate)
    const places = [
      pointRange('block', blockKey(shard, height, hash)),
      pointRange('block', blockKey(shard, foot.height, foot.hash)),
      pointRange('epoch', numberKey(shard, record.epoch)),
    ]
    context.load(places, ([tips, feet, starts]) => {
      if (self.stage !== 'walking') return
      self.stage = 'none'
      const block = blockIn(tips?.[0]?.value)
      const footBlock = blockIn(feet?.[0]?.value)
      // What a damaged disk has lost is looked for again with the next record.
      if (block === undefined || certificate === undefined || branch.blocks.length === 0) return
      if (footBlock === undefined && foot.height > 0) return
      const stored = starts?.[0] && decodeEpochStart(starts[0].value)
      const begun = startOf(self, { record, branch, footBlock, stored })
      if (begun === undefined) return
      self.stage = 'waiting'
      self.ready = { branch, footBlock, onto: { begun, tip: { block, certificate } } }
      moveIfReady(self)
    })
  })
}

function blockIn(bytes: Uint8Array | undefined): ChainBlock | undefined {
  const decoded = bytes && decodeShardChainBlock(bytes)
  return decoded?.ok === true ? decoded.value : undefined
}

/** The FINALIZATION by which the beacon recorded the block. */
function loadCrosslinkCertificate(
  context: Context,
  shard: ChainNumber,
  beaconHeight: number,
  answer: (certificate: Certificate | undefined) => void,
): void {
  const finals = pointRange('final', numberKey(BEACON_CHAIN, beaconHeight))
  context.load([finals], ([entries]) => {
    const final = entries?.[0] && readFinalEntry(entries[0])
    if (final === undefined) return answer(undefined)
    const key = blockKey(BEACON_CHAIN, beaconHeight, final.hash)
    context.load([pointRange('block', key)], ([blocks]) => {
      const block = blocks?.[0] && decodeBeaconBlock(blocks[0].value)
      const links = block?.ok === true ? block.value.body.crosslinks : []
      answer(links.find((crosslink) => crosslink.shard === shard)?.certificate)
    })
  })
}

type Found = {
  readonly record: ShardRecord
  readonly branch: Branch
  readonly footBlock: ChainBlock | undefined
  readonly stored: EpochStart | undefined
}

/** Where the epoch of the recorded block began on its branch: between two of its blocks, at the foot, or below, as here. */
function startOf(self: Moving, { record, branch, footBlock, stored }: Found) {
  const { epoch } = record
  const { blocks } = branch
  const first = blocks.findLastIndex((block) => block.epoch === epoch)
  const parent = blocks[first + 1] ?? footBlock
  if (parent === undefined) return { epoch, block: self.options.genesis, sealedEpoch: epoch }
  if (parent.epoch === epoch)
    return (
      stored ?? (epoch === 0 ? { epoch, block: self.options.genesis, sealedEpoch: 0 } : undefined)
    )
  const { hash, height, timestampMs } = parent
  // Its certificate may not be here, so this node answers nobody who asks how the epoch before ended.
  return { epoch, block: { hash, height, timestampMs }, sealedEpoch: epoch }
}

type Move = {
  readonly branch: Branch
  readonly footBlock: ChainBlock | undefined
  readonly onto: NewBranch
}

function wasElsewhere({ options, mutedThrough }: Moving): boolean {
  return options.chain().epoch <= mutedThrough
}

/** A state below the foot is on its way there by itself. */
function moveIfReady(self: Moving): void {
  const { options, ready } = self
  if (ready === undefined || options.isHeld()) return
  const { branch, footBlock, onto } = ready
  const { height } = branch.foot
  if (options.committedHeight() < height) return
  self.ready = undefined
  // Meanwhile the chain has come there by itself.
  if (options.chain().deliveredHeight > height && !wasElsewhere(self)) {
    self.stage = 'none'
    return
  }
  self.stage = 'moving'
  options.stop()
  const header = footBlock && shardBlockOf(footBlock).header
  const foot: Foot = { height, header }
  self.back.begin(foot, (reached) => finish(self, { branch, onto }, reached))
}

/** One write: the own blocks go, the recorded ones are final, and the engine's floor is the newest of them. */
function finish(
  self: Moving,
  { branch, onto }: Pick<Move, 'branch' | 'onto'>,
  reached: Reached,
): void {
  const { context, options } = self
  const { shard } = options
  for (const { table, key } of reached.orphans.records) {
    context.emit({ kind: 'write', write: { kind: 'delete', table, key }, sync: true })
  }
  for (const { height, hash } of branch.blocks.slice(1)) {
    const key = numberKey(shard, height)
    const write = { kind: 'put', table: 'final', key, value: concatBytes(hash) } as const
    context.emit({ kind: 'write', write, sync: true })
  }
  const { height, hash } = present(branch.blocks[0], 'the recorded block is not on the own chain')
  const { count: orphans, newest: from } = reached.orphans
  const taken = branch.blocks.length
  const { epoch } = onto.begun
  const fact = { kind: 'reorganised', shard, epoch, height, hash, orphans, from, taken } as const
  context.emit({ kind: 'report', fact })
  self.stage = 'none'
  self.agreed = hash
  options.goOn(onto, reached)
}
