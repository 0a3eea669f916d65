/**
 * What a captured shard costs the others (docs/reliability.md, "Adversaries"): `node test/simulation/planted/main-captured.ts
 * [vice...]`. Four shards with small blocks, shards 2 to 4 offered half of what they can hold, half of it across; shard 1
 * also owes each of them a transfer every second. In virtual time, without its members and with each of these vices.
 */
import process from 'node:process'
import { createPrng } from '../../../node/primitives/prng.ts'
import { createTrial } from '../sharded/trial.ts'

/** No vice of a machine: what its members send of receipts reaches only two members of each committee. */
const HALF_SERVED = 'half-served'
const VICES = [
  'overspender',
  'forged-receipt',
  'body-withholder',
  'silent-leader',
  'inbox-skipper',
  HALF_SERVED,
]
const SECONDS = 40
/** Of each second: orders among the others. */
const ORDERS = 20
/** What is sent last has this long to end. */
const GRACE_MS = 4_000

type Figures = {
  readonly ended: number
  readonly sent: number
  readonly heights: readonly number[]
}

function measure(vice: string | undefined): Figures {
  const trial = createTrial({
    shardCount: 4,
    seed: 7,
    genesis: { gasLimit: 400_000 },
    events: {
      passes: (from, to, message) =>
        vice !== HALF_SERVED ||
        message.kind !== 'receipts' ||
        !captured.includes(from) ||
        favoured.includes(to),
    },
  })
  const { world, traffic } = trial
  const { committees } = world.validator(0).beacon.head()
  const captured = committees[1] ?? []
  const dice = createPrng(7).stream('captured')
  const honest = [2, 3, 4].flatMap((shard) => committees[shard] ?? [])
  const favoured = [2, 3, 4].flatMap((shard) => (committees[shard] ?? []).slice(0, 2))
  trial.startAll()
  if (vice !== undefined && vice !== HALF_SERVED)
    world.apply({ kind: 'byzantine', nodes: captured, vice })
  world.run(3_000)
  let owed = 0
  for (let count = 0; count < SECONDS * ORDERS; count++) {
    const shard = 2 + dice.below(3)
    const destination = dice.chance(1, 2) ? shard : 2 + dice.below(3)
    const order = { shard, destination, sender: dice.below(10), to: 'account', amount: 5n } as const
    traffic.send(order, dice.pick(honest))
    if ((vice === 'body-withholder' || vice === HALF_SERVED) && count % ORDERS === 0) {
      owed++
      traffic.send(
        { shard: 1, destination: 2 + (owed % 3), sender: owed % 10, to: 'account', amount: 5n },
        captured[0] ?? 0,
      )
    }
    world.run(world.now() + 1_000 / ORDERS)
  }
  world.run(world.now() + GRACE_MS)
  const refused = [...traffic.refusals().values()].reduce((sum, count) => sum + count, 0)
  const sent = traffic.sentCount() - owed
  const open = Math.max(0, traffic.openCount() - owed)
  const heights = world
    .validator(honest[0] ?? 0)
    .beacon.head()
    .shards.map(({ height }) => height)
  return { sent, ended: sent - open - refused, heights }
}

const wanted = process.argv.slice(2)
const honest = measure(undefined)
console.log('| captured shard 1 | ended of sent | of honest | recorded heights |')
console.log('| --- | ---: | ---: | --- |')
tell('nobody', honest)
for (const vice of VICES)
  if (wanted.length === 0 || wanted.includes(vice)) tell(vice, measure(vice))

function tell(name: string, { ended, sent, heights }: Figures): void {
  const share = ((100 * ended) / honest.ended).toFixed(1)
  console.log(`| ${name} | ${ended} of ${sent} | ${share} % | ${heights.join(' ')} |`)
}
