/**
 * The native level hasher: @chainsafe/hashtree, SHA-256 of many 64-byte pairs in one call (0.1-0.2 us each, against about
 * 0.4 us in WebAssembly).
 */
import { hash } from '@chainsafe/hashtree'
import type { HashPairs } from '../state-tree.ts'

export const hashPairsNative: HashPairs = (input) => hash(input)
