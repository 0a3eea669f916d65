/**
 * Verification: what has to be asked of the signature scheme for a check, in bytes, so that a host can ask it wherever
 * its cryptography runs (docs/protocol/consensus.md A.9). Pure; the engine itself holds no scheme.
 */
import { seatsOf, signingRoot } from '../crosslink/certificate.ts'
import { assert, present, unreachable } from '../primitives/assert.ts'
import type { Seat } from '../primitives/identifiers.ts'
import type { CertificateScheme } from '../primitives/signature.ts'
import type { CheckVerdict, EngineConfig, SignatureCheck } from './engine-contract.ts'

export type Verification = {
  readonly publicKeys: readonly Uint8Array[]
  /** 32 bytes: the signing root. */
  readonly message: Uint8Array
  readonly signatures: readonly Uint8Array[]
  /**
   * `single`: one key, one signature; `aggregate`: one given aggregate of all keys; `aggregate-now`: aggregate the given
   * signatures, check once, answer with the aggregate.
   */
  readonly mode: 'single' | 'aggregate' | 'aggregate-now'
}

/** The question behind a check. Keys are those of the committee, in seat order. */
export function verificationOf(
  config: Pick<EngineConfig, 'domain' | 'committee'>,
  check: SignatureCheck,
): Verification {
  const { domain, committee } = config
  const keyOf = (seat: Seat): Uint8Array => present(committee[seat], 'a checked vote has a seat')
  switch (check.kind) {
    case 'vote': {
      const { kind, view, proposal, seat, signature } = check.vote
      const message = signingRoot(domain, kind, view, proposal)
      return { publicKeys: [keyOf(seat)], message, signatures: [signature], mode: 'single' }
    }
    case 'certificate': {
      const { kind, view, proposal, signers, signature } = check.certificate
      const seats = present(
        seatsOf(signers, committee.length),
        'a checked certificate has a bitmap',
      )
      const message = signingRoot(domain, kind, view, proposal)
      return { publicKeys: seats.map(keyOf), message, signatures: [signature], mode: 'aggregate' }
    }
    case 'aggregate': {
      const { kind, view, proposal } = present(check.votes[0], 'an aggregate has votes')
      return {
        publicKeys: check.votes.map((vote) => keyOf(vote.seat)),
        message: signingRoot(domain, kind, view, proposal),
        signatures: check.votes.map((vote) => vote.signature),
        mode: 'aggregate-now',
      }
    }
    default:
      return unreachable(check)
  }
}

/** Asks the scheme here and now. */
function runVerification(
  scheme: CertificateScheme,
  { publicKeys, message, signatures, mode }: Verification,
): CheckVerdict {
  if (mode === 'aggregate-now') {
    const aggregate = scheme.aggregate(signatures)
    if (aggregate === undefined) return { ok: false }
    const ok = scheme.verifyAggregate(publicKeys, message, aggregate)
    return ok ? { ok, aggregate } : { ok }
  }
  const signature = present(signatures[0], 'a question has a signature')
  if (mode === 'aggregate') return { ok: scheme.verifyAggregate(publicKeys, message, signature) }
  return { ok: scheme.verify(present(publicKeys[0], 'a vote has a key'), message, signature) }
}

/** All checks of one effect, answered synchronously: for tests and the simulator. */
export function runChecks(
  config: Pick<EngineConfig, 'domain' | 'committee'>,
  scheme: CertificateScheme,
  checks: readonly SignatureCheck[],
): readonly CheckVerdict[] {
  return checks.map((check) => runVerification(scheme, verificationOf(config, check)))
}

/** A worker's answer as a verdict. */
export function verdictOf(answer: {
  readonly ok: boolean
  readonly aggregate?: Uint8Array
}): CheckVerdict {
  if (!answer.ok) return { ok: false }
  assert(answer.aggregate?.length !== 0, 'an aggregate has bytes')
  return answer.aggregate === undefined ? { ok: true } : { ok: true, aggregate: answer.aggregate }
}
