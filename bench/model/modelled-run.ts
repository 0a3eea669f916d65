/**
 * One run of a modelled network: the machines of a real node in virtual time (devnet/simulator), each turn taking the time
 * that its processors need, under an open loop of signed payments. What was offered and what settled, counted as in a real
 * run: a payment counts once, when the block of its last effect is recorded by a finalized beacon block.
 */
import { present } from '../../node/primitives/assert.ts'
import { bigIntToBytes, fromHex, toHex } from '../../node/primitives/bytes.ts'
import type { Genesis } from '../../node/beacon/genesis.ts'
import type { BlockOutcome } from '../../node/shards/executor.ts'
import { createDevnetGenesis } from '../../devnet/genesis.ts'
import { loadAccount } from '../../devnet/accounts.ts'
import { createEvenWorkload } from '../../devnet/load/workload-even.ts'
import type { Workload } from '../../devnet/load/workload-contract.ts'
import { arrivalTime, signPayment } from '../../devnet/load/workload.ts'
import { CHAIN_ID_BASE, DEFAULT_PARAMETERS } from '../../devnet/parameters.ts'
import { createShardedWorld, type ShardedWorld } from '../../devnet/simulator/sharded-world.ts'
import { createModelledScheme, modelledKeys } from './modelled-scheme.ts'
import { ModelledCores, turnCost, type ProcessorModel, type TurnCost } from './processors.ts'

export type ModelledNetwork = {
  readonly shards: number
  readonly validators: number
  /** Most seats of the beacon (B.15); 0: it seats everybody. */
  readonly beaconSeats: number
  readonly crossShard: number
  readonly cores: number
  /** All on one machine, as in a devnet, or one machine each. */
  readonly nodesPerMachine: number
  readonly delayMs: number
}

export type ModelledRun = {
  readonly offeredTps: number
  readonly settledTps: number
  readonly cpuMsPerTx: number
  readonly busyShare: number
  /** What processors did per settled transaction, by what it was for, before the factors; CPU-milliseconds. */
  readonly partsMsPerTx: TurnCost
}

const ACCOUNTS = 100
const START_MS = 3000
const SETTLE_IN_MS = 4000
const WINDOW_MS = 6000

export async function runModelled(
  network: ModelledNetwork,
  model: ProcessorModel,
  rateTps: number,
): Promise<ModelledRun> {
  const { shards, validators, cores, nodesPerMachine, delayMs } = network
  const { genesis, keys } = await genesisOf(network)
  const processors = new ModelledCores(validators, nodesPerMachine, cores)
  const book = createBook(shards)
  const world = createShardedWorld(
    {
      genesis,
      secretKeys: keys,
      scheme: createModelledScheme(),
      seed: 1,
      delayMinMs: delayMs,
      delayMaxMs: delayMs + 1,
      turnMs: (node, { nowMs, inputs, effects }) =>
        processors.take(node, nowMs, turnCost(model.stages, inputs, effects), model.factors),
    },
    {
      onOutcome: (_node, _shard, outcome) => book.block(outcome),
      onBeacon: (_node, state) => book.beacon(state.shards, world.now()),
    },
  )
  for (let node = 0; node < validators; node++) world.start(node)
  world.run(START_MS)
  const workload = createEvenWorkload({ ...factsOf(network), accountsPerShard: ACCOUNTS })
  offer(world, network, workload, rateTps)
  world.run(START_MS + SETTLE_IN_MS)
  const before = { busyUs: processors.busyUs, parts: processors.parts }
  const fromMs = world.now()
  world.run(START_MS + SETTLE_IN_MS + WINDOW_MS)
  const settledTps = book.ratePerSecond(fromMs)
  const settled = (settledTps * WINDOW_MS) / 1000
  const busyUs = processors.busyUs - before.busyUs
  const machines = Math.ceil(validators / nodesPerMachine)
  return {
    offeredTps: rateTps,
    settledTps,
    cpuMsPerTx: busyUs / 1000 / Math.max(1, settled),
    busyShare: busyUs / 1000 / (WINDOW_MS * cores * machines),
    partsMsPerTx: partsPerTx(before.parts, processors.parts, settled),
  }
}

function partsPerTx(before: TurnCost, after: TurnCost, settled: number): TurnCost {
  const each = (part: keyof TurnCost): number =>
    (after[part] - before[part]) / 1000 / Math.max(1, settled)
  return {
    signatures: each('signatures'),
    views: each('views'),
    transactions: each('transactions'),
  }
}

function factsOf({ shards, crossShard }: ModelledNetwork) {
  return { shardCount: shards, crossShard }
}

async function genesisOf({ shards, validators, beaconSeats }: ModelledNetwork): Promise<{
  readonly genesis: Genesis
  readonly keys: readonly Uint8Array[]
}> {
  const parameters = {
    ...DEFAULT_PARAMETERS,
    shards,
    validators,
    beaconSeats,
    scheme: 'mock',
    loadAccounts: ACCOUNTS,
  } as const
  const { genesis } = await createDevnetGenesis(parameters, 0)
  const keys = genesis.validators.map((_, index) => modelledKeys(bigIntToBytes(BigInt(index), 8)))
  const members = genesis.validators.map((validator, index) => ({
    ...validator,
    publicKey: present(keys[index], 'a key per validator'),
    peer: `peer-${index}`,
  }))
  return { genesis: { ...genesis, validators: members }, keys }
}

/** Every arrival at its own time, whatever happened to the ones before. */
function offer(
  world: ShardedWorld,
  { shards }: ModelledNetwork,
  workload: Workload,
  ratePerSecond: number,
): void {
  const committees = world.validator(0).beacon.head().committees
  const nonces = new Map<string, number>()
  const clock = { startMs: START_MS, ratePerSecond }
  const arrive = (arrival: number): void => {
    const payer = workload.payerOf(arrival)
    const key = `${payer.shard}/${payer.index}`
    const nonce = nonces.get(key) ?? 0
    nonces.set(key, nonce + 1)
    const { destination, payeeIndex } = workload.paymentOf(payer, nonce)
    const payment = {
      shard: payer.shard,
      nonce,
      destination,
      payee: loadAccount(destination, payeeIndex).address,
    }
    const facts = { shardCount: shards, chainIdBase: CHAIN_ID_BASE }
    const { raw } = signPayment(payment, loadAccount(payer.shard, payer.index).secretKey, facts)
    const members = committees[payer.shard] ?? []
    const member = present(members[payer.index % members.length], 'a committee has members')
    world.submit(member, payer.shard, present(fromHex(raw.slice(2)), 'signed payments are hex'))
    schedule(arrival + 1)
  }
  const schedule = (arrival: number): void =>
    world.at(Math.floor(arrivalTime(clock, arrival)), 'arrival', () => arrive(arrival))
  schedule(0)
}

type Book = {
  readonly block: (outcome: BlockOutcome) => void
  readonly beacon: (records: readonly { readonly height: number }[], nowMs: number) => void
  /** From the first settlement since then to the last: it comes in bursts, one per beacon block. */
  readonly ratePerSecond: (fromMs: number) => number
}

/** Payments by the block that ends them, counted when the beacon has recorded it. */
function createBook(shardCount: number): Book {
  /** Per shard: payments that end in each height. */
  const ending = Array.from({ length: shardCount }, () => new Map<number, number>())
  const recorded = Array.from({ length: shardCount }, () => 0)
  const seen = new Set<string>()
  const settlements: { readonly atMs: number; readonly total: number }[] = []
  let total = 0
  return {
    block: ({ hash, header, results, consumed }) => {
      const key = toHex(hash)
      if (seen.has(key)) return
      seen.add(key)
      const intra = results.filter(({ sent, status }) => sent === undefined && status === 1).length
      const cross = consumed.filter(({ outcome }) => outcome === 'applied').length
      ending[header.chain - 1]?.set(header.height, intra + cross)
    },
    beacon: (records, nowMs) => {
      const before = total
      for (const [index, { height }] of records.entries()) {
        for (let next = (recorded[index] ?? 0) + 1; next <= height; next++) {
          total += ending[index]?.get(next) ?? 0
          recorded[index] = next
        }
      }
      if (total > before) settlements.push({ atMs: nowMs, total })
    },
    ratePerSecond: (fromMs) => {
      const first = settlements.find(({ atMs }) => atMs >= fromMs)
      const last = settlements.at(-1)
      if (first === undefined || last === undefined || last.atMs === first.atMs) return 0
      return ((last.total - first.total) * 1000) / (last.atMs - first.atMs)
    },
  }
}
