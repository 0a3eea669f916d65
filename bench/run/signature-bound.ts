/**
 * The signature bound: every member of a committee checks every signature, so no design with this committee size can settle
 * more than cores / (committee size x time of one check). Measured in the same run, on the same machine, with the same code.
 */
import { hashTagged } from '../../node/primitives/hash.ts'
import { recoverAddress, signDigest } from '../../node/primitives/io/secp256k1.ts'
import { bigIntToBytes } from '../../node/primitives/bytes.ts'

const CHECKS = 2000

/** Seconds of one check on one core. */
export function measureRecoverSeconds(): number {
  const secretKey = hashTagged('bench signer')
  const signed = Array.from({ length: 50 }, (_, index) => {
    const digest = hashTagged('bench digest', bigIntToBytes(BigInt(index), 4))
    return { digest, ...signDigest(digest, secretKey) }
  })
  const startMs = performance.now()
  for (let index = 0; index < CHECKS; index++) {
    const one = signed[index % signed.length]
    if (one !== undefined) recoverAddress(one.digest, one.signature, one.yParity)
  }
  return (performance.now() - startMs) / 1000 / CHECKS
}

export function signatureBoundTps(
  cores: number,
  committeeSize: number,
  recoverSeconds: number,
): number {
  return cores / (committeeSize * recoverSeconds)
}
