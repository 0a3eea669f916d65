/**
 * The court of a sharded network: every checker behind one door. It listens to a world, translates what it hears into the
 * checkers' own words and keeps the first broken rule; what follows a violation proves nothing.
 */
import { shardGenesis, type Genesis } from '../../node/beacon/genesis.ts'
import { genesisBeaconState } from '../../node/beacon/state.ts'
import type { UnsignedVote } from '../../node/consensus/vote.ts'
import type { Receipt } from '../../node/crosslink/receipt.ts'
import { toHex } from '../../node/primitives/bytes.ts'
import { BEACON_CHAIN, type ChainNumber, type Hash } from '../../node/primitives/identifiers.ts'
import type { BlockOutcome } from '../../node/shards/executor.ts'
import { genesisStateRoot } from '../../node/shards/genesis-state.ts'
import type { NodeRestore, ValidatorFact } from '../../node/validator/contract.ts'
import type { NodeMessage } from '../../node/validator/message.ts'
import type { Validator } from '../../node/validator/validator.ts'
import { createConservationChecker, type ConservationChecker } from './checkers/conservation.ts'
import { createReceiptChecker, type ReceiptChecker } from './checkers/receipts.ts'
import { createReferee, type Referee } from './checkers/referee.ts'
import { createShardHeadChecker } from './checkers/shard-heads.ts'
import type { SeenBlock, SeenReceipt } from './checkers/sharded-observation.ts'
import { certificatesIn, seenCertificate, statementOf } from './consensus-seen.ts'
import { digestText } from './digest-text.ts'
import type { ShardedWorld } from './sharded-world.ts'

/** S5 needs every certificate; most are made where they are used and never travel. */
const RULES_NOT_JUDGED = ['S5']

export type Court = {
  readonly onFact: (node: number, fact: ValidatorFact) => void
  readonly onOutcome: (node: number, shard: ChainNumber, outcome: BlockOutcome) => void
  readonly onBeacon: (node: number, validator: Validator) => void
  readonly onSigned: (node: number, chain: ChainNumber, vote: UnsignedVote) => void
  readonly onMessage: (node: number, message: NodeMessage) => void
  /** A node came back from its store. */
  readonly onStarted: (node: number, restore: NodeRestore) => void
  readonly conservation: ConservationChecker
  readonly receipts: ReceiptChecker
  /** The first rule that was broken. */
  readonly violation: () => string | undefined
}

type Bench = {
  readonly world: () => ShardedWorld
  readonly conservation: ConservationChecker
  readonly receipts: ReceiptChecker
  readonly heads: ReturnType<typeof createShardHeadChecker>
  readonly genesis: Genesis
  readonly referees: Map<ChainNumber, Referee>
  /** Parents by block, as proposals say them. */
  readonly parents: Map<string, string>
  cutHeight: number
  found: string | undefined
}

export function createCourt(genesis: Genesis, world: () => ShardedWorld): Court {
  const bench: Bench = {
    world,
    genesis,
    conservation: createConservationChecker(balancesOf(genesis)),
    receipts: createReceiptChecker(),
    heads: createShardHeadChecker(),
    referees: new Map(),
    parents: new Map(),
    cutHeight: 0,
    found: undefined,
  }
  return {
    onFact: (node, fact) => hearFact(bench, node, fact),
    onOutcome: (node, shard, outcome) => hearBlock(bench, node, seenBlock(shard, outcome)),
    onBeacon: (_node, validator) => hearBeacon(bench, validator),
    onSigned: (node, chain, vote) => {
      const seat = world().validator(node).chains.get(chain)?.seat ?? -1
      observe(bench, chain, { kind: 'signed', seat, statement: statementOf(vote) })
    },
    onMessage: (node, message) => hearMessage(bench, node, message),
    onStarted: (node, { chains }) => {
      for (const { chain, head } of chains) {
        observe(bench, chain, { kind: 'restarted', node, appliedHeight: head?.height ?? 0 })
      }
    },
    conservation: bench.conservation,
    receipts: bench.receipts,
    violation: () => bench.found,
  }
}

function balancesOf(genesis: Genesis) {
  return Array.from({ length: genesis.shardCount }, (_, index) =>
    shardGenesis(genesis, index + 1).allocations.map(({ address, balance }) => {
      return { account: toHex(address), balance }
    }),
  )
}

function convict(bench: Bench, rule: string, sentence: string | undefined): void {
  if (sentence === undefined) return
  bench.found ??= `${rule} at ${bench.world().now()} ms: ${sentence}`
}

function refereeOf(bench: Bench, chain: ChainNumber): Referee {
  const known = bench.referees.get(chain)
  if (known !== undefined) return known
  const validator = bench.world().validator(0)
  const seatCount = validator.wire.seatCountOf(chain) ?? 0
  const referee = createReferee(
    {
      seatCount,
      byzantineSeats: new Set(),
      byzantineNodes: new Set(),
      genesis: { digest: digestText(genesisHashOf(bench.genesis, chain)), height: 0 },
    },
    RULES_NOT_JUDGED,
  )
  bench.referees.set(chain, referee)
  return referee
}

function genesisHashOf(genesis: Genesis, chain: ChainNumber): Hash {
  if (chain !== BEACON_CHAIN) return shardGenesis(genesis, chain).genesisBlockHash
  const shards = Array.from({ length: genesis.shardCount }, (_, index) => index + 1)
  const roots = shards.map((shard) => genesisStateRoot(shardGenesis(genesis, shard)))
  return genesisBeaconState(genesis, roots).headHash
}

function observe(
  bench: Bench,
  chain: ChainNumber,
  observation: Parameters<Referee['observe']>[1],
): void {
  const referee = refereeOf(bench, chain)
  referee.observe(bench.world().now(), observation)
  const violation = referee.violation()
  if (violation !== undefined)
    convict(bench, `${violation.rule} of chain ${chain}`, violation.sentence)
}

function hearFact(bench: Bench, node: number, fact: ValidatorFact): void {
  switch (fact.kind) {
    case 'finalized': {
      const { chain, height } = fact
      const digest = digestText(fact.hash)
      const parentDigest = bench.parents.get(digest) ?? ''
      return observe(bench, chain, { kind: 'delivered', node, height, digest, parentDigest })
    }
    case 'forked':
      return convict(bench, 'C7', `node ${node} found shard ${fact.shard} forked`)
    case 'divergence':
      return convict(bench, 'R8', `node ${node} diverged on chain ${fact.chain}: ${fact.detail}`)
    case 'refused-block':
      return convict(bench, 'R4', `node ${node} refused a block: ${fact.code} ${fact.detail}`)
    case 'evidence':
      return convict(bench, 'S7', `node ${node} accuses an honest seat`)
    case 'engine':
      if (fact.fact.kind === 'divergence') convict(bench, 'R8', `node ${node} diverged`)
      return
    default:
  }
}

function hearMessage(bench: Bench, node: number, message: NodeMessage): void {
  if (message.kind !== 'consensus') return
  const { chain, message: inner } = message
  if (inner.kind === 'proposal') {
    bench.parents.set(digestText(inner.block.hash), digestText(inner.block.parentHash))
  }
  for (const certificate of certificatesIn(inner)) {
    observe(bench, chain, { kind: 'certificate', node, certificate: seenCertificate(certificate) })
  }
}

function hearBlock(bench: Bench, node: number, block: SeenBlock): void {
  if (bench.heads.isNew(block)) {
    bench.conservation.block(block)
    convict(bench, 'C3', bench.receipts.block(block))
  }
  convict(bench, 'S6', bench.heads.block(node, block))
}

function hearBeacon(bench: Bench, validator: Validator): void {
  const { height, shards } = validator.beacon.head()
  if (height <= bench.cutHeight) return
  bench.cutHeight = height
  const heads = shards.map((record) => ({ height: record.height, hash: toHex(record.hash) }))
  const cut = { beaconHeight: height, heads }
  convict(bench, 'X1', bench.heads.cut(cut))
  convict(bench, 'C1', bench.conservation.cut(cut))
}

function seenBlock(shard: ChainNumber, outcome: BlockOutcome): SeenBlock {
  const { header } = outcome
  return {
    shard,
    height: header.height,
    hash: toHex(outcome.hash),
    stateRoot: toHex(header.stateRoot),
    baseFeePerGas: header.baseFeePerGas,
    transactions: outcome.results.map(({ gasUsed, sent }, index) => ({
      hash: toHex(outcome.transactionHashes[index] ?? new Uint8Array(0)),
      gasUsed,
      sentTo: sent?.destination,
    })),
    consumed: outcome.consumed.map(({ receipt, outcome: end }) => {
      return { receipt: seenReceipt(receipt), bounced: end === 'bounced' }
    }),
    sent: outcome.sent.flatMap(({ receipts }) => receipts.map(seenReceipt)),
    changed: outcome.changed.map(({ address, balance }) => ({ account: toHex(address), balance })),
  }
}

function seenReceipt(receipt: Receipt): SeenReceipt {
  const { source, destination, sequence, kind, amount } = receipt
  return {
    source,
    destination,
    sequence,
    kind,
    amount,
    from: toHex(receipt.from),
    to: toHex(receipt.to),
    origin: toHex(receipt.originTransaction),
  }
}
