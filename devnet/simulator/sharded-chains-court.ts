/**
 * The consensus side of a sharded network's court: one referee per (chain, epoch), told of every signature, certificate and
 * accusation, and one per chain for what is delivered through all its epochs. Nodes that are, or once were, byzantine may do anything; what they show counts when an honest node
 * believes it.
 */
import { genesisBlockHash, shardGenesis, type Genesis } from '../../node/beacon/genesis.ts'
import { genesisBeaconState, type BeaconState } from '../../node/beacon/state.ts'
import type { Evidence } from '../../node/consensus/engine-contract.ts'
import type { UnsignedVote, Vote } from '../../node/consensus/vote.ts'
import {
  signingRoot,
  type Certificate,
  type EngineDomain,
} from '../../node/crosslink/certificate.ts'
import { BEACON_CHAIN, type ChainNumber, type Hash } from '../../node/primitives/identifiers.ts'
import { keyFor, keyUseOf } from '../../node/primitives/key-use.ts'
import type { CertificateScheme } from '../../node/primitives/signature.ts'
import { genesisStateRoot } from '../../node/shards/genesis-state.ts'
import type { NodeRestore } from '../../node/validator/contract.ts'
import type { NodeMessage } from '../../node/validator/message.ts'
import type { Observation, Statement } from './checkers/observation.ts'
import { createRegistryChecker } from './checkers/registry.ts'
import { createReferee, type Referee, type Violation } from './checkers/referee.ts'
import { certificatesIn, seenCertificate, statementOf } from './consensus-seen.ts'
import { digestText } from './digest-text.ts'
import { createEpochRegister, type EpochRegister } from './epoch-register.ts'

/** S5 needs every certificate; most are made where they are used and never travel. */
const EPOCH_RULES_NOT_JUDGED = ['S5', 'S1', 'S8']
/** What is delivered has heights, which go on from epoch to epoch; the rest has views, which do not. */
const CHAIN_RULES_NOT_JUDGED = ['S2', 'S3', 'S4', 'S5', 'S6', 'S7', 'S12']

export type ChainsCourtOptions = {
  readonly genesis: Genesis
  /** To check evidence; without it evidence is believed. */
  readonly scheme: CertificateScheme | undefined
  /** Follows the network: a node may turn while it runs. */
  readonly byzantine: ReadonlySet<number>
  /** The node's disk was damaged or wiped: it may have forgotten, and takes again what it had (S8 is not for it). */
  readonly isScarred: (node: number) => boolean
  /** Its seats may do anything (captured-shards.ts): nothing that they sign or finalize is judged. */
  readonly isCaptured: (chain: ChainNumber) => boolean
  readonly now: () => number
  readonly convict: (rule: string, sentence: string) => void
}

type EnginePlace = Pick<EngineDomain, 'chain' | 'epoch'>
type Delivered = EnginePlace & { readonly height: number; readonly hash: Hash }
type Began = Delivered

export type ChainsCourt = {
  readonly signed: (node: number, place: EnginePlace, vote: UnsignedVote) => void
  readonly heard: (node: number, message: NodeMessage) => void
  readonly delivered: (node: number, block: Delivered) => void
  /** An honest node's beacon has a new head. */
  readonly planned: (node: number, state: BeaconState) => void
  /** An honest node started an epoch of a chain. */
  readonly began: (node: number, fact: Began) => void
  /** B.8: what honest nodes took above this height is taken back. */
  readonly tookBack: (chain: ChainNumber, height: number) => void
  readonly accused: (node: number, evidence: Evidence) => void
  readonly restarted: (node: number, restore: NodeRestore) => void
  /** A node fetches the state of a shard at this height. */
  readonly fetches: (node: number, shard: ChainNumber, height: number) => void
  /** A node acts upon a certificate. */
  readonly used: (node: number, place: EnginePlace, certificate: Certificate) => void
  /** A node says that a seat sent it a signature that does not verify. */
  readonly blamed: (node: number, place: EnginePlace, seat: number) => void
  /** A node became byzantine. */
  readonly turned: (node: number) => void
}

type Bench = ChainsCourtOptions & {
  readonly state: BeaconState
  readonly epochs: EpochRegister
  /** By chain, and by chain and epoch. */
  readonly referees: Map<string, Referee>
  /** Seats of each chain that may lie, by chain and epoch. */
  readonly guilty: Map<string, { readonly place: EnginePlace; readonly seats: Set<number> }>
  /** Parents by block, as proposals say them. */
  readonly parents: Map<string, string>
  /** `chain/height` -> block that an honest node took there. */
  readonly taken: Map<string, string>
  /** Shards of which blocks were taken back: heights of single nodes are not judged any more, blocks at a height still are. */
  readonly takenBack: Set<ChainNumber>
  /** Looked at already: a broadcast is one message on many ways. */
  readonly certificates: WeakSet<Certificate>
}

export function createChainsCourt(options: ChainsCourtOptions): ChainsCourt {
  const { genesis } = options
  const shards = Array.from({ length: genesis.shardCount }, (_, index) => index + 1)
  const state = genesisBeaconState(
    genesis,
    shards.map((shard) => genesisStateRoot(shardGenesis(genesis, shard))),
  )
  const bench: Bench = {
    ...options,
    state,
    epochs: createEpochRegister(state),
    referees: new Map(),
    guilty: new Map(),
    parents: new Map(),
    taken: new Map(),
    takenBack: new Set(),
    certificates: new WeakSet(),
  }
  const registry = createRegistryChecker(state, options.byzantine)
  return {
    signed: (node, place, vote) => {
      const seat = seatOf(bench, place, node)
      observe(bench, place, { kind: 'signed', seat, statement: statementOf(vote) })
    },
    heard: (node, message) => hear(bench, node, message),
    delivered: (node, block) => deliver(bench, node, block),
    planned: (node, head) => {
      suspect(bench, 'X4', bench.epochs.planned(node, head))
      const verdict = registry.look(head)
      if (verdict !== undefined) suspect(bench, verdict.rule, verdict.sentence)
      learnOpenings(bench, head)
    },
    began: (node, { chain, epoch, height, hash }) => {
      if (bench.isScarred(node) || bench.isCaptured(chain)) return
      const from = { digest: digestText(hash), height }
      suspect(bench, 'S10', bench.epochs.began(node, { chain, epoch }, from))
      const genesis = height === 0 ? genesisOf(bench, chain).digest : undefined
      const taken = genesis ?? bench.taken.get(`${chain}/${height}`)
      if (taken === from.digest) return
      suspect(
        bench,
        'S10',
        `node ${node} began epoch ${epoch} of chain ${chain} from no final block`,
      )
    },
    tookBack: (chain, height) => {
      bench.takenBack.add(chain)
      for (let above = height + 1; bench.taken.delete(`${chain}/${above}`);) above++
    },
    accused: (node, evidence) => accuse(bench, node, evidence),
    used: (node, place, certificate) => show(bench, node, { place, certificate }),
    blamed: (node, place, seat) => observe(bench, place, { kind: 'blamed', node, seat }),
    restarted: (node, { chains }) => {
      if (bench.isScarred(node)) return
      for (const { chain, head } of chains) {
        if (bench.takenBack.has(chain)) continue
        observeChain(bench, chain, { kind: 'restarted', node, appliedHeight: head?.height ?? 0 })
      }
    },
    fetches: (node, shard, height) => observeChain(bench, shard, { kind: 'fetches', node, height }),
    turned: (node) => {
      for (const { place, seats } of bench.guilty.values()) seats.add(seatOf(bench, place, node))
    },
  }
}

/** B.7: a shard that was opened later begins, in the epoch of its opening, from its own block 0. */
function learnOpenings(bench: Bench, { shards, epochRules }: BeaconState): void {
  for (const { shard, openedHeight } of shards) {
    if (openedHeight === 0) continue
    const epoch = Math.floor(openedHeight / epochRules.blocks)
    if (bench.epochs.beginningOf(shard, epoch) === undefined)
      bench.epochs.began(-1, { chain: shard, epoch }, genesisOf(bench, shard))
  }
}

function suspect(bench: Bench, rule: string, sentence: string | undefined): void {
  if (sentence !== undefined) bench.convict(rule, sentence)
}

function deliver(bench: Bench, node: number, block: Delivered): void {
  const { chain, height } = block
  if (bench.isCaptured(chain)) return
  const digest = digestText(block.hash)
  if (!bench.isScarred(node) && !bench.takenBack.has(chain)) {
    const parentDigest = bench.parents.get(digest) ?? ''
    bench.taken.set(`${chain}/${height}`, digest)
    const taken = { kind: 'delivered', node, height, digest, parentDigest } as const
    observe(bench, block, taken)
    return observeChain(bench, chain, taken)
  }
  const known = bench.taken.get(`${chain}/${height}`) ?? digest
  if (!bench.isScarred(node)) bench.taken.set(`${chain}/${height}`, known)
  if (known !== digest) {
    bench.convict(`S1 of chain ${chain}`, `node ${node} took ${digest} at ${height}, not ${known}`)
  }
}

function seatOf({ epochs }: Bench, { chain, epoch }: EnginePlace, node: number): number {
  return epochs.seatsOf(chain, epoch)?.indexOf(node) ?? -1
}

function guiltySeats(bench: Bench, { chain, epoch }: EnginePlace): ReadonlySet<number> {
  const key = `${chain}/${epoch}`
  const known = bench.guilty.get(key)
  if (known !== undefined) return known.seats
  const place = { chain, epoch }
  const seats = new Set([...bench.byzantine].map((node) => seatOf(bench, place, node)))
  bench.guilty.set(key, { place, seats })
  return seats
}

/** undefined: no honest node has begun this epoch, so whatever is said in it is a liar's. */
function refereeOf(bench: Bench, place: EnginePlace): Referee | undefined {
  const { chain, epoch } = place
  const key = `${chain}/${epoch}`
  const known = bench.referees.get(key)
  if (known !== undefined) return known
  const seats = bench.epochs.seatsOf(chain, epoch)
  const genesis = epoch === 0 ? genesisOf(bench, chain) : bench.epochs.beginningOf(chain, epoch)
  if (seats === undefined || genesis === undefined) return undefined
  const referee = createReferee(
    {
      seatCount: seats.length,
      byzantineSeats: guiltySeats(bench, place),
      byzantineNodes: bench.byzantine,
      genesis,
    },
    EPOCH_RULES_NOT_JUDGED,
  )
  bench.referees.set(key, referee)
  return referee
}

function chainReferee(bench: Bench, chain: ChainNumber): Referee {
  const key = `${chain}`
  const known = bench.referees.get(key)
  if (known !== undefined) return known
  const referee = createReferee(
    {
      seatCount: bench.state.committees[chain]?.length ?? 0,
      byzantineSeats: new Set(),
      byzantineNodes: bench.byzantine,
      genesis: genesisOf(bench, chain),
    },
    CHAIN_RULES_NOT_JUDGED,
  )
  bench.referees.set(key, referee)
  return referee
}

function genesisOf({ state }: Bench, chain: ChainNumber) {
  const { headHash, genesisHash } = state
  const hash = chain === BEACON_CHAIN ? headHash : genesisBlockHash(genesisHash, chain)
  return { digest: digestText(hash), height: 0 }
}

function observe(bench: Bench, place: EnginePlace, observation: Observation): void {
  if (bench.isCaptured(place.chain)) return
  const referee = refereeOf(bench, place)
  if (referee !== undefined) tell(bench, referee, place.chain, observation)
}

function observeChain(bench: Bench, chain: ChainNumber, observation: Observation): void {
  if (!bench.isCaptured(chain)) tell(bench, chainReferee(bench, chain), chain, observation)
}

function tell(bench: Bench, referee: Referee, chain: ChainNumber, observation: Observation): void {
  referee.observe(bench.now(), observation)
  const violation: Violation | undefined = referee.violation()
  if (violation !== undefined) {
    bench.convict(`${violation.rule} of chain ${chain}`, violation.sentence)
  }
}

function hear(bench: Bench, node: number, message: NodeMessage): void {
  if (message.kind !== 'consensus') return
  const { chain, epoch, message: inner } = message
  if (inner.kind === 'vote') return
  if (inner.kind === 'proposal') {
    bench.parents.set(digestText(inner.block.hash), digestText(inner.block.parentHash))
  }
  if (bench.byzantine.has(node)) return
  const place = { chain, epoch }
  for (const certificate of certificatesIn(inner)) show(bench, node, { place, certificate })
}

function show(
  bench: Bench,
  node: number,
  { place, certificate }: { readonly place: EnginePlace; readonly certificate: Certificate },
): void {
  if (bench.certificates.has(certificate) || certificate.view === 0) return
  bench.certificates.add(certificate)
  const { signers } = certificate
  for (const seat of guiltySeats(bench, place)) {
    const isSigner = (((signers[seat >> 3] ?? 0) >> (seat & 7)) & 1) === 1
    if (isSigner) lend(bench, place, { seat, statement: statementOf(certificate) })
  }
  observe(bench, place, { kind: 'certificate', node, certificate: seenCertificate(certificate) })
}

/** A liar signs where nobody looks, so what an honest node shows of its signatures counts as made. */
function lend(
  bench: Bench,
  place: EnginePlace,
  { seat, statement }: { readonly seat: number; readonly statement: Statement },
): void {
  if (guiltySeats(bench, place).has(seat)) {
    observe(bench, place, { kind: 'signed', seat, statement })
  }
}

function accuse(bench: Bench, node: number, { domain, seat, first, second }: Evidence): void {
  if (!verifies(bench, domain, first) || !verifies(bench, domain, second)) {
    return bench.convict('S7', `node ${node} shows evidence with a signature that nobody made`)
  }
  for (const vote of [first, second]) lend(bench, domain, { seat, statement: statementOf(vote) })
  observe(bench, domain, {
    kind: 'evidence',
    node,
    seat,
    first: statementOf(first),
    second: statementOf(second),
  })
}

function verifies({ scheme, genesis, epochs }: Bench, domain: EngineDomain, vote: Vote): boolean {
  const { kind, view, proposal, seat, signature } = vote
  const seats = epochs.seatsOf(domain.chain, domain.epoch) ?? []
  const validator = genesis.validators[seats[seat] ?? -1]
  if (validator === undefined) return false
  if (scheme === undefined) return true
  // A.3: of the two keys of a validator the one that a committee of this size votes with.
  const key = keyFor(validator.publicKey, keyUseOf(seats.length))
  return scheme.verify(key, signingRoot(domain, kind, view, proposal), signature)
}
