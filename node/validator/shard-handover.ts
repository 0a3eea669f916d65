/**
 * A hosted shard and its forced handover (docs/protocol/beacon.md B.8): how chain, execution, mempool and crosslinks stand
 * still, and go on from the block that the beacon has recorded.
 */
import type { Certificate } from '../crosslink/certificate.ts'
import type { Mempool } from '../shards/mempool.ts'
import type { ShardConfig } from '../shards/executor.ts'
import type { CrosslinkOffer } from './crosslink-offer.ts'
import type { EpochChain } from './epoch-chain.ts'
import type { ForcedStart } from './epoch-plans.ts'
import type { EpochStart } from './epoch-start.ts'
import type { ForcedHandoverOptions, Reached } from './forced-handover.ts'
import type { CommittedFacts } from './shard-building.ts'
import type { ShardExecution } from './shard-execution.ts'

export type HandoverSurroundings = {
  readonly config: Pick<ShardConfig, 'shard' | 'initialBaseFee'>
  /** The next epoch after this one that the beacon forced the shard into. */
  readonly forcedAfter: (epoch: number) => ForcedStart | undefined
  /** Transactions of blocks that were taken back: they are as good as new ones. */
  readonly readmit: (raws: readonly Uint8Array[]) => void
}

type HandedOver = {
  readonly options: HandoverSurroundings
  readonly mempool: Pick<Mempool, 'accounts' | 'finalize'>
  readonly execution: ShardExecution
  readonly offer: CrosslinkOffer
  readonly chain: EpochChain
  readonly certificates: Map<string, Certificate>
  committed: CommittedFacts
  readonly forked: () => void
  readonly updateWork: () => void
}

export function handoverOptions(
  { config, forcedAfter }: HandoverSurroundings,
  self: () => HandedOver,
): ForcedHandoverOptions {
  return {
    shard: config.shard,
    next: () => forcedAfter(self().chain.epoch),
    committed: () => self().execution.tip(),
    stop: () => {
      self().execution.suspend()
      self().chain.suspend(() => undefined)
    },
    goOn: (begun, reached) => goOn(self(), begun, reached),
    forked: () => self().forked(),
  }
}

function goOn(
  self: HandedOver,
  begun: EpochStart,
  { tip, header, orphans, accounts }: Reached,
): void {
  const { options, mempool, execution, offer, chain, certificates } = self
  const { height } = begun.block
  const stands = tip.height === height ? header : undefined
  self.committed = {
    baseFeePerGas: stands?.baseFeePerGas ?? options.config.initialBaseFee,
    outBytes: stands?.outBytes ?? 0,
    anchor: stands?.anchor,
  }
  certificates.clear()
  mempool.accounts.forget()
  mempool.finalize(height, accounts)
  offer.rewound(height)
  execution.rewound(height, tip)
  chain.force(begun)
  options.readmit(orphans.transactions)
  self.updateWork()
}
