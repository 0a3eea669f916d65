/** The beacon's state: genesis, bytes, root and proofs under it. */
import { describe, expect, it } from 'vitest'
import { decodeAnchorView, encodeAnchorView } from '../../../node/beacon/anchor-codec.ts'
import { anchorViewOf } from '../../../node/beacon/anchor.ts'
import { genesisBlockHash } from '../../../node/beacon/genesis.ts'
import { decodeBeaconState, encodeBeaconState } from '../../../node/beacon/state-codec.ts'
import {
  beaconStateRoot,
  shardRecordProof,
  verifyShardRecord,
} from '../../../node/beacon/state-root.ts'
import { committeeKeys, recordOf, type BeaconState } from '../../../node/beacon/state.ts'
import { toHex } from '../../../node/primitives/bytes.ts'
import { addressOf, hashOf } from '../crosslink/examples.ts'
import { advanceBy, buildOn, exampleGenesis, exampleState, nextCrosslink } from './network.ts'

const genesis = exampleState()
const state = advanceBy(buildOn(genesis, [nextCrosslink(genesis, 2, { count: 3 })]).state, 4)

describe('beacon: state', () => {
  it('beacon: state: at genesis every shard stands at its own block 0', () => {
    expect(genesis.shards).toHaveLength(2)
    expect(recordOf(genesis, 2)).toMatchObject({
      shard: 2,
      height: 0,
      hash: genesisBlockHash(genesis.genesisHash, 2),
      stateRoot: hashOf('state 2'),
      cursors: [0, 0, 0],
      status: 'live',
    })
    expect(genesis.headHash).toEqual(genesisBlockHash(genesis.genesisHash, 0))
    expect(committeeKeys(genesis, 0)).toHaveLength(8)
    expect(committeeKeys(genesis, 1)).toHaveLength(4)
  })

  it('beacon: state: the network of one validator sits it on beacon and shard', () => {
    const lonely = exampleState(exampleGenesis({ validatorCount: 1, shardCount: 1 }))
    expect(lonely.committees).toEqual([[0], [0]])
  })

  it('beacon: state: bytes give back the state', () => {
    for (const one of [genesis, state]) {
      expect(decodeBeaconState(encodeBeaconState(one))).toEqual({ ok: true, value: one })
    }
  })

  it('beacon: state: bytes whose parts contradict each other are refused', () => {
    const contradictions: BeaconState[] = [
      { ...state, blockHashes: state.blockHashes.slice(1) },
      { ...state, committees: state.committees.slice(1) },
      { ...state, committees: state.committees.map(() => [8]) },
      { ...state, committees: state.committees.map(() => []) },
      { ...state, shards: state.shards.toReversed() },
      { ...state, shards: state.shards.map((record) => ({ ...record, cursors: [0] })) },
      { ...state, shards: [], committees: [[0]] },
      { ...state, epoch: 1 },
      { ...state, epochRules: { ...state.epochRules, blocks: 8 } },
      { ...state, plans: [{ ...state, epoch: 1 }] },
    ]
    for (const one of contradictions) {
      expect(decodeBeaconState(encodeBeaconState(one))).toMatchObject({
        reject: { code: 'malformed' },
      })
    }
  })

  it('beacon: state: B.1: every field but the head’s own hash is under the root', () => {
    const [validator, ...others] = state.validators
    const variants: BeaconState[] = [
      state,
      { ...state, genesisHash: hashOf('other') },
      { ...state, epoch: 1 },
      { ...state, height: 9 },
      { ...state, timestampMs: 9 },
      { ...state, blockHashes: [] },
      { ...state, mix: hashOf('other') },
      { ...state, seed: hashOf('other') },
      { ...state, validators: others },
      {
        ...state,
        validators: others.map((one) => ({ ...one, ...validator, payout: addressOf('other') })),
      },
      { ...state, committees: state.committees.toReversed() },
      { ...state, epochRules: { ...state.epochRules, rotationPermille: 1 } },
      { ...state, plans: [state] },
      { ...state, registryRules: { ...state.registryRules, unbondEpochs: 1 } },
      { ...state, validators: state.validators.map((one) => ({ ...one, status: 'exiting' })) },
      { ...state, shards: state.shards.map((record) => ({ ...record, status: 'lagging' })) },
    ]
    const roots = variants.map((one) => toHex(beaconStateRoot(one)))
    expect(new Set(roots).size).toBe(variants.length)
    const renamed: BeaconState = { ...state, headHash: hashOf('other') }
    expect(toHex(beaconStateRoot(renamed))).toBe(roots[0])
  })

  it('beacon: state: a shard’s record is proved under the root, and only as it is', () => {
    const root = beaconStateRoot(state)
    for (const shard of [1, 2]) {
      const proof = shardRecordProof(state, shard)
      expect(verifyShardRecord(root, proof)).toBe(true)
      const { record } = proof
      expect(verifyShardRecord(hashOf('other'), proof)).toBe(false)
      const lies = [
        { ...proof, record: { ...record, stateRoot: hashOf('other') } },
        { ...proof, record: { ...record, shard: 3 - shard } },
        { ...proof, record: recordOf(state, 3 - shard) },
        { ...proof, shardCount: 3 },
        { ...proof, recordsRoot: hashOf('other') },
        { ...proof, recordsRoot: new Uint8Array(0) },
        { ...proof, recordBranch: [] },
        { ...proof, fieldBranch: proof.fieldBranch.slice(1) },
      ]
      for (const lie of lies) expect(verifyShardRecord(root, lie)).toBe(false)
    }
  })

  it('beacon: state: C.2: an anchor view is the head as shards see it, and survives its bytes', () => {
    const view = anchorViewOf(state)
    expect(view).toMatchObject({ beaconHeight: 5, beaconHash: state.headHash, epoch: 0 })
    expect(decodeAnchorView(encodeAnchorView(view))).toEqual({ ok: true, value: view })
    expect(decodeAnchorView(encodeAnchorView(view).slice(1)).ok).toBe(false)
  })
})
