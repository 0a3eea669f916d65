/**
 * Frozen bytes: what every node of every version must compute alike, and what is on disks already. A changed value here is
 * a changed protocol or file format: it needs a new version, not a new constant.
 */
import { describe, expect, it } from 'vitest'
import { asciiBytes, toHex } from '../../node/primitives/bytes.ts'
import { hashTagged, sha256 } from '../../node/primitives/hash.ts'
import {
  committeeKeyFromSeed,
  provePossession,
  schemeByName,
} from '../../node/primitives/io/schemes.ts'
import { merkleBranch, merkleRoot } from '../../node/primitives/merkle.ts'
import { createPrng, drawPermutation } from '../../node/primitives/prng.ts'
import { sealValue } from '../../node/storage/io/value-seal.ts'
import { storeKey } from '../../node/storage/store-key.ts'
import {
  authorizeVotes,
  emptyGuardRecord,
  encodeGuardRecord,
} from '../../node/storage/vote-guard.ts'

const seed = sha256(asciiBytes('golden'))
const leaves = Array.from({ length: 5 }, (_, index) => hashTagged('leaf', Uint8Array.of(index)))

const values: Readonly<Record<string, () => string>> = {
  'tagged hash': () => toHex(hashTagged('tag', seed)),
  'merkle root of nothing': () => toHex(merkleRoot([])),
  'merkle root of one leaf': () => toHex(merkleRoot(leaves.slice(0, 1))),
  'merkle root of five leaves': () => toHex(merkleRoot(leaves)),
  'merkle branch of the fifth': () => merkleBranch(leaves, 4).map(toHex).join(' '),
  'permutation of ten': () => drawPermutation(seed, 'golden', 10).join(' '),
  'words of the dice': () => {
    const prng = createPrng('golden').stream('words')
    return Array.from({ length: 4 }, () => prng.u32()).join(' ')
  },
  'shuffle of the dice': () => createPrng(7).shuffle([0, 1, 2, 3, 4, 5, 6, 7]).join(' '),
  'bls public key': () => toHex(committeeKeyFromSeed('bls', seed).publicKey),
  'bls possession': () =>
    toHex(sha256(provePossession('bls', committeeKeyFromSeed('bls', seed).secretKey))),
  'ed25519 public key': () => toHex(committeeKeyFromSeed('ed25519', seed).publicKey),
  'ed25519 possession': () =>
    toHex(sha256(provePossession('ed25519', committeeKeyFromSeed('ed25519', seed).secretKey))),
  'by-size public key': () => toHex(committeeKeyFromSeed('by-size', seed).publicKey),
  'by-size possession': () =>
    toHex(sha256(provePossession('by-size', committeeKeyFromSeed('by-size', seed).secretKey))),
  'by-size signatures': () => {
    const { secretKey } = committeeKeyFromSeed('by-size', seed)
    const scheme = schemeByName('by-size')
    return (['list', 'aggregate'] as const)
      .map((use) => toHex(sha256(scheme.sign(secretKey, seed, use))))
      .join(' ')
  },
  'mock signature': () =>
    toHex(schemeByName('mock').sign(committeeKeyFromSeed('mock', seed).secretKey, seed)),
  'store key': () => toHex(storeKey('table', Uint8Array.of(1, 2))),
  'sealed value': () =>
    toHex(sealValue(storeKey('table', Uint8Array.of(1, 2)), asciiBytes('value'))),
  'guard record': () => {
    const vote = { chain: 1, epoch: 2, view: 3, signingRoot: seed }
    const { record } = authorizeVotes(emptyGuardRecord(seed), [
      { ...vote, kind: 'notarize' },
      { ...vote, kind: 'finalize' },
      { ...vote, kind: 'nullify', view: 4 },
    ])
    return toHex(sha256(encodeGuardRecord(record)))
  },
}

const frozen: Readonly<Record<string, string>> = {
  'tagged hash': '31487c7d27f7de9ba3931056eda124c11a4d01d5ddab54f9e5ce3edbd424356b',
  'merkle root of nothing': 'b9806ce39f895c8acead1f747c89e721327f2f8c6ec887709e5263d85455db88',
  'merkle root of one leaf': 'f2b1f59e107835f419639de209aeaa431372709060645c843680a16a57c4a23f',
  'merkle root of five leaves': '45629869b7c2a67824a26181b68e24646fca6759dc05d3ca8772eb2770d6100a',
  'merkle branch of the fifth':
    '0000000000000000000000000000000000000000000000000000000000000000 f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b 6164c48043f962e481ccbe1c63eaceaf7832d6216a718185b5a3043225113c71',
  'permutation of ten': '5 8 4 3 2 7 1 6 0 9',
  'words of the dice': '2784306094 3588497571 3637042809 2336475795',
  'shuffle of the dice': '0 2 5 3 4 1 6 7',
  'bls public key':
    'a0ec3cf32724c8f738e2fbed5e8896a47b047b64a551ca4e2b20caa18b23ac3e33618c56bb6f780f8d7c8ca00ddc1f5f',
  'bls possession': 'a2795846233c118ea49fb1228b99fbfe83a9ef0a3dc2b092b815f542fb5f1cde',
  'ed25519 public key': '349c0ac0459203b8aab5dfb702662446d28057db50ed14b5d6db5ef648bb42a2',
  'ed25519 possession': '6c6387760aae4286d95080674d1f357aa3dc38be18e6b294fe12898e6ef42b6c',
  'by-size public key':
    'db09e14ff93d873158d8d94d649b6bf1a701745fd0519d29e4155e7f8608d613b9e777838db84952edd3534fc7569ad22ba5f48e0b7338503206bfd0ef7e43ec56f1328dae8c61b3795952d9073b72f7',
  'by-size possession': 'f90c273b67d8e7827f0f4abc2dce2a8cd39d17e4385c8d66f7ba121f50e8d8f1',
  'by-size signatures':
    'ddd683ae97c129d172a6887a293442cdc12b1f7f6bc757094ce79411b0eec41f c63ad5617a32f69d7c82b64cdd5616e00861518f149cef4de1bc7aff89aa5108',
  'mock signature': '41b114233b0e430f97237615fd72b3b07aa274875ed2a4aad0c42926c78865e0',
  'store key': '057461626c650102',
  'sealed value': '76616c756594bb7f772fddf3e6',
  'guard record': 'e0b1425bafb4635dd8a297ab62878e9ca5144d99c4c9d941ba92bb6c6243ccfb',
}

describe('primitives: golden', () => {
  it.each(Object.keys(values))('primitives: golden: %s is what it always was', (name) => {
    expect(values[name]?.()).toBe(frozen[name])
  })
})
