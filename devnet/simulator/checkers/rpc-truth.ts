/**
 * S14, RPC truth: an account read at a final height is what the blocks up to that height make of it, on every node; and
 * one life of one node never reads a shard at a lower final height than before.
 */
import { entryOf, type CheckedNetwork, type NetworkChecker } from './network-observation.ts'
import type { SeenBlock } from './sharded-observation.ts'

type Value = { readonly height: number; readonly nonce: number; readonly balance: bigint }

export function createRpcTruthChecker({ balances }: CheckedNetwork): NetworkChecker {
  /** `shard/account` -> values, ascending by the height that made them. */
  const histories = new Map<string, Value[]>()
  /** Shard -> the height up to which the blocks are known here, and the highest that is final. */
  const known = new Map<number, number>()
  const final = new Map<number, number>()
  /** `node/shard` -> highest height read in this life. */
  const read = new Map<string, number>()
  for (const [index, accounts] of balances.entries()) {
    for (const { account, balance } of accounts)
      histories.set(`${index + 1}/${account}`, [{ height: 0, nonce: 0, balance }])
  }

  function take({ shard, height, changed }: SeenBlock): void {
    known.set(shard, height)
    for (const { account, nonce, balance } of changed) {
      const values = entryOf(histories, `${shard}/${account}`, (): Value[] => [])
      values.push({ height, nonce, balance })
    }
  }

  function valueAt(shard: number, account: string, height: number): Value {
    const values = histories.get(`${shard}/${account}`) ?? []
    return values.findLast((one) => one.height <= height) ?? { height: 0, nonce: 0, balance: 0n }
  }

  return {
    rule: 'S14',
    observe: (seen) => {
      if (seen.kind === 'started') {
        for (const key of read.keys()) if (key.startsWith(`${seen.node}/`)) read.delete(key)
      }
      if (seen.kind === 'block' && seen.isFirst) take(seen.block)
      if (seen.kind === 'final')
        final.set(seen.chain, Math.max(seen.height, final.get(seen.chain) ?? 0))
      if (seen.kind !== 'read') return undefined
      const { node, shard, height, account, nonce, balance } = seen
      const place = `node ${node} read ${account} of shard ${shard} at final height ${height}`
      if (height > (final.get(shard) ?? 0)) return `${place}, which nobody has finalized`
      const before = read.get(`${node}/${shard}`) ?? 0
      read.set(`${node}/${shard}`, height)
      if (height < before) return `${place} after height ${before}`
      // A node whose executor came back may read ahead of what it has told.
      if (height > (known.get(shard) ?? 0)) return undefined
      const truth = valueAt(shard, account, height)
      if (truth.nonce === nonce && truth.balance === balance) return undefined
      return `${place} as ${nonce}/${balance}; it is ${truth.nonce}/${truth.balance}`
    },
  }
}
