/**
 * The beacon at work in one node: its states per block, its crosslink candidates, and what the shards see of it.
 *
 * Invariants: a state exists for the finalized head and for every verified block above it; a certificate that was checked
 * as a candidate is not paired again in a block. A final block that is not valid here is reported, and the head stays
 * where it is (R8).
 */
import { anchorViewOf } from '../beacon/anchor.ts'
import { decodeAnchorView, encodeAnchorView } from '../beacon/anchor-codec.ts'
import type { BeaconBlock } from '../beacon/block.ts'
import { buildBeaconBlock } from '../beacon/build.ts'
import { epochAfter } from '../beacon/epoch.ts'
import { areClaimsTrue, possessionClaims } from '../beacon/possession.ts'
import { revealRoot } from '../beacon/randao.ts'
import type { ShardChange } from '../beacon/shard-change.ts'
import { decodeBeaconState, encodeBeaconState } from '../beacon/state-codec.ts'
import type { BeaconState } from '../beacon/state.ts'
import { applyBeaconBlock, signatureChecks, type BeaconExpectation } from '../beacon/transition.ts'
import type { ChainBlock } from '../consensus/message.ts'
import type { AnchorView, Crosslink } from '../crosslink/crosslink.ts'
import type { ReceiptBatch } from '../crosslink/receipt.ts'
import { encodeReceiptBatch } from '../crosslink/receipt-codec.ts'
import { assert, present } from '../primitives/assert.ts'
import { toHex } from '../primitives/bytes.ts'
import { BEACON_CHAIN, type Hash } from '../primitives/identifiers.ts'
import { BEACON_HASH_RING } from '../primitives/limits.ts'
import { createAccusations, type AccusationOptions, type Accusations } from './accusations.ts'
import { createBeaconIntake, type BeaconIntake, type BeaconIntakeOptions } from './beacon-intake.ts'
import type { ChannelLeaves } from './channel-leaves.ts'
import type { Context } from './context.ts'
import type { NodeRestore } from './contract.ts'
import { beaconBlockOf, decodeBeaconChainBlock } from './beacon-block.ts'
import { createForkProofs, type ForkProofs } from './fork-proofs.ts'
import {
  createEpochChain,
  type ChainPlace,
  type EpochChain,
  type EpochChainOptions,
} from './epoch-chain.ts'
import { createCrosslinkCandidates, type CrosslinkCandidates } from './crosslink-candidates.ts'
import { numberKey, type TableName } from './table.ts'

export type BeaconChain = {
  readonly chain: EpochChain
  /** State at the finalized head. */
  readonly head: () => BeaconState
  /** The newest verified state: what is crosslinked, if not settled yet. */
  readonly newest: () => BeaconState
  readonly anchorOf: (hash: Hash) => AnchorView | undefined
  readonly headAnchor: () => AnchorView
  /** A crosslink from a member of its shard. */
  readonly offer: (crosslink: Crosslink) => void
  readonly accusations: Pick<Accusations, 'found' | 'offer'>
  readonly forks: Pick<ForkProofs, 'found' | 'offer'>
  /** Receipts of shards to the beacon (C.9), from this validator; and those held, for a fellow. */
  readonly receive: (batches: readonly ReceiptBatch[], from: number) => void
  readonly heldReceipts: BeaconIntake['held']
  /** When to call `tick`; Infinity: not needed. */
  readonly deadline: () => number
  readonly tick: () => void
  /** Changes of the set of shards that this node asks for in the blocks it proposes (B.7). */
  readonly support: (changes: readonly ShardChange[]) => void
  readonly updateWork: () => void
  readonly start: (restore: NodeRestore) => void
}

export type BeaconChainOptions = {
  readonly epochs: ChainPlace
  readonly genesisState: BeaconState
  readonly registry: Pick<AccusationOptions, 'seatsOf' | 'others'>
  readonly leaves: Pick<ChannelLeaves, 'of' | 'know'>
  readonly holdersOf: BeaconIntakeOptions['holdersOf']
  /** After a block of this height, how long whoever has no seat waits for the next one before it asks (B.15). */
  readonly patienceMs?: ((height: number) => number) | undefined
  /** The head that was stored is known; nothing has begun yet. */
  readonly onRestored: (head: BeaconState) => void
  /** The finalized head moved; the state and all effects of it are in place. */
  readonly onFinalized: (block: BeaconBlock) => void
}

/** A verified block's state, and the view it was proposed in. */
type Verified = { readonly state: BeaconState; readonly view: number }

type Beacon = {
  readonly context: Context
  readonly options: BeaconChainOptions
  readonly chain: EpochChain
  readonly candidates: CrosslinkCandidates
  readonly accusations: Accusations
  readonly forks: ForkProofs
  readonly intake: BeaconIntake
  readonly verified: Map<string, Verified>
  /** Recent ones, by block hash; block 0 is never forgotten. */
  readonly anchors: Map<string, AnchorView>
  readonly genesisAnchor: AnchorView
  head: BeaconState
  headAnchor: AnchorView
  wishes: readonly ShardChange[]
  diverged: boolean
}

export function createBeaconChain(context: Context, options: BeaconChainOptions): BeaconChain {
  const head = options.genesisState
  const genesisAnchor = anchorViewOf(head)
  const self: Beacon = {
    context,
    options,
    chain: createEpochChain(
      context,
      chainOptions(options, () => self),
    ),
    candidates: createCrosslinkCandidates(
      context,
      () => self.head,
      () => updateWork(self),
    ),
    accusations: createAccusations(context, {
      ...options.registry,
      head: () => self.head,
      accepted: () => updateWork(self),
    }),
    forks: createForkProofs(context, {
      others: options.registry.others,
      head: () => self.head,
      accepted: () => updateWork(self),
    }),
    intake: createBeaconIntake(context, {
      genesisHash: head.genesisHash,
      leavesOf: options.leaves.of,
      holdersOf: options.holdersOf,
      judged: () => updateWork(self),
    }),
    verified: new Map([[toHex(head.headHash), { state: head, view: 0 }]]),
    anchors: new Map(),
    genesisAnchor,
    head,
    headAnchor: genesisAnchor,
    wishes: [],
    diverged: false,
  }
  return {
    chain: self.chain,
    head: () => self.head,
    newest: () => newest(self),
    anchorOf: (hash) => anchorOf(self, toHex(hash)),
    headAnchor: () => self.headAnchor,
    offer: self.candidates.offer,
    accusations: self.accusations,
    forks: self.forks,
    receive: (batches, from) => {
      for (const batch of batches) self.intake.add(batch, from)
      updateWork(self)
    },
    heldReceipts: self.intake.held,
    deadline: self.intake.deadline,
    tick: () => {
      if (context.now() >= self.intake.deadline()) updateWork(self)
    },
    support: (changes) => {
      self.wishes = changes
    },
    updateWork: () => updateWork(self),
    start: (restore) => start(self, restore),
  }
}

function chainOptions(options: BeaconChainOptions, self: () => Beacon): EpochChainOptions {
  const { genesisState, patienceMs } = options
  const { epochRules } = genesisState
  return {
    ...options.epochs,
    patienceMs: patienceMs && (() => patienceMs(self().head.height)),
    epochAfter: ({ height }) => epochAfter(epochRules, height),
    turned: () => turned(self()),
    application: {
      decodeBlock: decodeBeaconChainBlock,
      build: (view: number, parentHash: Hash) => build(self(), view, parentHash),
      verify: (block: ChainBlock, certified: boolean) => verify(self(), block, certified),
      finalized: (block: ChainBlock) => finalized(self(), block),
    },
  }
}

function start(self: Beacon, restore: NodeRestore): void {
  if (restore.beaconState !== undefined) {
    const state = decodeBeaconState(restore.beaconState)
    assert(state.ok, 'a stored beacon state that passed its checksum decodes')
    self.head = state.value
    self.verified.clear()
    self.verified.set(toHex(self.head.headHash), { state: self.head, view: 0 })
  }
  for (const bytes of restore.anchors) {
    const anchor = decodeAnchorView(bytes)
    assert(anchor.ok, 'a stored anchor that passed its checksum decodes')
    rememberAnchor(self, anchor.value)
  }
  self.headAnchor = present(anchorOf(self, toHex(self.head.headHash)), 'the head is an anchor')
  // The engine asks who sits in its committee: perhaps somebody who has joined since genesis (B.9).
  self.options.onRestored(self.head)
  self.chain.start(restore.chains.find((one) => one.chain === BEACON_CHAIN))
}

function newest({ head, verified }: Beacon): BeaconState {
  let best = head
  for (const { state } of verified.values()) if (state.height > best.height) best = state
  return best
}

/** The state that the next block will stand on: of the proposal under vote, else of the newest notarized block. */
function openState({ chain, verified, head }: Beacon): BeaconState {
  const { view, notarizedTip } = chain.status()
  for (const one of verified.values()) if (one.view === view) return one.state
  return verified.get(toHex(notarizedTip.hash))?.state ?? head
}

/** A.7: a candidate, an accusation or receipts that the next block could take are work. */
function updateWork(self: Beacon): void {
  const base = openState(self)
  const hasCandidates = self.candidates.review(self.head, base)
  const hasAccusations = self.accusations.review(base)
  const hasForks = self.forks.review(base)
  const hasReceipts = self.intake.items(base).length > 0
  self.chain.work(hasCandidates || hasAccusations || hasForks || hasReceipts)
}

/** Views begin anew, so what was verified in the old ones is no proposal of these; and others may sit here. */
function turned(self: Beacon): void {
  const { head, verified } = self
  verified.clear()
  verified.set(toHex(head.headHash), { state: head, view: 0 })
  self.accusations.retell()
  self.forks.retell()
  updateWork(self)
}

function build(self: Beacon, view: number, parentHash: Hash): void {
  const { context, chain } = self
  const parent = self.verified.get(toHex(parentHash))
  if (parent === undefined || self.diverged) return chain.built(view, undefined)
  const { epoch, seat } = chain
  context.reveal(revealRoot(self.head.genesisHash, epoch, view), (reveal) => {
    // The epoch may have ended while the reveal was signed.
    if (chain.epoch !== epoch) return
    const {
      bytes,
      state,
      block: built,
    } = buildBeaconBlock(parent.state, {
      view,
      seat,
      timestampMs: context.wallMs(),
      reveal,
      crosslinks: self.candidates.all(),
      accusations: self.accusations.all(),
      forks: self.forks.all(),
      inbox: self.intake.items(parent.state),
      wishes: self.wishes,
    })
    const block = decodeBeaconChainBlock(bytes)
    assert(block.ok, 'a block that was just built decodes')
    self.verified.set(toHex(block.value.hash), { state, view })
    self.options.leaves.know(built)
    chain.built(view, block.value)
    updateWork(self)
  })
}

function verify(self: Beacon, block: ChainBlock, certified: boolean): void {
  const { context, candidates } = self
  if (self.verified.has(toHex(block.hash))) return self.chain.verified(block.hash, true)
  const decoded = beaconBlockOf(block)
  if (!decoded.ok) return refuse(self, block, 'malformed', decoded.reject.detail)
  const parent = self.verified.get(toHex(block.parentHash))?.state
  if (parent === undefined) return refuse(self, block, 'unknown-parent', 'no such parent')
  const { header, body } = decoded.value
  const unchecked = body.crosslinks.filter((crosslink) => !candidates.isChecked(crosslink))
  const demands = signatureChecks(parent, {
    header,
    body: { ...body, crosslinks: unchecked },
  })
  const claims = possessionClaims(parent, body.inbox)
  // R4: timeliness is a rule of acceptance; a certified block is taken whatever its stamp.
  const expected = certified ? {} : { view: block.view, nowMs: context.wallMs() }
  const asked = [...demands, ...claims.flatMap((claim) => claim.demands)]
  context.check(asked, (answers) => {
    const isSigned = answers.slice(0, demands.length).every(({ ok }) => ok)
    // B.9: a block that denies a good proof lies like one that vouches for a bad one.
    if (!isSigned || !areClaimsTrue(claims, answers.slice(demands.length))) {
      return refuse(self, block, 'signature', 'a reveal or a certificate does not verify')
    }
    for (const crosslink of unchecked) candidates.remember(crosslink)
    apply(self, block, { decoded: decoded.value, parent, expected })
  })
}

function apply(
  self: Beacon,
  block: ChainBlock,
  step: {
    readonly decoded: BeaconBlock
    readonly parent: BeaconState
    readonly expected: BeaconExpectation
  },
): void {
  const result = applyBeaconBlock(step.parent, step.decoded, step.expected)
  if (!result.ok) return refuse(self, block, result.reject.code, result.reject.detail)
  // While its signatures were checked the block may have become final by other ways.
  if (block.height > self.head.height) {
    self.verified.set(toHex(block.hash), { state: result.value, view: block.view })
    self.options.leaves.know(step.decoded)
  }
  self.chain.verified(block.hash, true)
  updateWork(self)
}

function refuse(self: Beacon, block: ChainBlock, code: string, detail: string): void {
  const fact = { kind: 'refused-block', chain: BEACON_CHAIN, code, detail } as const
  self.context.emit({ kind: 'report', fact })
  self.chain.verified(block.hash, false)
}

function finalized(self: Beacon, block: ChainBlock): void {
  if (self.diverged) return
  const decoded = beaconBlockOf(block)
  if (!decoded.ok) return diverge(self, block, decoded.reject.detail)
  const state = self.verified.get(toHex(block.hash))?.state ?? catchUp(self, block, decoded.value)
  if (state === undefined) return
  self.head = state
  self.verified.set(toHex(block.hash), { state, view: block.view })
  for (const [key, other] of self.verified) {
    if (other.state.height <= state.height && other.state !== state) self.verified.delete(key)
  }
  self.headAnchor = anchorViewOf(state)
  rememberAnchor(self, self.headAnchor)
  writeHead(self)
  self.intake.prune(state.incoming)
  updateWork(self)
  self.context.emit({ kind: 'beacon-head', state })
  self.options.onFinalized(decoded.value)
}

/** A block finalized by its committee before this node verified it: its certificate vouches for the signatures. */
function catchUp(self: Beacon, block: ChainBlock, decoded: BeaconBlock): BeaconState | undefined {
  const result = applyBeaconBlock(self.head, decoded)
  if (result.ok) return result.value
  diverge(self, block, `${result.reject.code}: ${result.reject.detail}`)
  return undefined
}

/** R8: this node and the beacon's committee disagree about a final block. */
function diverge(self: Beacon, { height }: ChainBlock, detail: string): void {
  self.diverged = true
  const fact = { kind: 'divergence', chain: BEACON_CHAIN, height, detail } as const
  self.context.emit({ kind: 'report', fact })
}

function anchorOf({ anchors, genesisAnchor }: Beacon, key: string): AnchorView | undefined {
  return anchors.get(key) ?? (toHex(genesisAnchor.beaconHash) === key ? genesisAnchor : undefined)
}

function rememberAnchor({ anchors }: Beacon, anchor: AnchorView): void {
  anchors.set(toHex(anchor.beaconHash), anchor)
  if (anchors.size <= BEACON_HASH_RING) return
  for (const oldest of anchors.keys()) {
    anchors.delete(oldest)
    return
  }
}

/** With the batches that the block sent (C.9): shards of this node take them from the store when they have forgotten them. */
function writeHead({ context, head, headAnchor }: Beacon): void {
  const put = (table: TableName, key: Uint8Array, value: Uint8Array): void =>
    context.emit({ kind: 'write', write: { kind: 'put', table, key, value }, sync: true })
  put('state', numberKey(BEACON_CHAIN), encodeBeaconState(head))
  put('anchor', numberKey(BEACON_CHAIN, headAnchor.beaconHeight), encodeAnchorView(headAnchor))
  for (const batch of head.sent) {
    const key = numberKey(BEACON_CHAIN, batch.destination, batch.startSequence)
    put('batch', key, encodeReceiptBatch(batch))
  }
}
