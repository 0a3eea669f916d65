/**
 * Stake of a running devnet, from outside: gateway calls signed by accounts of the devnet, what becomes of them, and what the
 * registry says (docs/protocol/beacon.md B.9, B.10).
 */
import { setTimeout as delay } from 'node:timers/promises'
import { CommandError } from '../node/cli/command-error.ts'
import { fromHex, toHex } from '../node/primitives/bytes.ts'
import { signDigest } from '../node/primitives/io/secp256k1.ts'
import { encodeSigned, signingHash, type TransactionFields } from '../node/shards/transaction.ts'
import { withPrefix, type DevnetAccount } from './accounts.ts'
import { asAmount, asList, asNumber, asRecord, asText } from './observe/read-answer.ts'
import { createRpcClient, RpcUnreachableError, type RpcClient } from './observe/rpc-client.ts'
import { CHAIN_ID_BASE } from './parameters.ts'

/** A validator as `beacon_getValidators` tells it; an epoch that is not set is null. */
export type RegisteredValidator = {
  readonly index: number
  readonly status: string
  readonly stake: bigint
  readonly activationEpoch: number
  readonly exitEpoch: number | null
  readonly withdrawableEpoch: number | null
  readonly publicKey: string
  readonly payout: { readonly shard: number; readonly account: string }
  readonly shards: readonly number[]
}

export type Registry = {
  readonly epoch: number
  readonly validators: readonly RegisteredValidator[]
}

const REQUEST_TIMEOUT_MS = 5000
const POLL_MS = 300
/** More than any gateway call uses. */
const GAS_LIMIT = 200_000
const GWEI = 10n ** 9n

/** The first of these nodes that answers is asked again and again. */
export async function firstAnswering(urls: readonly string[]): Promise<RpcClient> {
  for (const url of urls) {
    const client = createRpcClient(url, { timeoutMs: REQUEST_TIMEOUT_MS })
    try {
      await client.call('/', 'beacon_getHead', [])
      return client
    } catch (error) {
      client.close()
      if (!(error instanceof RpcUnreachableError)) throw error
    }
  }
  throw new CommandError(`none of ${urls.length} nodes answers; see \`weft devnet status\``)
}

export async function readRegistry(client: RpcClient): Promise<Registry> {
  const registry = asRecord(await client.call('/', 'beacon_getValidators', []), 'registry')
  return {
    epoch: asNumber(registry['epoch'], 'epoch'),
    validators: asList(registry['validators'], 'validators').map(readValidator),
  }
}

function readValidator(value: unknown): RegisteredValidator {
  const validator = asRecord(value, 'validator')
  const payout = asRecord(validator['payout'], 'payout')
  return {
    index: asNumber(validator['index'], 'index'),
    status: asText(validator['status'], 'status'),
    stake: asAmount(validator['stake'], 'stake'),
    activationEpoch: asNumber(validator['activationEpoch'], 'activationEpoch'),
    exitEpoch: epochOf(validator['exitEpoch']),
    withdrawableEpoch: epochOf(validator['withdrawableEpoch']),
    publicKey: asText(validator['publicKey'], 'publicKey'),
    payout: {
      shard: asNumber(payout['shard'], 'shard'),
      account: asText(payout['account'], 'account'),
    },
    shards: asList(validator['shards'], 'shards').map((shard) => asNumber(shard, 'shard')),
  }
}

function epochOf(value: unknown): number | null {
  return value === null ? null : asNumber(value, 'epoch')
}

export type GatewayCall = {
  readonly shard: number
  readonly account: DevnetAccount
  readonly to: Uint8Array
  readonly data: Uint8Array
  readonly value: bigint
}

/** Sends it and waits until it is in a block; its hash. Throws `CommandError` when it fails. */
export async function sendCall(client: RpcClient, call: GatewayCall): Promise<string> {
  const path = `/shard/${call.shard}`
  const address = withPrefix(call.account.address)
  const ask = (method: string, params: readonly unknown[]) => client.call(path, method, params)
  const nonce = asNumber(await ask('eth_getTransactionCount', [address, 'pending']), 'nonce')
  const price = asAmount(await ask('eth_gasPrice', []), 'gas price')
  const raw = sign(call, nonce, price)
  const [sent] = await client.batch(path, [{ method: 'eth_sendRawTransaction', params: [raw] }])
  if (sent?.ok !== true)
    throw new CommandError(
      `shard ${call.shard} refuses the transaction: ${sent?.message ?? 'no answer'}`,
    )
  const hash = asText(sent.result, 'hash')
  const receipt = await until(() => receiptOf(client, path, hash), 60_000)
  if (receipt === undefined)
    throw new CommandError(
      `${hash} is in no block of shard ${call.shard} after a minute; see \`weft trace ${hash}\``,
    )
  if (asNumber(receipt['status'], 'status') === 1) return hash
  throw new CommandError(
    `${hash} failed on shard ${call.shard}: the gateway does not take the call`,
  )
}

async function receiptOf(client: RpcClient, path: string, hash: string) {
  const receipt = await client.call(path, 'eth_getTransactionReceipt', [hash])
  return receipt === null ? undefined : asRecord(receipt, 'receipt')
}

function sign(
  { shard, account, to, data, value }: GatewayCall,
  nonce: number,
  price: bigint,
): string {
  const fields: TransactionFields = {
    type: 2,
    chainId: CHAIN_ID_BASE + shard,
    nonce,
    maxPriorityFeePerGas: GWEI,
    maxFeePerGas: 2n * price + GWEI,
    gasLimit: GAS_LIMIT,
    to,
    value,
    data,
    accessList: [],
  }
  return withPrefix(encodeSigned(fields, signDigest(signingHash(fields), account.secretKey)))
}

/** Why the beacon has sent back what this transaction sent it; undefined: it has not, so far. */
export async function refusalOf(
  client: RpcClient,
  shard: number,
  hash: string,
): Promise<string | undefined> {
  const path = `/shard/${shard}`
  const message = await client.call(path, 'shard_getMessage', [hash])
  const height = message === null ? null : asRecord(message, 'message')['refundedInHeight']
  if (height === null || height === undefined) return undefined
  const at = `0x${asNumber(height, 'height').toString(16)}`
  const block = asRecord(await client.call(path, 'shard_getBlockOutcome', [at]), 'block')
  for (const item of asList(block['consumed'], 'consumed')) {
    const receipt = asRecord(item, 'receipt')
    if (receipt['originTransaction'] !== hash || receipt['source'] !== 0) continue
    const payload = fromHex(asText(receipt['payload'], 'payload').slice(2))
    return String.fromCharCode(...(payload ?? []))
  }
  return 'for a reason that the block does not tell'
}

/** Asks again until there is an answer, or it has taken too long. */
export async function until<Answer>(
  ask: () => Promise<Answer | undefined>,
  withinMs: number,
): Promise<Answer | undefined> {
  const deadlineMs = Date.now() + withinMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined || Date.now() > deadlineMs) return answer
    await delay(POLL_MS)
  }
}

export function sameKey(validator: RegisteredValidator, publicKey: Uint8Array): boolean {
  return validator.publicKey === `0x${toHex(publicKey)}`
}
