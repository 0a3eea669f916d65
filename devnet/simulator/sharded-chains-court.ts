/**
 * The consensus side of a sharded network's court: one referee per chain, told of every signature, certificate, delivery
 * and accusation. Nodes that are, or once were, byzantine may do anything; what they show counts when an honest node
 * believes it.
 */
import { shardGenesis, type Genesis } from '../../node/beacon/genesis.ts'
import { genesisBeaconState, type BeaconState } from '../../node/beacon/state.ts'
import type { Evidence } from '../../node/consensus/engine-contract.ts'
import type { UnsignedVote, Vote } from '../../node/consensus/vote.ts'
import {
  signingRoot,
  type Certificate,
  type EngineDomain,
} from '../../node/crosslink/certificate.ts'
import { BEACON_CHAIN, type ChainNumber, type Hash } from '../../node/primitives/identifiers.ts'
import type { CertificateScheme } from '../../node/primitives/signature.ts'
import { genesisStateRoot } from '../../node/shards/genesis-state.ts'
import type { NodeRestore } from '../../node/validator/contract.ts'
import type { NodeMessage } from '../../node/validator/message.ts'
import type { Observation, Statement } from './checkers/observation.ts'
import { createReferee, type Referee, type Violation } from './checkers/referee.ts'
import { certificatesIn, seenCertificate, statementOf } from './consensus-seen.ts'
import { digestText } from './digest-text.ts'

/** S5 needs every certificate; most are made where they are used and never travel. */
const RULES_NOT_JUDGED = ['S5']

export type ChainsCourtOptions = {
  readonly genesis: Genesis
  /** To check evidence; without it evidence is believed. */
  readonly scheme: CertificateScheme | undefined
  /** Follows the network: a node may turn while it runs. */
  readonly byzantine: ReadonlySet<number>
  /** The node's disk was damaged or wiped: it may have forgotten, and takes again what it had (S8 is not for it). */
  readonly isScarred: (node: number) => boolean
  readonly now: () => number
  readonly convict: (rule: string, sentence: string) => void
}

export type ChainsCourt = {
  readonly signed: (node: number, chain: ChainNumber, vote: UnsignedVote) => void
  readonly heard: (node: number, message: NodeMessage) => void
  readonly delivered: (node: number, chain: ChainNumber, height: number, hash: Hash) => void
  readonly accused: (node: number, evidence: Evidence) => void
  readonly restarted: (node: number, restore: NodeRestore) => void
  /** A node acts upon a certificate. */
  readonly used: (node: number, chain: ChainNumber, certificate: Certificate) => void
  /** A node says that a seat sent it a signature that does not verify. */
  readonly blamed: (node: number, chain: ChainNumber, seat: number) => void
  /** A node became byzantine. */
  readonly turned: (node: number) => void
}

type Bench = ChainsCourtOptions & {
  readonly state: BeaconState
  readonly referees: Map<ChainNumber, Referee>
  /** Seats of each chain that may lie. */
  readonly guilty: Map<ChainNumber, Set<number>>
  /** Parents by block, as proposals say them. */
  readonly parents: Map<string, string>
  /** `chain/height` -> block that an honest node took there. */
  readonly taken: Map<string, string>
  /** Looked at already: a broadcast is one message on many ways. */
  readonly certificates: WeakSet<Certificate>
}

export function createChainsCourt(options: ChainsCourtOptions): ChainsCourt {
  const { genesis } = options
  const shards = Array.from({ length: genesis.shardCount }, (_, index) => index + 1)
  const bench: Bench = {
    ...options,
    state: genesisBeaconState(
      genesis,
      shards.map((shard) => genesisStateRoot(shardGenesis(genesis, shard))),
    ),
    referees: new Map(),
    guilty: new Map(),
    parents: new Map(),
    taken: new Map(),
    certificates: new WeakSet(),
  }
  return {
    signed: (node, chain, vote) => {
      const seat = seatOf(bench, chain, node)
      observe(bench, chain, { kind: 'signed', seat, statement: statementOf(vote) })
    },
    heard: (node, message) => hear(bench, node, message),
    delivered: (node, chain, height, hash) => deliver(bench, node, { chain, height, hash }),
    accused: (node, evidence) => accuse(bench, node, evidence),
    used: (node, chain, certificate) => show(bench, node, { chain, certificate }),
    blamed: (node, chain, seat) => observe(bench, chain, { kind: 'blamed', node, seat }),
    restarted: (node, { chains }) => {
      if (bench.isScarred(node)) return
      for (const { chain, head } of chains) {
        observe(bench, chain, { kind: 'restarted', node, appliedHeight: head?.height ?? 0 })
      }
    },
    turned: (node) => {
      for (const [chain, seats] of bench.guilty) seats.add(seatOf(bench, chain, node))
    },
  }
}

function deliver(
  bench: Bench,
  node: number,
  taken: { readonly chain: ChainNumber; readonly height: number; readonly hash: Hash },
): void {
  const { chain, height } = taken
  const digest = digestText(taken.hash)
  if (!bench.isScarred(node)) {
    const parentDigest = bench.parents.get(digest) ?? ''
    bench.taken.set(`${chain}/${height}`, digest)
    return observe(bench, chain, { kind: 'delivered', node, height, digest, parentDigest })
  }
  const known = bench.taken.get(`${chain}/${height}`) ?? digest
  if (known !== digest) {
    bench.convict(`S1 of chain ${chain}`, `node ${node} took ${digest} at ${height}, not ${known}`)
  }
}

function seatOf({ state }: Bench, chain: ChainNumber, node: number): number {
  return state.committees[chain]?.indexOf(node) ?? -1
}

function guiltySeats(bench: Bench, chain: ChainNumber): Set<number> {
  const known = bench.guilty.get(chain)
  if (known !== undefined) return known
  const seats = new Set([...bench.byzantine].map((node) => seatOf(bench, chain, node)))
  bench.guilty.set(chain, seats)
  return seats
}

function refereeOf(bench: Bench, chain: ChainNumber): Referee {
  const known = bench.referees.get(chain)
  if (known !== undefined) return known
  const referee = createReferee(
    {
      seatCount: bench.state.committees[chain]?.length ?? 0,
      byzantineSeats: guiltySeats(bench, chain),
      byzantineNodes: bench.byzantine,
      genesis: { digest: digestText(genesisHashOf(bench, chain)), height: 0 },
    },
    RULES_NOT_JUDGED,
  )
  bench.referees.set(chain, referee)
  return referee
}

function genesisHashOf({ genesis, state }: Bench, chain: ChainNumber): Hash {
  return chain === BEACON_CHAIN ? state.headHash : shardGenesis(genesis, chain).genesisBlockHash
}

function observe(bench: Bench, chain: ChainNumber, observation: Observation): void {
  const referee = refereeOf(bench, chain)
  referee.observe(bench.now(), observation)
  const violation: Violation | undefined = referee.violation()
  if (violation !== undefined) {
    bench.convict(`${violation.rule} of chain ${chain}`, violation.sentence)
  }
}

function hear(bench: Bench, node: number, message: NodeMessage): void {
  if (message.kind !== 'consensus') return
  const { chain, message: inner } = message
  if (inner.kind === 'vote') return
  if (inner.kind === 'proposal') {
    bench.parents.set(digestText(inner.block.hash), digestText(inner.block.parentHash))
  }
  if (bench.byzantine.has(node)) return
  for (const certificate of certificatesIn(inner)) show(bench, node, { chain, certificate })
}

function show(
  bench: Bench,
  node: number,
  { chain, certificate }: { readonly chain: ChainNumber; readonly certificate: Certificate },
): void {
  if (bench.certificates.has(certificate) || certificate.view === 0) return
  bench.certificates.add(certificate)
  const { signers } = certificate
  for (const seat of guiltySeats(bench, chain)) {
    const isSigner = (((signers[seat >> 3] ?? 0) >> (seat & 7)) & 1) === 1
    if (isSigner) lend(bench, chain, { seat, statement: statementOf(certificate) })
  }
  observe(bench, chain, { kind: 'certificate', node, certificate: seenCertificate(certificate) })
}

/** A liar signs where nobody looks, so what an honest node shows of its signatures counts as made. */
function lend(
  bench: Bench,
  chain: ChainNumber,
  { seat, statement }: { readonly seat: number; readonly statement: Statement },
): void {
  if (guiltySeats(bench, chain).has(seat)) {
    observe(bench, chain, { kind: 'signed', seat, statement })
  }
}

function accuse(bench: Bench, node: number, { domain, seat, first, second }: Evidence): void {
  const { chain } = domain
  if (!verifies(bench, domain, first) || !verifies(bench, domain, second)) {
    return bench.convict('S7', `node ${node} shows evidence with a signature that nobody made`)
  }
  for (const vote of [first, second]) lend(bench, chain, { seat, statement: statementOf(vote) })
  observe(bench, chain, {
    kind: 'evidence',
    node,
    seat,
    first: statementOf(first),
    second: statementOf(second),
  })
}

function verifies({ scheme, genesis, state }: Bench, domain: EngineDomain, vote: Vote): boolean {
  const { kind, view, proposal, seat, signature } = vote
  const validator = genesis.validators[state.committees[domain.chain]?.[seat] ?? -1]
  if (validator === undefined) return false
  if (scheme === undefined) return true
  return scheme.verify(validator.publicKey, signingRoot(domain, kind, view, proposal), signature)
}
