/** Networks whose validators have two keys: what each committee votes with, and what signs reveals (A.3, B.2). */
import { describe, expect, it } from 'vitest'
import { present } from '../../../node/primitives/assert.ts'
import { concatBytes } from '../../../node/primitives/bytes.ts'
import { committeeKeys } from '../../../node/beacon/state.ts'
import { crosslinkCheck, revealCheck } from '../../../node/beacon/transition.ts'
import { buildOn, exampleGenesis, exampleState, nextCrosslink } from './network.ts'

/** Sixteen seats or more on the beacon, four or so on a shard; nothing is signed here, so no key is a real one. */
function stateOf(validatorCount: number) {
  const one = exampleState(exampleGenesis({ validatorCount, shardCount: 4 }))
  const keyOf = (key: Uint8Array): Uint8Array =>
    concatBytes(key, new Uint8Array(16).fill(1), key.toReversed())
  const validators = one.validators.map((validator) => ({
    ...validator,
    publicKey: keyOf(validator.publicKey),
  }))
  return { one, two: { ...one, validators } }
}

describe('beacon: key use', () => {
  it('beacon: key use: A.3: sixteen seats of the beacon vote with Ed25519, seventeen with BLS, four of a shard with Ed25519', () => {
    const sizesOf = (validators: number, chain: number) =>
      new Set(committeeKeys(stateOf(validators).two, chain).map(({ length }) => length))
    expect(sizesOf(16, 0)).toEqual(new Set([32]))
    expect(sizesOf(17, 0)).toEqual(new Set([48]))
    expect(sizesOf(17, 1)).toEqual(new Set([32]))
  })

  it('beacon: key use: B.2: a reveal is checked with the BLS key, though the beacon votes with Ed25519', () => {
    const { one, two } = stateOf(16)
    const { block } = buildOn(one, [])
    const { publicKey } = present(two.validators[block.header.proposerSeat], 'it has a seat')
    expect(revealCheck(two, block)?.publicKeys).toEqual([publicKey.slice(32)])
  })

  it('beacon: key use: C.3 (4): a crosslink is checked with the keys that its committee votes with', () => {
    const { one, two } = stateOf(17)
    const crosslink = nextCrosslink(one, 1)
    expect(crosslinkCheck(two, crosslink)?.publicKeys).toEqual(committeeKeys(two, 1).slice(0, -1))
  })
})
