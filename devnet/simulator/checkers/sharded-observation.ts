/**
 * What the checkers of a whole sharded network are told: executed blocks and beacon cuts, in words of their own. Nothing
 * here imports anything of the code under test; accounts, hashes and origins are texts that are equal exactly for equals.
 */

export type SeenReceipt = {
  readonly source: number
  readonly destination: number
  readonly sequence: number
  readonly kind: 'transfer' | 'bounce' | 'move' | 'deposit' | 'exit' | 'payout'
  readonly from: string
  readonly to: string
  readonly amount: bigint
  /** The transaction it goes back to. */
  readonly origin: string
}

/** A finalized shard block as one node executed it. */
export type SeenBlock = {
  readonly shard: number
  readonly height: number
  readonly hash: string
  readonly parentHash: string
  readonly stateRoot: string
  readonly timestampMs: number
  readonly baseFeePerGas: bigint
  /** The beacon block it leans on. */
  readonly anchor: { readonly height: number; readonly hash: string }
  /** Receipts consumed so far as the header says, index = source chain, 0..S. */
  readonly cursors: readonly number[]
  readonly transactions: readonly {
    readonly hash: string
    readonly gasUsed: number
    /** Where its receipt goes, if it made one. */
    readonly sentTo: number | undefined
  }[]
  readonly consumed: readonly {
    readonly receipt: SeenReceipt
    readonly outcome: 'applied' | 'bounced' | 'void'
  }[]
  readonly sent: readonly SeenReceipt[]
  readonly changed: readonly {
    readonly account: string
    readonly nonce: number
    readonly balance: bigint
  }[]
}

/** A finalized beacon block: what it has recorded of every shard, index = shard - 1. */
export type SeenCut = {
  readonly beaconHeight: number
  readonly heads: readonly {
    readonly height: number
    readonly hash: string
    /** As in `SeenBlock`. */
    readonly cursors: readonly number[]
  }[]
  /** What the block does to the registry of validators; absent where nobody has a stake. */
  readonly beacon?: SeenBeacon
}

export type SeenBeacon = {
  /** Receipts of each shard consumed so far, index = shard, 0..S. */
  readonly cursors: readonly number[]
  /** By this block. */
  readonly sent: readonly SeenReceipt[]
  /** Stakes, and what was burnt of them. */
  readonly held: bigint
}

export function receiptText(receipt: SeenReceipt): string {
  const { source, destination, sequence, kind, from, to, amount, origin } = receipt
  return [source, destination, sequence, kind, from, to, amount, origin].join('/')
}
