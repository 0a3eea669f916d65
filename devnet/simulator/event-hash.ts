/**
 * The auditor's hash: 64 running bits over everything a simulated run did. Two runs of one plan are equal exactly when
 * their hashes are, so every run proves its own determinism and a diverging event is found by halving.
 *
 * Not a cryptographic hash: nobody attacks it, and SHA-256 per event would cost more than the event.
 */

export type EventHash = {
  /** Mixes in the low 32 bits of `word`. */
  readonly absorb: (word: number) => void
  /** 32 bits over everything absorbed so far: the first half of the digest. */
  readonly word: () => number
  /** 16 hexadecimal digits over everything absorbed so far. */
  readonly digest: () => string
}

export function createEventHash(): EventHash {
  let low = 0x243f6a88
  let high = 0x85a308d3
  return {
    absorb: (word) => {
      low = Math.imul(low ^ word, 0x9e3779b1)
      low = (low << 13) | (low >>> 19)
      high = Math.imul((high + word) ^ (low >>> 15), 0x85ebca77)
      high = (high << 11) | (high >>> 21)
    },
    word: () => finished(high ^ low),
    digest: () => hexWord(finished(high ^ low)) + hexWord(finished(Math.imul(low, 5) + high)),
  }
}

const wordOfLabel = new Map<string, number>()

/** 32 bits for a label out of a small fixed vocabulary (event kinds); FNV-1a, remembered. */
export function labelWord(label: string): number {
  const known = wordOfLabel.get(label)
  if (known !== undefined) return known
  let word = 0x811c9dc5
  for (let index = 0; index < label.length; index++) {
    word = Math.imul(word ^ label.charCodeAt(index), 0x01000193)
  }
  wordOfLabel.set(label, word)
  return word
}

/** Murmur's finalizer: every input bit reaches every output bit. */
function finished(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

function hexWord(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0')
}
