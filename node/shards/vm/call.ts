/**
 * A call: what a transaction asks of an address after its fee is secured and its nonce is used. Every virtual machine of
 * this folder runs calls to an end: a call that fails gives its value back and keeps its gas.
 */
import type { Address, ChainNumber } from '../../primitives/identifiers.ts'

export type Call = {
  readonly sender: Address
  readonly to: Address
  readonly value: bigint
  readonly data: Uint8Array
  /** Gas left after the intrinsic gas. */
  readonly gas: number
}

/** A receipt that the call wants made; source, sequence and origin are the block's business. */
export type ReceiptOrder = {
  readonly destination: ChainNumber
  readonly kind: 'transfer' | 'deposit' | 'exit'
  readonly to: Address
  readonly payload: Uint8Array
}

export type CallResult = {
  readonly status: 0 | 1
  /** Beyond the intrinsic gas, at most `Call.gas`. */
  readonly gasUsed: number
  /** Present only with status 1; carries the whole value of the call. */
  readonly order: ReceiptOrder | undefined
}
