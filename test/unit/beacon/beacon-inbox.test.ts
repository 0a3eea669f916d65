/** The beacon's inbox: every receipt once, in order; claims about proofs of possession; what comes back over the channel. */
import { describe, expect, it } from 'vitest'
import { anchorViewOf } from '../../../node/beacon/anchor.ts'
import { decodeAnchorView, encodeAnchorView } from '../../../node/beacon/anchor-codec.ts'
import {
  BEACON_RECEIPTS_MAX,
  cutToRoom,
  takeIn,
  type BeaconItem,
} from '../../../node/beacon/beacon-inbox.ts'
import { areClaimsTrue, possessionClaims } from '../../../node/beacon/possession.ts'
import { registrySum } from '../../../node/beacon/registry-step.ts'
import { beaconStateRoot } from '../../../node/beacon/state-root.ts'
import { recordOf, type BeaconState } from '../../../node/beacon/state.ts'
import { applyBeaconBlock } from '../../../node/beacon/transition.ts'
import { beaconBlockHash, contentsHash } from '../../../node/crosslink/header-codec.ts'
import { encodeBeaconBody } from '../../../node/beacon/block.ts'
import { outRootOf } from '../../../node/crosslink/channel.ts'
import { present } from '../../../node/primitives/assert.ts'
import { hashOf } from '../crosslink/examples.ts'
import { buildOn, crosslinkOver, headersOn, scheme } from './network.ts'
import {
  createStakeWorld,
  deposit,
  reasonOf,
  STAKE,
  stakeGenesis,
  VALIDATORS,
} from './stake-world.ts'

const genesis = stakeGenesis()

function codeOf(state: BeaconState, items: readonly BeaconItem[]): string {
  const taken = takeIn(state, items)
  return taken.ok ? 'accepted' : taken.reject.code
}

function verify(state: BeaconState, items: readonly BeaconItem[]): boolean {
  const claims = possessionClaims(state, items)
  const answers = claims
    .flatMap(({ demands }) => demands)
    .map(({ publicKeys: [key], message, signatures: [signature] }) => ({
      ok: scheme.verify(present(key, 'one key'), message, present(signature, 'one signature')),
    }))
  return areClaimsTrue(claims, answers)
}

describe('beacon: inbox', () => {
  it('beacon: inbox: C.9: a receipt is consumed once, in order, by the cursor under the state root', () => {
    const world = createStakeWorld(genesis)
    world.send(1, [deposit(genesis, 8)])
    const first = world.item(1)
    expect(codeOf(world.state, [first])).toBe('accepted')
    const before = world.state
    world.consume(1)
    expect(world.state.validators).toHaveLength(VALIDATORS + 1)
    // Planted: the same batch again.
    expect(codeOf(world.state, [first])).toBe('sequence-mismatch')
    world.send(1, [deposit(genesis, 9)])
    const both = { ...world.item(1), batches: [...first.batches, ...world.item(1).batches] }
    expect(codeOf(world.state, [both])).toBe('sequence-mismatch')
    // Planted: a cursor that is not under the root would let one state stand for two.
    const rewound = { ...world.state, incoming: before.incoming }
    expect(beaconStateRoot(rewound)).not.toEqual(beaconStateRoot(world.state))
    const unsent = {
      ...world.state,
      outgoing: [...world.state.outgoing.slice(0, 2), present(first.leaf, 'a leaf')],
    }
    expect(beaconStateRoot(unsent)).not.toEqual(beaconStateRoot(world.state))
  })

  it('beacon: inbox: C.9: only what a crosslink has recorded is consumed', () => {
    const world = createStakeWorld(genesis)
    world.send(1, [deposit(genesis, 8)])
    const recorded = world.item(1)
    expect(codeOf(genesis, [recorded])).toBe('branch-mismatch')
    expect(codeOf(world.state, [{ ...recorded, source: 2 }])).toBe('branch-mismatch')
    expect(codeOf(world.state, [{ ...recorded, source: 3 }])).toBe('unknown-source')
    expect(codeOf(world.state, [{ ...recorded, batches: [] }])).toBe('inbox-empty')
    expect(codeOf(world.state, [recorded, recorded])).toBe('inbox-order')
  })

  it('beacon: inbox: C.9: a block consumes whole batches, 32 receipts at most', () => {
    const world = createStakeWorld(genesis)
    const many = (count: number) =>
      Array.from({ length: count }, () => deposit(genesis, 8, { amount: 1n }))
    world.send(1, many(BEACON_RECEIPTS_MAX))
    world.send(1, many(1))
    expect(codeOf(world.state, [world.item(1)])).toBe('inbox-excess')
    const cut = cutToRoom(world.item(1), BEACON_RECEIPTS_MAX)
    expect(cut.batches).toHaveLength(1)
    expect(codeOf(world.state, [cut])).toBe('accepted')
    // The builder cuts by itself, and goes on with the next block.
    world.consume(1)
    expect(world.state.incoming[1]?.nextSequence).toBe(BEACON_RECEIPTS_MAX)
    world.consume(1)
    expect(world.state.incoming[1]?.nextSequence).toBe(BEACON_RECEIPTS_MAX + 1)
  })

  it('beacon: inbox: B.9: a block that vouches for a bad proof, or denies a good one, is refused', () => {
    const world = createStakeWorld(genesis)
    const forged = { possession: new Uint8Array(32) }
    world.send(1, [deposit(genesis, 8), deposit(genesis, 9, forged)])
    expect(verify(world.state, [world.item(1, [1])])).toBe(true)
    expect(verify(world.state, [world.item(1)])).toBe(false)
    expect(verify(world.state, [world.item(1, [0, 1])])).toBe(false)
    expect(codeOf(world.state, [world.item(1, [2])])).toBe('unproved-unknown')
    expect(codeOf(world.state, [world.item(1, [1, 1])])).toBe('unproved-unknown')
    world.consume(1, [1])
    expect(world.state.validators).toHaveLength(VALIDATORS + 1)
    expect(world.take().map(reasonOf)).toEqual(['no-possession'])
  })

  it('beacon: inbox: B.9: a proof of possession signs payout, peer and network', () => {
    const world = createStakeWorld(genesis)
    const { possession } = { possession: deposit(genesis, 8).payload.slice(-32) }
    world.send(1, [deposit(genesis, 8, { possession, payoutShard: 1 })])
    expect(verify(world.state, [world.item(1)])).toBe(false)
    const elsewhere = createStakeWorld(genesis)
    elsewhere.send(1, [deposit({ ...genesis, genesisHash: hashOf('other') }, 8)])
    expect(verify(elsewhere.state, [elsewhere.item(1)])).toBe(false)
  })

  it('beacon: inbox: C.9: a follower computes the same state, and a changed inbox is another block', () => {
    const world = createStakeWorld(genesis)
    world.send(1, [deposit(genesis, 8)])
    const { block, state } = buildOn(world.state, [], { inbox: [world.item(1)] })
    const applied = applyBeaconBlock(world.state, block)
    expect(applied.ok && applied.value).toEqual(state)
    const body = { ...block.body, inbox: [world.item(1, [0])] }
    const header = { ...block.header, contentsHash: contentsHash(encodeBeaconBody(body)) }
    const changed = applyBeaconBlock(world.state, { header, body })
    expect(changed.ok).toBe(false)
    expect(beaconBlockHash(header)).not.toEqual(state.headHash)
  })

  it('beacon: inbox: C.9: answers go out in a batch per shard, anchors show them, and a shard may send them on', () => {
    const world = createStakeWorld(genesis)
    world.ask(1, [deposit(genesis, 8, { amount: 3n }), deposit(genesis, 9, { amount: 4n })])
    const { sent, outgoing, height } = world.state
    expect(
      sent.map(({ source, destination, startSequence }) => [source, destination, startSequence]),
    ).toEqual([[0, 1, 0]])
    expect(sent[0]?.height).toBe(height)
    expect(outgoing[1]).toMatchObject({ nextSequence: 2, value: 7n })
    const view = anchorViewOf(world.state)
    expect(view.beacon.cursors).toEqual([0, 2, 0])
    expect(view.beacon.outRoot).toEqual(outRootOf(outgoing))
    const decoded = decodeAnchorView(encodeAnchorView(view))
    expect(decoded.ok && decoded.value).toEqual(view)
    expect(registrySum(world.state)).toBe(8n * STAKE)
  })

  it('beacon: inbox: C.9: a shard that takes no answers is not listened to beyond the window', () => {
    const world = createStakeWorld(genesis)
    const late = {
      ...world.state,
      outgoing: world.state.outgoing.map((channel) => ({ ...channel, nextSequence: 896 })),
    }
    world.state = late
    world.send(1, [deposit(genesis, 8)])
    expect(codeOf(world.state, [world.item(1)])).toBe('inbox-window')
    const record = recordOf(world.state, 1)
    const headers = headersOn(world.state, record, {
      tip: { cursors: [1, 0, 0], outRoot: record.outRoot },
    })
    const channels = [world.item(1).leaf, ...genesis.outgoing.slice(1)]
    world.state = buildOn(world.state, [crosslinkOver(world.state, headers, { channels })]).state
    expect(codeOf(world.state, [world.item(1)])).toBe('accepted')
  })
})
