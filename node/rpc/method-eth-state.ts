/**
 * `eth_*` methods about accounts and about calls that are only imagined.
 */
import { formatData, formatQuantity } from './hexadecimal.ts'
import { isGateway } from '../shards/vm/gateway.ts'
import type { Address } from '../primitives/identifiers.ts'
import type { AccountView } from '../shards/executor.ts'
import type { BlockSelector } from './backend.ts'
import { callParameter, prepareCall } from './call.ts'
import { answer, stateUnavailable, type RpcOutcome } from './error-code.ts'
import { shardMethod, type Method, type ShardContext } from './method.ts'
import { addressParameter, blockParameter, LATEST, optional, slotParameter } from './parameter.ts'

const atBlock = optional(blockParameter('block'), LATEST)

/** One invalid opcode: shows wallets that the gateway is a contract, and can never be mistaken for one that runs. */
const GATEWAY_CODE = '0xfe'

export const STATE_METHODS: readonly Method[] = [
  shardMethod({
    name: 'eth_getBalance',
    summary: 'Balance of an account in wei.',
    cost: 1,
    parameters: [addressParameter('address'), atBlock],
    run: (context, [address, at]) =>
      describe(context, { address, at }, ({ balance }) => formatQuantity(balance)),
  }),
  shardMethod({
    name: 'eth_getTransactionCount',
    summary: 'Nonce of an account; with `pending` the one that its next transaction should carry.',
    cost: 1,
    parameters: [addressParameter('address'), atBlock],
    run: (context, [address, at]) =>
      describe(context, { address, at }, ({ nonce }) => formatQuantity(nonce)),
  }),
  shardMethod({
    name: 'eth_getCode',
    summary: 'Code of an account: a marker byte for the gateway, nothing for all others.',
    cost: 1,
    parameters: [addressParameter('address'), atBlock],
    run: (_, [address]) => answer(isGateway(address) ? GATEWAY_CODE : '0x'),
  }),
  shardMethod({
    name: 'eth_getStorageAt',
    summary: 'Storage of a contract: always zero, since there are no contracts yet.',
    cost: 1,
    parameters: [addressParameter('address'), slotParameter('slot'), atBlock],
    run: () => answer(formatData(new Uint8Array(32))),
  }),
  shardMethod({
    name: 'eth_call',
    summary:
      'What a call would answer: nothing (0x) if it would succeed, an error if it would not.',
    cost: 3,
    parameters: [callParameter('call'), atBlock],
    run: async (context, [call, at]) => {
      const prepared = await prepareCall(context, call, at)
      return prepared.ok ? answer('0x') : prepared
    },
  }),
  shardMethod({
    name: 'eth_estimateGas',
    summary:
      'Gas that a call needs as a transaction; exact, since nothing on the chain depends on state.',
    cost: 3,
    parameters: [callParameter('call'), atBlock],
    run: async (context, [call, at]) => {
      const prepared = await prepareCall(context, call, at)
      return prepared.ok ? answer(formatQuantity(prepared.gas)) : prepared
    },
  }),
  shardMethod({
    name: 'eth_accounts',
    summary: 'Accounts whose keys this node holds: none.',
    cost: 1,
    parameters: [],
    run: () => answer([]),
  }),
]

async function describe(
  { chain }: ShardContext,
  { address, at }: { readonly address: Address; readonly at: BlockSelector },
  format: (account: AccountView) => unknown,
): Promise<RpcOutcome> {
  const accounts = await chain.accounts(at, [address])
  const account = accounts?.[0]
  return account === undefined ? stateUnavailable() : answer(format(account))
}
