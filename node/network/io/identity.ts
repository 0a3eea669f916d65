/**
 * A node's network identity: an Ed25519 key whose hash is the peer name. It is separate from the validator's committee
 * key; the hello handshake ties the two together. RSA keys are not accepted (CVE-2023-39533).
 */
import {
  generateKeyPair,
  generateKeyPairFromSeed,
  privateKeyFromProtobuf,
  privateKeyToProtobuf,
} from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { assert } from '../../primitives/assert.ts'
import { fromHex, toHex } from '../../primitives/bytes.ts'
import { accepted, rejected, type Result } from '../../primitives/result.ts'
import type { PeerName } from '../network.ts'
import type { PrivateKey } from './libp2p-types.ts'

export type Identity = { readonly peer: PeerName; readonly privateKey: PrivateKey }

function identityOf(privateKey: PrivateKey): Identity {
  return { peer: peerIdFromPrivateKey(privateKey).toString(), privateKey }
}

export async function createIdentity(): Promise<Identity> {
  return identityOf(await generateKeyPair('Ed25519'))
}

/** The same seed (32 bytes) gives the same peer name: for devnets, whose keys are public anyway. */
export async function identityFromSeed(seed: Uint8Array): Promise<Identity> {
  assert(seed.length === 32, 'an Ed25519 seed has 32 bytes')
  return identityOf(await generateKeyPairFromSeed('Ed25519', seed))
}

/** The form of the identity file: the protobuf private key in hexadecimal digits. */
export function identityToHex(identity: Identity): string {
  return toHex(privateKeyToProtobuf(identity.privateKey))
}

export function identityFromHex(text: string): Result<Identity, 'malformed-identity'> {
  const bytes = fromHex(text.trim())
  if (bytes === undefined || bytes.length === 0) {
    return rejected('malformed-identity', 'the identity is not hexadecimal digits')
  }
  try {
    const privateKey = privateKeyFromProtobuf(bytes)
    if (privateKey.type === 'Ed25519') return accepted(identityOf(privateKey))
    return rejected('malformed-identity', 'the identity is not an Ed25519 key')
  } catch {
    return rejected('malformed-identity', 'the identity is not a protobuf private key')
  }
}

export type PeerAddress = { readonly peer: PeerName; readonly address: string }

/** Reads a bootstrap address: a multiaddr that ends in /p2p/<peer>. */
export function parsePeerAddress(address: string): Result<PeerAddress, 'malformed-address'> {
  try {
    const peer = multiaddr(address)
      .getComponents()
      .findLast((component) => component.name === 'p2p')?.value
    if (peer !== undefined) return accepted({ peer, address })
    return rejected('malformed-address', `${address} does not end in /p2p/<peer>`)
  } catch {
    return rejected('malformed-address', `${address} is not a multiaddr`)
  }
}

/** The host part of a multiaddr, or undefined if it has none. */
export function hostOf(address: string): string | undefined {
  const hosts = ['ip4', 'ip6', 'dns', 'dns4', 'dns6']
  return multiaddr(address)
    .getComponents()
    .find((component) => hosts.includes(component.name))?.value
}
