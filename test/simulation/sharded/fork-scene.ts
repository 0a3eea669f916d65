/**
 * A captured shard that forks: f + 1 of its committee are a gang (devnet/adversaries/forker.ts) and finalize two blocks in a view.
 * What the beacons of honest nodes record is kept, by shard and height.
 */
import { ONE_EPOCH } from '../../../node/beacon/epoch.ts'
import { present } from '../../../node/primitives/assert.ts'
import { toHex } from '../../../node/primitives/bytes.ts'
import { createPrng, type Prng } from '../../../node/primitives/prng.ts'
import type { ValidatorFact } from '../../../node/validator/contract.ts'
import { createTrial, type Trial } from './trial.ts'

const SHARDS = 2
const CAPTURED = 1

export type SeenFact = { readonly node: number; readonly fact: ValidatorFact }

export type ForkScene = {
  readonly trial: Trial
  readonly gang: readonly number[]
  readonly honest: readonly number[]
  readonly dice: Prng
  /** What honest nodes said about forks. */
  readonly facts: readonly SeenFact[]
  /** `shard/height` -> hashes that some honest node's beacon has recorded there. */
  readonly recorded: ReadonlyMap<string, ReadonlySet<string>>
  /** So many transfers of clients, through honest nodes. */
  readonly send: (count: number) => void
}

export function openFork(seed: number): ForkScene {
  const facts: SeenFact[] = []
  const recorded = new Map<string, Set<string>>()
  const trial = createTrial({
    shardCount: SHARDS,
    seed,
    genesis: { epochs: { ...ONE_EPOCH, blocks: 4 } },
    events: {
      onFact: (node, fact) => {
        if (fact.kind === 'forked' || fact.kind === 'reorganised' || fact.kind === 'fork')
          facts.push({ node, fact })
      },
      onBeacon: (_, { shards }) => {
        for (const { shard, height, hash } of shards) {
          const place = `${shard}/${height}`
          recorded.set(place, (recorded.get(place) ?? new Set()).add(toHex(hash)))
        }
      },
    },
  })
  const { world } = trial
  trial.startAll()
  world.run(3_000)
  const committee = world.validator(0).beacon.head().committees[CAPTURED]
  const gang = present(committee, 'the shard has seats').slice(0, 2)
  const honest = nodesOf(trial).filter((node) => !gang.includes(node))
  world.apply({ kind: 'byzantine', nodes: gang, vice: 'forker' })
  const dice = createPrng(seed).stream('traffic')
  const send = (count: number): void => {
    for (let sent = 0; sent < count; sent++) {
      world.run(world.now() + 200)
      trial.traffic.send(trial.traffic.draw(dice), dice.pick(honest))
    }
  }
  return { trial, gang, honest, dice, facts, recorded, send }
}

function nodesOf({ nodeCount }: Trial): readonly number[] {
  return Array.from({ length: nodeCount }, (_, node) => node)
}

/** Honest nodes that hold the shard and have caught up with it. */
export function holdersOf({ trial, honest }: ForkScene, shard: number): readonly number[] {
  return honest.filter((node) => trial.world.validator(node).served(shard) !== undefined)
}

/** The state of a shard as one node holds it. */
export function stateOf({ trial }: ForkScene, node: number, shard: number) {
  const status = trial.world.executor(node, shard).runNow({ kind: 'status' })
  if (status.kind !== 'status') throw new Error('an executor knows its status')
  return { height: status.height, hash: toHex(status.hash) }
}

/** Of all shards and stakes. Nothing is under way. */
export function wealth(scene: ForkScene, at: 'now' | 'genesis'): bigint {
  // Whoever lied is slashed, and whoever said so was paid out of its stake.
  const [teller = 0] = scene.honest
  const {
    validators,
    burnt: lost,
    registryRules,
  } = scene.trial.world.validator(teller).beacon.head()
  const atGenesis = registryRules.stake * BigInt(validators.length)
  let sum =
    at === 'genesis' ? atGenesis : validators.reduce((held, { stake }) => held + stake, lost)
  for (let shard = 1; shard <= SHARDS; shard++) {
    const request = { kind: 'supply', at: { kind: 'finalized' } } as const
    const [node] = holdersOf(scene, shard)
    const holder = present(node, 'somebody holds every shard')
    const answer = scene.trial.world.executor(holder, shard).runNow(request)
    if (answer.kind !== 'supply') throw new Error('an executor knows its supply')
    const { balances, buffered, burnt, genesis } = answer.supply
    sum += at === 'genesis' ? genesis : balances + buffered + burnt
  }
  return sum
}
