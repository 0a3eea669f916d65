/**
 * What a node serves of epochs that are over, out of its store (docs/protocol/consensus.md R13, A.11): their blocks, and the
 * FINALIZATION that ended them.
 */
import type { ChainBlock, ConsensusMessage } from '../consensus/message.ts'
import { CERTIFICATE_BOUNDS, decodeCertificate } from '../crosslink/certificate-codec.ts'
import type { Certificate, EngineDomain } from '../crosslink/certificate.ts'
import type { Result } from '../primitives/result.ts'
import type { Context } from './context.ts'
import { decodeEpochStart } from './epoch-start.ts'
import { readFinalEntry, serveBlock, serveRange } from './serve.ts'
import { chainKey, numberKey, pointRange } from './table.ts'

type PastEpoch = Pick<EngineDomain, 'chain' | 'epoch'>

type Serving = {
  readonly decode: (bytes: Uint8Array) => Result<ChainBlock>
  readonly answer: (message: ConsensusMessage) => void
}

/** R13: blocks to whoever asks for them; to whoever still votes, proposes or asks for certificates, the end of the epoch. */
export function servePastEpoch(
  context: Context,
  past: PastEpoch,
  message: ConsensusMessage,
  { decode, answer }: Serving,
): void {
  switch (message.kind) {
    case 'get-range':
      return serveRange(context, past, message, decode, (range) => answer({ kind: 'range', range }))
    case 'get-block':
      return serveBlock(context, past, message.hash, decode, (block) =>
        answer({ kind: 'block', block }),
      )
    default:
      return loadBoundary(context, past, (certificate) =>
        answer({ kind: 'certificate', certificate }),
      )
  }
}

/** The FINALIZATION of the block that sealed the epoch. */
function loadBoundary(
  context: Context,
  { chain, epoch }: PastEpoch,
  answer: (certificate: Certificate) => void,
): void {
  const next = {
    table: 'epoch',
    from: numberKey(chain, epoch + 1),
    to: chainKey(chain + 1),
    countMax: 1,
  }
  context.load([next], ([starts]) => {
    const begun = starts?.[0] && decodeEpochStart(starts[0].value)
    if (begun?.sealedEpoch !== epoch) return
    const key = numberKey(chain, begun.block.height)
    context.load([pointRange('final', key)], ([finals]) => {
      const proof = finals?.[0] && readFinalEntry(finals[0]).certificate
      const certificate = proof && decodeCertificate(proof, CERTIFICATE_BOUNDS)
      if (certificate?.ok === true) answer(certificate.value)
    })
  })
}
