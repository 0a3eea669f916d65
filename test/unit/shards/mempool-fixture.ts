/** Unsigned but well-formed transactions and accounts for mempool tests: pools trust what the crypto pool checked. */
import { bigIntToBytes } from '../../../node/primitives/bytes.ts'
import type { AccountView, CheckedTransaction } from '../../../node/shards/executor.ts'
import { keccak256 } from '../../../node/primitives/hash.ts'
import { createMempool, type Mempool, type MempoolLimits } from '../../../node/shards/mempool.ts'
import { encodeSigned, type TransactionFields } from '../../../node/shards/transaction.ts'

const RULES = {
  shard: 1,
  shardCount: 4,
  chainId: 7701,
  chainIdBase: 7700,
  gasLimit: 30_000_000,
  initialBaseFee: 1_000_000n,
} as const

/** The least base fee under these rules. */
export const FEE_FLOOR = 1_000n
export const RICH = 10n ** 30n

const addresses: Uint8Array[] = []

export function address(index: number): Uint8Array {
  const known = addresses[index]
  if (known !== undefined) return known
  const made = bigIntToBytes(BigInt(index) + 1n, 20)
  made[0] = 0xee
  addresses[index] = made
  return made
}

export function account(sender: number, nonce = 0, balance: bigint = RICH): AccountView {
  return { address: address(sender), nonce, balance }
}

export type Wish = Partial<TransactionFields> & {
  readonly sender: number
  readonly nonce: number
  readonly fee?: bigint
  readonly tip?: bigint
}

export function transaction({ sender, fee, tip, ...fields }: Wish): CheckedTransaction {
  const maxFeePerGas = fee ?? 10_000n
  const raw = encodeSigned(
    {
      type: 2,
      chainId: RULES.chainId,
      maxFeePerGas,
      maxPriorityFeePerGas: tip ?? maxFeePerGas,
      gasLimit: 21_000,
      to: address(999_999),
      value: 1n,
      data: new Uint8Array(0),
      accessList: [],
      ...fields,
    },
    { signature: standInSignature(sender), yParity: 0 },
  )
  return { raw, hash: keccak256(raw), sender: address(sender) }
}

/** Differs per sender, as real signatures do, so that hashes differ. */
function standInSignature(sender: number): Uint8Array {
  const signature = new Uint8Array(64).fill(1)
  signature.set(address(sender))
  return signature
}

export function poolOf(limits?: Partial<MempoolLimits>): Mempool {
  return createMempool(limits === undefined ? { rules: RULES } : { rules: RULES, limits })
}

/** Admits and answers the reject code, or `accepted`. */
export function admit(pool: Mempool, wish: Wish, known?: AccountView): string {
  const result = pool.admit({
    checked: transaction(wish),
    account: known ?? account(wish.sender),
    congested: () => false,
  })
  return result.ok ? 'accepted' : result.reject.code
}

export function select(
  pool: Mempool,
  wish: Partial<Parameters<Mempool['select']>[0]> = {},
): readonly CheckedTransaction[] {
  return pool.select({
    baseFee: FEE_FLOOR,
    gasMax: RULES.gasLimit,
    bytesMax: 1024 * 1024,
    countMax: 1_000,
    changed: [],
    ...wish,
  })
}
