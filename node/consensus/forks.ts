/**
 * Forks: two certificates of one view that no honest seat signs both (docs/protocol/consensus.md A.3). With at most f faulty
 * seats there are none. Whoever sees both has the proof against more than f seats, and tells the host.
 *
 * Bounds: FORK_CHECKS_MAX doubtful certificates of a view are checked, and one fork of it is told.
 */
import { guiltySeats } from '../crosslink/certificate-conflict.ts'
import type { Certificate } from '../crosslink/certificate.ts'
import { submit } from './checks.ts'
import { VOTE_KINDS, type Round } from './round.ts'
import { emit, type EngineState, type Source } from './state.ts'

/** What somebody says is such a certificate may be forged: so many times per view that is looked into. */
const FORK_CHECKS_MAX = 4

/** A certificate that nobody has checked. It is no use to this engine, but it may be one half of a proof. */
export function suspectFork(state: EngineState, certificate: Certificate, source: Source): void {
  const round = state.rounds.get(certificate.view)
  const known = round && opposedTo(state, round, certificate)
  if (round === undefined || known === undefined) return
  if (round.forkChecks >= FORK_CHECKS_MAX) return
  round.forkChecks++
  submit(state, { kind: 'fork', known, certificate, source })
}

/** A certificate that is known to be good. */
export function proveFork(state: EngineState, certificate: Certificate): void {
  const round = state.rounds.get(certificate.view)
  const known = round && opposedTo(state, round, certificate)
  if (round === undefined || known === undefined) return
  round.forkTold = true
  const { domain } = state.config
  emit(state, { kind: 'fork', proof: { domain, first: known, second: certificate } })
}

function opposedTo(
  { seatCount }: EngineState,
  { certificates, forkTold }: Round,
  certificate: Certificate,
): Certificate | undefined {
  if (forkTold) return undefined
  return VOTE_KINDS.map((kind) => certificates[kind]).find(
    (known) => known !== undefined && guiltySeats(known, certificate, seatCount).length > 0,
  )
}
