/**
 * The accounts of a devnet. Ten for people: those that anvil and hardhat print, from the mnemonic that everybody knows, on
 * every shard. And many per shard for the traffic generator, drawn from a public label, funded on their home shard only.
 *
 * None of these keys is a secret. A network whose name does not start with `devnet-` must not fund them.
 */
import { present } from '../node/primitives/assert.ts'
import { bigIntToBytes, bytesToBigInt, fromHex, toHex } from '../node/primitives/bytes.ts'
import { hashTagged } from '../node/primitives/hash.ts'
import { ADDRESS_SIZE, type Address, type ChainNumber } from '../node/primitives/identifiers.ts'
import { addressOf } from '../node/primitives/io/secp256k1.ts'

export const DEVNET_MNEMONIC = 'test test test test test test test test test test test junk'

/** Keys 0 to 9 of m/44'/60'/0'/0/i under the mnemonic; a test derives them again with another implementation. */
const PERSONAL_KEYS = [
  'ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80',
  '59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d',
  '5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a',
  '7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6',
  '47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a',
  '8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba',
  '92db14e403b83dfe3df233f83dfa3a0d7096f21ca9b0d6d6b8d88b2b4ec1564e',
  '4bbbf85ce3377467afe5d46f804f221813b2bb87f24d81f60f1fcdbf7cbf4356',
  'dbda1821b80551c9d65939329250298aa3472ba22feea921c0cf5d620ea67b97',
  '2a871d0798f97d79848a013d4936a73bf4cc922c825d33c1cf7073dff6d409c6',
]

/** The order of secp256k1: a secret key is a number from 1 to one below it. */
const CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

export type DevnetAccount = {
  readonly address: Address
  /** 32 bytes. */
  readonly secretKey: Uint8Array
}

/** The ten accounts of the mnemonic, in its order. */
export function personalAccounts(): readonly DevnetAccount[] {
  return PERSONAL_KEYS.map((digits) => accountOf(present(fromHex(digits), 'the keys are hex')))
}

/** Sender `index` of the traffic generator on its home shard. */
export function loadAccount(shard: ChainNumber, index: number): DevnetAccount {
  const label = bigIntToBytes(BigInt(shard) * 0x1_0000_0000n + BigInt(index), 8)
  return accountOf(toSecretKey(hashTagged('devnet load account', label)))
}

/** An account on one shard that holds money and does nothing: nobody has its key. */
export function idleAddress(shard: ChainNumber, index: number): Address {
  const label = bigIntToBytes(BigInt(shard) * 0x1_0000_0000n + BigInt(index), 8)
  return hashTagged('devnet idle account', label).slice(0, ADDRESS_SIZE)
}

/** Where validator `index` of a devnet is paid. */
export function payoutAccount(index: number): DevnetAccount {
  const digest = hashTagged('devnet payout', bigIntToBytes(BigInt(index), 8))
  return accountOf(toSecretKey(digest))
}

/** Any digest as a valid secret key; the bias of the remainder is 2^-128 and these keys are public anyway. */
function toSecretKey(digest: Uint8Array): Uint8Array {
  return bigIntToBytes((bytesToBigInt(digest) % (CURVE_ORDER - 1n)) + 1n, 32)
}

function accountOf(secretKey: Uint8Array): DevnetAccount {
  return { secretKey, address: addressOf(secretKey) }
}

/** `0x` and hex, as wallets show addresses and keys (without checksum capitals). */
export function withPrefix(bytes: Uint8Array): string {
  return `0x${toHex(bytes)}`
}
