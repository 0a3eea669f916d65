/**
 * Bytes of journal records (docs/protocol/consensus.md A.10). Checksums and keys are the store's.
 */
import { readCertificate, writeCertificate } from '../crosslink/certificate-codec.ts'
import { unreachable } from '../primitives/assert.ts'
import { createWriter, decodeExactly, DecodeError, type Reader } from '../primitives/codec.ts'
import { HASH_SIZE } from '../primitives/hash.ts'
import type { Result } from '../primitives/result.ts'
import type { JournalRecord } from './engine-contract.ts'
import { readUnsignedVote, writeUnsignedVote } from './vote-codec.ts'

const RECORD_BYTE = { vote: 0, certificate: 1, floor: 2 } as const

export function encodeJournalRecord(record: JournalRecord): Uint8Array {
  const writer = createWriter().u8(RECORD_BYTE[record.kind])
  switch (record.kind) {
    case 'vote':
      writeUnsignedVote(writer, record.vote)
      break
    case 'certificate':
      writeCertificate(writer, record.certificate)
      break
    case 'floor':
      writer.u64(record.view).u64(record.height).fixed(record.hash, HASH_SIZE)
      break
    default:
      unreachable(record)
  }
  return writer.finish()
}

export function decodeJournalRecord(bytes: Uint8Array): Result<JournalRecord, 'malformed'> {
  return decodeExactly(bytes, readRecord)
}

function readRecord(reader: Reader): JournalRecord {
  switch (reader.u8()) {
    case RECORD_BYTE.vote:
      return { kind: 'vote', vote: readUnsignedVote(reader) }
    case RECORD_BYTE.certificate:
      return { kind: 'certificate', certificate: readCertificate(reader) }
    case RECORD_BYTE.floor:
      return {
        kind: 'floor',
        view: reader.u64(),
        height: reader.u64(),
        hash: reader.fixed(HASH_SIZE),
      }
    default:
      throw new DecodeError('a journal record is of no known kind')
  }
}
