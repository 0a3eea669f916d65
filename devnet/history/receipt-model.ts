/** What the parts of the receipt workload look at: blocks, messages in them, what clients sent, cuts. */
import type { SeenCut } from './cut-order.ts'
import type { Operation } from './history.ts'
import type { ReceiptHeader } from './line.ts'

export type SeenBlock = {
  readonly process: number
  readonly line: number
  readonly shard: number
  readonly height: number
  readonly sent: readonly SentMessage[]
  readonly consumed: readonly ConsumedMessage[]
}

type Ended = Extract<Operation<'block'>['end'], { kind: 'ok' }>['value']
export type SentMessage = Ended['sent'][number]
export type ConsumedMessage = Ended['consumed'][number]

/** What the parts of this workload look at. */
export type ReceiptWorld = {
  readonly header: ReceiptHeader
  /** By id, the first of each. */
  readonly sends: ReadonlyMap<string, Operation<'send'>>
  /** Per shard in height order without gap, each height once. */
  readonly chains: ReadonlyMap<number, readonly SeenBlock[]>
  /** Ascending. */
  readonly cuts: readonly SeenCut[]
  /** The newest cut of which its reader says that nothing was under way any more. */
  readonly final: SeenCut | undefined
}
