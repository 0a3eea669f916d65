/**
 * What the checkers are told: facts seen from outside a (chain, epoch), in words of their own. Nothing under
 * `checkers/` imports anything of the code under test: rules, quorums and bitmaps are stated here a second time.
 *
 * Digests are texts that are equal exactly for equal blocks. `byzantine` seats and nodes may do anything; the rules speak
 * about the others.
 */

type StatementKind = 'notarize' | 'nullify' | 'finalize'

/** What a seat can sign. A nullification has parentView -1 and empty digests. */
export type Statement = {
  readonly kind: StatementKind
  readonly view: number
  readonly parentView: number
  readonly parentDigest: string
  readonly digest: string
}

export type SeenCertificate = Statement & {
  /** Bit i of byte floor(i/8), least significant first, is seat i. */
  readonly signers: Uint8Array
}

export type Observation =
  /** A seat's key made a signature over this, whether or not it was sent. */
  | { readonly kind: 'signed'; readonly seat: number; readonly statement: Statement }
  /** A node sent, stored or acted on a certificate. */
  | {
      readonly kind: 'certificate'
      readonly node: number
      readonly certificate: SeenCertificate
    }
  /** A node accuses a seat. */
  | {
      readonly kind: 'evidence'
      readonly node: number
      readonly seat: number
      readonly first: Statement
      readonly second: Statement
    }
  /** A node says that a seat sent it a signature that does not verify. */
  | { readonly kind: 'blamed'; readonly node: number; readonly seat: number }
  /** A node's application took the next finalized block. */
  | {
      readonly kind: 'delivered'
      readonly node: number
      readonly height: number
      readonly digest: string
      readonly parentDigest: string
    }
  /** A node came back from its disk, with its application at this height. */
  | { readonly kind: 'restarted'; readonly node: number; readonly appliedHeight: number }
  /** A node fetches the state of this height: it may take the block without those below. */
  | { readonly kind: 'fetches'; readonly node: number; readonly height: number }

export type CheckedCommittee = {
  readonly seatCount: number
  readonly byzantineSeats: ReadonlySet<number>
  readonly byzantineNodes: ReadonlySet<number>
  readonly genesis: { readonly digest: string; readonly height: number }
}

export type Checker = {
  /** `S1`..: the number of the rule in docs/protocol. */
  readonly rule: string
  /** A sentence when the observation breaks the rule. */
  readonly observe: (observation: Observation) => string | undefined
  /** Asked once when a run ends, for rules that need everything to be known. */
  readonly finish?: () => string | undefined
}

export function statementText(statement: Statement): string {
  const { kind, view, parentView, parentDigest, digest } = statement
  return `${kind}/${view}/${parentView}/${parentDigest}/${digest}`
}
