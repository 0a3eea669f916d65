/**
 * C5, flow control: of a channel, no more is in flight than its window and one more. In flight is what the source has sent
 * by one of its blocks, less what the destination had consumed at the crosslink that this block's anchor knows.
 *
 * The window: the receipts that a destination can consume in four blocks at 10,000 gas each out of three quarters of its
 * gas, shared by all sources, but 64 at least.
 */
import { entryOf, type CheckedNetwork, type NetworkChecker } from './network-observation.ts'
import type { SeenBlock, SeenCut } from './sharded-observation.ts'

export function createFlowChecker(network: CheckedNetwork): NetworkChecker {
  const { gasLimit } = network
  const perBlock = Math.floor((0.75 * gasLimit) / 10_000)
  /** By how many shards the block's anchor knows (B.7). */
  const windowOf = (shardCount: number): number =>
    Math.max(64, Math.floor((4 * perBlock) / Math.max(1, shardCount - 1)))
  /** `source-destination` -> receipts sent so far. */
  const sent = new Map<string, number>()
  /** `source-destination` -> receipts consumed after each height of the destination, index = height. */
  const consumed = new Map<string, number[]>()
  const cuts = new Map<number, SeenCut>()

  function consumedAt(source: number, destination: number, beaconHeight: number): number {
    const head = cuts.get(beaconHeight)?.heads[destination - 1]?.height ?? 0
    return consumed.get(`${source}-${destination}`)?.[head] ?? 0
  }

  function take({ shard, height, consumed: receipts, cursors }: SeenBlock): void {
    for (let source = 1; source < cursors.length; source++) {
      const counts = entryOf(consumed, `${source}-${shard}`, (): number[] => [0])
      const here = receipts.filter(({ receipt }) => receipt.source === source).length
      counts[height] = (counts[height - 1] ?? 0) + here
    }
  }

  function judge(block: SeenBlock): string | undefined {
    take(block)
    const window = windowOf(block.cursors.length - 1)
    for (let destination = 1; destination < block.cursors.length; destination++) {
      const key = `${block.shard}-${destination}`
      const here = block.sent.filter((receipt) => receipt.destination === destination).length
      const total = (sent.get(key) ?? 0) + here
      sent.set(key, total)
      if (here === 0) continue
      const inFlight = total - consumedAt(block.shard, destination, block.anchor.height)
      if (inFlight > window + 1)
        return `${inFlight} receipts of channel ${key} are in flight, the window is ${window}`
    }
    return undefined
  }

  return {
    rule: 'C5',
    observe: (seen) => {
      if (seen.kind === 'cut') cuts.set(seen.cut.beaconHeight, seen.cut)
      return seen.kind === 'block' && seen.isFirst ? judge(seen.block) : undefined
    },
  }
}
