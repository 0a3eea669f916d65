/**
 * A node of a devnet: the real one with seams for the faults that its supervisor orders. Nothing is at fault before an
 * order says so; orders come over the IPC channel, and the first one before the node starts.
 */
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { readGenesis } from '../../node/cli/commands/genesis.ts'
import { CommandError } from '../../node/cli/command-error.ts'
import type { Genesis } from '../../node/beacon/genesis.ts'
import type { ShardChange } from '../../node/beacon/shard-change.ts'
import { createPrng } from '../../node/primitives/prng.ts'
import type { NodeSeams } from '../../node/runtime/seams.ts'
import type { Clock } from '../faults/line.ts'
import { createFaultyDisk } from './faulty-disk.ts'
import { createFaultyNetwork } from './faulty-network.ts'
import type { NodeCondition, NodeObeyed, NodeOrder } from './node-order.ts'

/** The parts of the config that a vice needs; the node itself checks all of it. */
const configSchema = z.object({
  genesisFile: z.string(),
  validator: z.object({ index: z.int() }),
})

const CLOCK: Clock = {
  now: () => performance.now(),
  after: (waitMs, act) => {
    const timer = setTimeout(act, waitMs)
    return () => clearTimeout(timer)
  },
}

/** Resolves with the seams when the first order has come. */
export async function obeySupervisor(): Promise<NodeSeams> {
  const network = createFaultyNetwork(CLOCK, createPrng(`links of process ${process.pid}`))
  const disk = createFaultyDisk()
  let skewMs = 0
  let changes: readonly ShardChange[] = []
  let support: (changes: readonly ShardChange[]) => void = () => {}
  const obey = ({ links, disk: mode, skewMs: skew, changes: wanted }: NodeCondition): void => {
    network.set(links)
    disk.set(mode)
    skewMs = skew
    changes = wanted
    support(changes)
  }
  const { promise: ordered, resolve } = Promise.withResolvers<void>()
  process.on('message', (message) => {
    const order = message as NodeOrder
    if (order.kind !== 'condition') return
    obey(order.condition)
    const obeyed: NodeObeyed = { kind: 'obeyed', number: order.number }
    process.send?.(obeyed)
    resolve()
  })
  await ordered
  return {
    wallMs: () => Date.now() + skewMs,
    store: disk.store,
    guard: disk.guard,
    network: network.wrap,
    support: (tell) => {
      support = tell
      support(changes)
    },
  }
}

/** The seam that puts a vice on the machine; throws `CommandError` when there is no such vice. */
export async function corruptBy(vice: string, configFile: string): Promise<NodeSeams> {
  const { corruptFor } = await import('../adversaries/corrupt-process.ts')
  const { genesisFile, validator } = configSchema.parse(
    JSON.parse(await readFile(configFile, 'utf8')),
  )
  const genesis = await withAccountsListed(await readGenesis(genesisFile))
  return {
    validator: (honest, signer) => {
      if (signer === undefined) throw new CommandError('a node without its vote guard has no vice')
      const { scheme, secretKey } = signer
      const random = createPrng(`vice of node ${validator.index}`)
      return corruptFor(vice, { genesis, validator: validator.index, scheme, secretKey, random })(
        honest,
      )
    },
  }
}

/** Vices choose their victims from the list. */
async function withAccountsListed(genesis: Genesis): Promise<Genesis> {
  if (genesis.shardAccounts === undefined) return genesis
  const { listAccounts } = await import('../../node/shards/genesis-accounts.ts')
  const lists = genesis.shardAccounts.map(async ({ file }, index) => {
    return listAccounts(await readFile(file)).map((one) => ({ ...one, shard: index + 1 }))
  })
  return { ...genesis, allocations: (await Promise.all(lists)).flat() }
}
