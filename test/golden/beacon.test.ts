/** Genesis names, committees, randomness and state roots never change by accident. */
import { describe, it } from 'vitest'
import { assignCommittees } from '../../node/beacon/assignment.ts'
import { drawCommittees, epochSeed, leaderOrder, seatBeacon } from '../../node/beacon/committee.ts'
import { genesisBlockHash, genesisHash } from '../../node/beacon/genesis.ts'
import { mixIn, revealRoot } from '../../node/beacon/randao.ts'
import { encodeBeaconState } from '../../node/beacon/state-codec.ts'
import { beaconStateRoot } from '../../node/beacon/state-root.ts'
import { hashOf } from '../unit/crosslink/examples.ts'
import { buildOn, exampleGenesis, exampleState, nextCrosslink } from '../unit/beacon/network.ts'
import { expectVectors } from './crosslink-vectors.ts'

const genesis = exampleGenesis({
  allocations: [{ address: new Uint8Array(20).fill(1), shard: 0, balance: 10n ** 24n }],
})

describe('golden: beacon', () => {
  it('golden: beacon: a genesis names the network it always named', () => {
    expectVectors('beacon-genesis.json', {
      genesisHash: genesisHash(genesis),
      beaconBlockHash: genesisBlockHash(genesisHash(genesis), 0),
      shardBlockHash: genesisBlockHash(genesisHash(genesis), 1),
    })
  })

  it('golden: beacon: B.2, B.3: a seed draws the seats and leaders it always drew', () => {
    const seed = epochSeed(hashOf('mix'), 3)
    expectVectors('beacon-committees.json', {
      seed,
      ten: drawCommittees({ seed, validatorCount: 10, shardCount: 2 }),
      hundred: drawCommittees({ seed, validatorCount: 100, shardCount: 7 }).slice(1),
      beaconLeaders: leaderOrder({ seed, epoch: 3, chain: 0, seatCount: 10 }),
      shardLeaders: leaderOrder({ seed, epoch: 3, chain: 1, seatCount: 5 }),
      revealRoot: revealRoot(hashOf('genesis'), 3, 9),
      mix: mixIn(hashOf('mix'), Uint8Array.of(1, 2, 3)),
    })
  })

  it('golden: beacon: B.3: epochs rotate the seats they always rotated', () => {
    const keyOf = (validator: number) => Uint8Array.of(validator)
    const active = Array.from({ length: 18 }, (_, index) => index)
    const drawn = { validatorCount: 17, shardCount: 4 }
    const previous = drawCommittees({ seed: hashOf('before'), ...drawn })
    const rotate = (rotationPermille: number, shardsPerValidator = 1) =>
      assignCommittees({
        previous,
        shardCount: previous.length - 1,
        unseated: [],
        active,
        keyOf,
        seed: hashOf('seed'),
        rules: { blocks: 8, rotationPermille, shardsPerValidator },
      })
    expectVectors('beacon-rotation.json', {
      previous,
      quarter: rotate(250),
      all: rotate(1000),
      twoShardsEach: rotate(250, 2),
    })
  })

  it('golden: beacon: B.15: an epoch seats the beacon as it always did', () => {
    const seed = hashOf('seed')
    const active = Array.from({ length: 40 }, (_, index) => 2 * index)
    expectVectors('beacon-seats.json', {
      four: seatBeacon(seed, active, 4),
      sixteen: seatBeacon(seed, active, 16),
      all: seatBeacon(seed, active, 40),
      genesisHash: genesisHash({ ...genesis, beaconSeats: 4 }),
      stateRoot: beaconStateRoot(exampleState({ ...genesis, beaconSeats: 4 })),
    })
  })

  it('golden: beacon: a block has the bytes and the state root it always had', () => {
    const state = exampleState(genesis)
    const built = buildOn(state, [nextCrosslink(state, 1, { count: 2 })])
    expectVectors('beacon-block.json', {
      genesisState: encodeBeaconState(state),
      genesisStateRoot: beaconStateRoot(state),
      block: built.bytes,
      headHash: built.state.headHash,
      stateRoot: built.block.header.stateRoot,
    })
  })
})
