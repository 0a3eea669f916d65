/**
 * The beacon at work in one node: its states per block, its crosslink candidates, and what the shards see of it.
 *
 * Invariants: a state exists for the finalized head and for every verified block above it; a candidate stands here only
 * after its certificate was checked; a certificate that was checked as a candidate is not paired again in a block.
 */
import { anchorViewOf } from '../beacon/anchor.ts'
import { decodeAnchorView, encodeAnchorView } from '../beacon/anchor-codec.ts'
import { beaconChainBlock, decodeBeaconBlock, type BeaconBlock } from '../beacon/block.ts'
import { checkCrosslink } from '../beacon/inclusion.ts'
import { revealRoot } from '../beacon/randao.ts'
import { buildBeaconBlock } from '../beacon/build.ts'
import { decodeBeaconState, encodeBeaconState } from '../beacon/state-codec.ts'
import type { BeaconState } from '../beacon/state.ts'
import {
  applyBeaconBlock,
  crosslinkCheck,
  signatureChecks,
  type BeaconExpectation,
} from '../beacon/transition.ts'
import type { EngineConfig } from '../consensus/engine-contract.ts'
import type { ChainBlock } from '../consensus/message.ts'
import type { AnchorView, Crosslink } from '../crosslink/crosslink.ts'
import { encodeCrosslink } from '../crosslink/crosslink-codec.ts'
import { assert, present } from '../primitives/assert.ts'
import { toHex } from '../primitives/bytes.ts'
import { sha256 } from '../primitives/hash.ts'
import { BEACON_CHAIN, type ChainNumber, type Hash } from '../primitives/identifiers.ts'
import { BEACON_HASH_RING } from '../primitives/limits.ts'
import { createChain, type Chain } from './chain.ts'
import type { Context } from './context.ts'
import type { NodeRestore } from './contract.ts'
import { numberKey } from './table.ts'

/** Checked crosslinks remembered: a few beacon blocks' worth of all shards. */
const CHECKED_MAX = 1024

export type BeaconChain = {
  readonly chain: Chain
  /** State at the finalized head. */
  readonly head: () => BeaconState
  /** The newest verified state: what is crosslinked, if not settled yet. */
  readonly newest: () => BeaconState
  readonly anchorOf: (hash: Hash) => AnchorView | undefined
  readonly headAnchor: () => AnchorView
  /** A crosslink from a member of its shard: kept if it advances the shard and its certificate is good. */
  readonly offer: (crosslink: Crosslink) => void
  readonly start: (restore: NodeRestore) => void
}

export type BeaconChainOptions = {
  readonly engine: EngineConfig
  readonly committee: readonly number[]
  readonly genesisState: BeaconState
  readonly topics: { readonly finality: string; readonly body: string }
  /** The finalized head moved; the state and all effects of it are in place. */
  readonly onFinalized: (state: BeaconState, block: BeaconBlock) => void
}

export function createBeaconChain(context: Context, options: BeaconChainOptions): BeaconChain {
  const { engine } = options
  let head = options.genesisState
  const states = new Map<string, BeaconState>([[toHex(head.headHash), head]])
  const anchors = new Map<string, AnchorView>([[toHex(head.headHash), anchorViewOf(head)]])
  const candidates = new Map<ChainNumber, Crosslink>()
  const checked = new Set<string>()
  const checking = new Set<string>()

  function newest(): BeaconState {
    let best = head
    for (const state of states.values()) if (state.height > best.height) best = state
    return best
  }

  function updateWork(): void {
    const base = newest()
    let pending = false
    for (const [shard, crosslink] of candidates) {
      if (checkCrosslink(base, crosslink, base.height + 1).ok) pending = true
      else if (!checkCrosslink(head, crosslink, head.height + 1).ok) candidates.delete(shard)
    }
    chain.work(pending)
  }

  function build(view: number, parentHash: Hash): void {
    const state = states.get(toHex(parentHash))
    if (state === undefined) return chain.built(view, undefined)
    const { genesisHash, epoch } = engine.domain
    context.reveal(revealRoot(genesisHash, epoch, view), (reveal) => {
      const built = buildBeaconBlock(state, {
        view,
        seat: engine.seat,
        timestampMs: context.now(),
        reveal,
        crosslinks: [...candidates.values()],
      })
      const block = beaconChainBlock(built.bytes)
      assert(block.ok, 'a block that was just built decodes')
      states.set(toHex(block.value.hash), built.state)
      chain.built(view, block.value)
    })
  }

  function verify(block: ChainBlock, certified: boolean): void {
    const key = toHex(block.hash)
    if (states.has(key)) return chain.verified(block.hash, true)
    const decoded = decodeBeaconBlock(block.bytes)
    const parent = states.get(toHex(block.parentHash))
    if (!decoded.ok || parent === undefined) return refuse(block, 'malformed', 'no such parent')
    const { header, body } = decoded.value
    const unchecked = body.crosslinks.filter((crosslink) => !checked.has(keyOf(crosslink)))
    const demands = signatureChecks(parent, {
      header,
      body: { reveal: body.reveal, crosslinks: unchecked },
    })
    // R4: timeliness is a rule of acceptance; a certified block is taken whatever its stamp.
    const expected = certified ? {} : { view: block.view, nowMs: context.now() }
    context.check(demands, (answers) => {
      if (answers.some((answer) => !answer.ok)) {
        return refuse(block, 'signature', 'a reveal or a certificate does not verify')
      }
      for (const crosslink of unchecked) remember(crosslink)
      apply(block, decoded.value, parent, expected)
    })
  }

  function apply(
    block: ChainBlock,
    decoded: BeaconBlock,
    parent: BeaconState,
    expected: BeaconExpectation,
  ): void {
    const result = applyBeaconBlock(parent, decoded, expected)
    if (!result.ok) return refuse(block, result.reject.code, result.reject.detail)
    states.set(toHex(block.hash), result.value)
    updateWork()
    chain.verified(block.hash, true)
  }

  function refuse(block: ChainBlock, code: string, detail: string): void {
    const fact = { kind: 'refused-block', chain: BEACON_CHAIN, code, detail } as const
    context.emit({ kind: 'report', fact })
    chain.verified(block.hash, false)
  }

  function remember(crosslink: Crosslink): void {
    checked.add(keyOf(crosslink))
    if (checked.size > CHECKED_MAX) forgetOldest(checked)
  }

  function finalized(block: ChainBlock): void {
    const decoded = decodeBeaconBlock(block.bytes)
    assert(decoded.ok, 'a finalized beacon block decodes')
    const state = states.get(toHex(block.hash)) ?? catchUp(decoded.value)
    head = state
    states.set(toHex(block.hash), state)
    for (const [key, other] of states) {
      if (other.height <= head.height && other !== head) states.delete(key)
    }
    const anchor = anchorViewOf(head)
    rememberAnchor(anchor)
    writeHead(anchor)
    updateWork()
    context.emit({ kind: 'beacon-head', height: head.height })
    options.onFinalized(head, decoded.value)
  }

  /** A block finalized by its committee before this node verified it: its certificate vouches for the signatures. */
  function catchUp(decoded: BeaconBlock): BeaconState {
    const result = applyBeaconBlock(head, decoded)
    assert(result.ok, 'a block that its committee finalized is valid here too (else: divergence)')
    return result.value
  }

  function rememberAnchor(anchor: AnchorView): void {
    anchors.set(toHex(anchor.beaconHash), anchor)
    if (anchors.size > BEACON_HASH_RING) forgetOldest(anchors)
  }

  function writeHead(anchor: AnchorView): void {
    const put = (table: string, key: Uint8Array, value: Uint8Array): void =>
      context.emit({ kind: 'write', write: { kind: 'put', table, key, value }, sync: true })
    put('state', numberKey(BEACON_CHAIN), encodeBeaconState(head))
    put('anchor', numberKey(BEACON_CHAIN, anchor.beaconHeight), encodeAnchorView(anchor))
  }

  function offer(crosslink: Crosslink): void {
    const { shard, tip } = crosslink
    const known = candidates.get(shard)
    if (known !== undefined && known.tip.height >= tip.height) {
      // An older candidate that no longer applies must not keep a fresh one out.
      if (checkCrosslink(head, known, head.height + 1).ok) return
    }
    if (!checkCrosslink(head, crosslink, head.height + 1).ok) return
    const key = keyOf(crosslink)
    if (checked.has(key)) return accept(crosslink)
    const demand = crosslinkCheck(head, crosslink)
    if (demand === undefined || checking.has(key)) return
    checking.add(key)
    context.check([demand], ([answer]) => {
      checking.delete(key)
      if (answer?.ok !== true) return
      remember(crosslink)
      accept(crosslink)
    })
  }

  function accept(crosslink: Crosslink): void {
    candidates.set(crosslink.shard, crosslink)
    updateWork()
  }

  const chain: Chain = createChain(context, {
    engine,
    committee: options.committee,
    topics: options.topics,
    application: { decodeBlock: beaconChainBlock, build, verify, finalized },
  })

  return {
    chain,
    head: () => head,
    newest,
    anchorOf: (hash) => anchors.get(toHex(hash)),
    headAnchor: () => present(anchors.get(toHex(head.headHash)), 'the head is an anchor'),
    offer,
    start: (restore) => {
      if (restore.beaconState !== undefined) {
        const state = decodeBeaconState(restore.beaconState)
        assert(state.ok, 'a stored beacon state that passed its checksum decodes')
        head = state.value
        states.clear()
        states.set(toHex(head.headHash), head)
      }
      for (const bytes of restore.anchors) {
        const anchor = decodeAnchorView(bytes)
        assert(anchor.ok, 'a stored anchor that passed its checksum decodes')
        rememberAnchor(anchor.value)
      }
      chain.start(restore.chains.find((one) => one.chain === BEACON_CHAIN))
    },
  }
}

/** All of it, certificate included: a good certificate for a tip says nothing about another one for the same tip. */
function keyOf(crosslink: Crosslink): string {
  return toHex(sha256(encodeCrosslink(crosslink)))
}

function forgetOldest(keyed: Pick<Map<string, unknown> | Set<string>, 'keys' | 'delete'>): void {
  for (const oldest of keyed.keys()) {
    keyed.delete(oldest)
    return
  }
}
