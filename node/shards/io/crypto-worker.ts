/**
 * The crypto worker thread: recovers the senders of transactions and checks committee signatures with native code.
 * Stateless, so a thread that dies is replaced without anything to restore.
 */
import { unreachable } from '../../primitives/assert.ts'
import { ADDRESS_SIZE } from '../../primitives/identifiers.ts'
import { HASH_SIZE } from '../../primitives/hash.ts'
import { schemeByName } from '../../primitives/io/schemes.ts'
import { recoverAddress } from '../../primitives/io/secp256k1.ts'
import { decodeTransaction, signedHash } from '../transaction.ts'
import { checkSignaturesInline } from './crypto-check.ts'
import {
  unpackBytes,
  unpackChecks,
  type CryptoAnswer,
  type CryptoTask,
  type RecoverAnswer,
} from './crypto-message.ts'

/** The one function that the pool runs here. */
export function perform(task: CryptoTask): CryptoAnswer {
  switch (task.kind) {
    case 'recover':
      return recoverSenders(unpackBytes(task.raws))
    case 'check':
      return {
        kind: 'checked',
        verdicts: checkSignaturesInline(schemeByName(task.scheme), unpackChecks(task)),
      }
    default:
      return unreachable(task)
  }
}

/** Decodes each transaction strictly, hashes it and recovers who signed it. */
export function recoverSenders(raws: readonly Uint8Array[]): RecoverAnswer {
  const valid = new Uint8Array(raws.length)
  const hashes = new Uint8Array(raws.length * HASH_SIZE)
  const senders = new Uint8Array(raws.length * ADDRESS_SIZE)
  for (const [index, raw] of raws.entries()) {
    const decoded = decodeTransaction(raw)
    if (!decoded.ok) continue
    const { signature, yParity, hash } = decoded.value
    const sender = recoverAddress(signedHash(decoded.value), signature, yParity)
    if (sender === undefined) continue
    valid[index] = 1
    hashes.set(hash, index * HASH_SIZE)
    senders.set(sender, index * ADDRESS_SIZE)
  }
  return { kind: 'recovered', valid, hashes, senders }
}
