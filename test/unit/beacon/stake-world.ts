/**
 * Shards that send stake to a small beacon: their channels to chain 0 are kept here, crosslinks record them, and items for the
 * beacon's inbox are cut from what was sent.
 */
import { expect } from 'vitest'
import type { BeaconItem } from '../../../node/beacon/beacon-inbox.ts'
import { ONE_EPOCH } from '../../../node/beacon/epoch.ts'
import { DEFAULT_REGISTRY } from '../../../node/beacon/registry.ts'
import { recordOf, type BeaconState } from '../../../node/beacon/state.ts'
import {
  emptyChannels,
  extendChannel,
  outBranch,
  outRootOf,
} from '../../../node/crosslink/channel.ts'
import type { ChannelHead, Receipt, ReceiptBatch } from '../../../node/crosslink/receipt.ts'
import {
  encodeExit,
  encodeRegistration,
  registrationRoot,
  type Registration,
} from '../../../node/crosslink/registration.ts'
import { present } from '../../../node/primitives/assert.ts'
import { addressOf, hashOf } from '../crosslink/examples.ts'
import {
  buildOn,
  crosslinkOver,
  exampleGenesis,
  exampleState,
  headersOn,
  keyOf,
  scheme,
} from './network.ts'

export const EPOCH_BLOCKS = 4
export const { stake: STAKE, unbondEpochs: UNBOND } = DEFAULT_REGISTRY
export const VALIDATORS = 8

const RICH = 1_000_000n * 10n ** 18n

/** Eight validators, two rich shards, short epochs. */
export function stakeGenesis(blocks: number = EPOCH_BLOCKS): BeaconState {
  return exampleState(
    exampleGenesis({
      epochs: { ...ONE_EPOCH, blocks },
      validatorCount: VALIDATORS,
      allocations: [{ address: addressOf('rich'), shard: 0, balance: RICH }],
    }),
  )
}

export type Order = Pick<Receipt, 'kind' | 'amount' | 'payload'> & Partial<Pick<Receipt, 'from'>>

/** What the key of this name would register. */
function registrationOf(
  state: BeaconState,
  name: number,
  changes: Partial<Registration> = {},
): Registration {
  const { publicKey, secretKey } = keyOf(name)
  const terms = {
    publicKey,
    peer: `peer-${name}`,
    payout: addressOf(`payout ${name}`),
    payoutShard: 2,
    ...changes,
  }
  const root = registrationRoot(state.genesisHash, terms)
  return { ...terms, possession: changes.possession ?? scheme.sign(secretKey, root) }
}

export function deposit(
  state: BeaconState,
  name: number,
  changes: Partial<Registration> & { amount?: bigint } = {},
): Order {
  const { amount = STAKE, ...terms } = changes
  const payload = encodeRegistration(registrationOf(state, name, terms))
  return { kind: 'deposit', amount, payload }
}

export function exit(validator: number, from = addressOf(`payout ${validator}`)): Order {
  return { kind: 'exit', amount: 0n, payload: encodeExit(validator), from }
}

type Lane = { channels: readonly ChannelHead[]; readonly batches: ReceiptBatch[] }

export type StakeWorld = {
  state: BeaconState
  /** Shard k sends these to the beacon in one batch, and a beacon block records it. */
  readonly send: (shard: number, orders: readonly Order[]) => void
  /** What the shard has sent and the beacon has not consumed, as an item. */
  readonly item: (shard: number, unproved?: readonly number[]) => BeaconItem
  /** Consumes all of it. */
  readonly consume: (shard: number, unproved?: readonly number[]) => void
  /** Sends and consumes. */
  readonly ask: (shard: number, orders: readonly Order[], unproved?: readonly number[]) => void
  /** Blocks without contents until the epoch has begun. */
  readonly reach: (epoch: number) => void
  /** Receipts that the beacon has sent since the last call, in order. */
  readonly take: () => readonly Receipt[]
}

export function createStakeWorld(genesis: BeaconState = stakeGenesis()): StakeWorld {
  const lanes = new Map<number, Lane>()
  let taken: Receipt[] = []
  const laneOf = (shard: number): Lane => {
    const lane = lanes.get(shard) ?? { channels: emptyChannels(2), batches: [] }
    lanes.set(shard, lane)
    return lane
  }
  const step = (...given: [Parameters<typeof buildOn>[1], Parameters<typeof buildOn>[2]]): void => {
    const { state, skipped } = buildOn(world.state, ...given)
    expect(skipped).toEqual([])
    world.state = state
    taken.push(...world.state.sent.flatMap(({ receipts }) => receipts))
  }
  const world: StakeWorld = {
    state: genesis,
    send: (shard, orders) => {
      const lane = laneOf(shard)
      extend(lane, shard, orders)
      const tip = {
        outRoot: outRootOf(lane.channels),
        cursors: [...recordOf(world.state, shard).cursors],
      }
      const headers = headersOn(world.state, recordOf(world.state, shard), { tip })
      step([crosslinkOver(world.state, headers, { channels: lane.channels })], {})
    },
    item: (shard, unproved = []) => {
      const { channels, batches } = laneOf(shard)
      const from = present(world.state.incoming[shard], 'the shard is there').nextSequence
      return {
        source: shard,
        leaf: present(channels[0], 'there is a channel to the beacon'),
        branch: outBranch(channels, 0),
        batches: batches.filter(({ startSequence }) => startSequence >= from),
        tailDigests: [],
        unproved,
      }
    },
    consume: (shard, unproved) => step([], { inbox: [world.item(shard, unproved)] }),
    ask: (shard, orders, unproved) => {
      world.send(shard, orders)
      world.consume(shard, unproved)
    },
    reach: (epoch) => {
      while (world.state.epoch < epoch) step([], {})
    },
    take: () => {
      const sent = taken
      taken = []
      return sent
    },
  }
  return world
}

function extend(lane: Lane, shard: number, orders: readonly Order[]): void {
  const channel = present(lane.channels[0], 'there is a channel to the beacon')
  const place = { source: shard, destination: 0 }
  const batch: ReceiptBatch = {
    ...place,
    height: 1,
    startSequence: channel.nextSequence,
    receipts: orders.map((order, index) => ({
      ...place,
      from: addressOf('rich'),
      to: addressOf('nobody'),
      gas: 10_000,
      originTransaction: hashOf(`deposit ${channel.nextSequence + index}`),
      ...order,
      sequence: channel.nextSequence + index,
    })),
  }
  // Roots are remembered by list.
  lane.channels = [extendChannel(channel, batch), ...lane.channels.slice(1)]
  lane.batches.push(batch)
}

export function reasonOf({ payload }: Pick<Receipt, 'payload'>): string {
  return String.fromCharCode(...payload)
}
