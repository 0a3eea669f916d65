/**
 * Fork proofs: two certificates of one view of one engine that no honest seat signs both (docs/protocol/beacon.md B.12). They
 * convict every seat in both bitmaps at once, which is more than f of the committee (certificate-conflict.ts).
 *
 * Seats are named, so whoever judges a proof needs the committee of its epoch.
 */
import { createWriter, type Reader, type Writer } from '../primitives/codec.ts'
import type { ChainNumber } from '../primitives/identifiers.ts'
import { CERTIFICATE_BOUNDS, readCertificate, writeCertificate } from './certificate-codec.ts'
import type { Certificate } from './certificate.ts'

export type ForkProof = {
  readonly chain: ChainNumber
  readonly epoch: number
  readonly first: Certificate
  readonly second: Certificate
}

export function writeForkProof(writer: Writer, { chain, epoch, first, second }: ForkProof): void {
  writer.u32(chain).u64(epoch)
  writeCertificate(writer, first)
  writeCertificate(writer, second)
}

export function readForkProof(reader: Reader): ForkProof {
  return {
    chain: reader.u32(),
    epoch: reader.u64(),
    first: readCertificate(reader, CERTIFICATE_BOUNDS),
    second: readCertificate(reader, CERTIFICATE_BOUNDS),
  }
}

export function encodeForkProof(proof: ForkProof): Uint8Array {
  const writer = createWriter()
  writeForkProof(writer, proof)
  return writer.finish()
}
