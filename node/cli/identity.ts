/**
 * A node's two secrets and what the network may know of them: the committee key that votes and the libp2p identity that
 * connects. They are separate, so that a stolen identity cannot vote. Files are 0600; nothing here prints a secret.
 */
import { chmod, writeFile } from 'node:fs/promises'
import { generateKeyPairFromSeed, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { toHex } from '../primitives/bytes.ts'
import { committeeKeyFromSeed, provePossession } from '../primitives/io/schemes.ts'
import type { CertificateSchemeName } from '../primitives/signature.ts'

export type ValidatorIdentity = {
  /** 32 bytes. */
  readonly secretKey: Uint8Array
  readonly publicKey: Uint8Array
  readonly possession: Uint8Array
  /** libp2p peer id, text form. */
  readonly peer: string
  /** Protobuf Ed25519 private key: the content of the identity file, in hex there. */
  readonly identityKey: Uint8Array
}

/** Deterministic. Both seeds have 32 bytes and must differ: one key for two purposes would tie their fates. */
export async function createValidatorIdentity(
  scheme: CertificateSchemeName,
  committeeSeed: Uint8Array,
  identitySeed: Uint8Array,
): Promise<ValidatorIdentity> {
  const { secretKey, publicKey } = committeeKeyFromSeed(scheme, committeeSeed)
  const privateKey = await generateKeyPairFromSeed('Ed25519', identitySeed)
  return {
    secretKey,
    publicKey,
    possession: provePossession(scheme, secretKey),
    peer: peerIdFromPrivateKey(privateKey).toString(),
    identityKey: privateKeyToProtobuf(privateKey),
  }
}

/** Writes a secret as hex, readable by its owner only, also when the file existed with other rights. */
export async function writeSecretFile(path: string, secret: Uint8Array): Promise<void> {
  await writeFile(path, `${toHex(secret)}\n`, { mode: 0o600 })
  await chmod(path, 0o600)
}
