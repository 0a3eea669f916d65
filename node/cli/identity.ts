/**
 * A validator's two secrets and what the network may know of them: the committee key that votes and the libp2p identity
 * that connects. They are separate, so that a stolen identity cannot vote. Files are 0600; nothing here prints a secret.
 */
import { chmod, writeFile } from 'node:fs/promises'
import { identityFromSeed, identityToHex } from '../network/io/identity.ts'
import { toHex } from '../primitives/bytes.ts'
import { committeeKeyFromSeed, provePossession } from '../primitives/io/schemes.ts'
import type { CertificateSchemeName } from '../primitives/signature.ts'

export type ValidatorIdentity = {
  readonly publicKey: Uint8Array
  readonly possession: Uint8Array
  /** libp2p peer id, text form. */
  readonly peer: string
  /** Contents of the two secret files. */
  readonly secrets: { readonly committeeKey: string; readonly identityKey: string }
}

/** Deterministic. Both seeds have 32 bytes and must differ: one key for two purposes would tie their fates. */
export async function createValidatorIdentity(
  scheme: CertificateSchemeName,
  committeeSeed: Uint8Array,
  identitySeed: Uint8Array,
): Promise<ValidatorIdentity> {
  const { secretKey, publicKey } = committeeKeyFromSeed(scheme, committeeSeed)
  const identity = await identityFromSeed(identitySeed)
  return {
    publicKey,
    possession: provePossession(scheme, secretKey),
    peer: identity.peer,
    secrets: { committeeKey: toHex(secretKey), identityKey: identityToHex(identity) },
  }
}

/** Writes a secret, readable by its owner only, also when the file existed with other rights. */
export async function writeSecretFile(path: string, secret: string): Promise<void> {
  await writeFile(path, `${secret}\n`, { mode: 0o600 })
  await chmod(path, 0o600)
}
