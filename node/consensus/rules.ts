/**
 * The rules of the engine that can be taken away, as functions. Production always runs `STANDARD_RULES`; the test tree
 * removes one at a time to see the checkers catch it (docs/protocol/consensus.md, negative campaigns).
 */

export type EngineRules = {
  /** Votes that make a certificate among n seats: n - floor((n - 1) / 3), never 2f + 1 (A.2). */
  readonly quorum: (seatCount: number) => number
  /** Timeout multiplier after `viewsWithoutFinality` views (R1). */
  readonly backoff: (viewsWithoutFinality: number, backoffMax: number) => number
  /** R11: a stuck node rebroadcasts the certificate by which it entered its view. */
  readonly entryCertificateOnRetry: boolean
  /** R15: what has not had its effect is said again before the view's own timeouts. */
  readonly repeats: boolean
  /** R16: do votes go to one collector first, among n seats? All-to-all costs 2n(n - 1) messages per view. */
  readonly collects: (seatCount: number) => boolean
  /** R12: a nullify for a past view is answered with that view's best certificate. */
  readonly laggardReply: boolean
  /** R8 without its guard when true: finalize even after nullify. Always false in production. */
  readonly finalizeAfterNullify: boolean
  /** A.10.2: own votes go back into the tally after a restart. */
  readonly ownVotesRestored: boolean
}

/** 7 seats send 84 votes per view to each other; 16 would send 480, and 4 per seat to a collector and back. */
const COLLECTED_SEATS_ABOVE = 7

export const STANDARD_RULES: EngineRules = {
  quorum: (seatCount) => seatCount - Math.floor((seatCount - 1) / 3),
  backoff: (viewsWithoutFinality, backoffMax) =>
    Math.min(2 ** Math.max(0, viewsWithoutFinality - 3), backoffMax),
  entryCertificateOnRetry: true,
  repeats: true,
  // Below, a collector saves few messages and costs two more delays to finality.
  collects: (seatCount) => seatCount > COLLECTED_SEATS_ABOVE,
  laggardReply: true,
  finalizeAfterNullify: false,
  ownVotesRestored: true,
}
