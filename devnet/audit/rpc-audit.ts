/**
 * The audit over RPC, while the network runs: the walk follows the beacon to its head and every shard to what is settled,
 * then all nodes are asked for the shards' sums at exactly that cut, and f + 1 of each committee must agree.
 *
 * Blocks, receipts and certificates are proved by the walk. The sums are the nodes' word: to prove them too, the state must
 * be read, which the audit from disk does.
 */
import { genesisHash, type Genesis } from '../../node/beacon/genesis.ts'
import { CommandError } from '../../node/cli/command-error.ts'
import type { ShardSupply } from '../audit.ts'
import { asRecord, readSupply, UnexpectedAnswerError } from '../observe/read-answer.ts'
import { RpcUnreachableError, type RpcClient } from '../observe/rpc-client.ts'
import { faultsTolerated } from '../parameters.ts'
import { placeName } from './facts.ts'
import { conclude, type NetworkAudit } from './report.ts'
import { createRpcSource, openClients, type NetworkClients } from './rpc-source.ts'
import { asBytes } from './rpc-answers.ts'
import { data } from './shard-trail.ts'
import { endBeacon, report, startWalk, walkBeacon, type Walk } from './walk.ts'

export async function auditOverRpc(
  genesis: Genesis,
  urls: readonly string[],
  progress: (words: string) => void = () => {},
): Promise<NetworkAudit> {
  const network = openClients(urls)
  try {
    const answering = await checkNetwork(genesis, network)
    const walk = startWalk(genesis, createRpcSource(network))
    await walkBeacon(walk, (height) => progress(`beacon block ${height}`))
    endBeacon(walk)
    const supplies: ShardSupply[] = []
    for (const { shard, height } of walk.trails) {
      supplies.push(...(await readSupplies(walk, network.clients, { shard, height })))
    }
    return conclude(walk, { from: 'rpc', supplies, nodes: answering })
  } finally {
    network.close()
  }
}

/** How many nodes answer; all of them must be of the network of the genesis. */
async function checkNetwork(genesis: Genesis, { clients }: NetworkClients): Promise<number> {
  const expected = data(genesisHash(genesis))
  let answering = 0
  let reason = ''
  for (const client of clients) {
    try {
      const config = asRecord(await client.call('/', 'shard_getConfig', []), 'shard_getConfig')
      const found = data(asBytes(config['genesisHash'], 'genesisHash'))
      if (found !== expected) {
        throw new CommandError(
          `${client.url} is of another network: its genesis is ${found}, that of the file is ${expected}; name the right file with --genesis`,
        )
      }
      answering++
    } catch (error) {
      if (!(error instanceof RpcUnreachableError || error instanceof UnexpectedAnswerError))
        throw error
      reason = error.message
    }
  }
  if (answering === 0) {
    throw new CommandError(
      `no node answers: ${reason}; if the devnet is stopping, audit its disks when it has stopped`,
    )
  }
  return answering
}

type SupplyAnswer = { readonly url: string; readonly supply: ShardSupply }

/** All nodes are asked; a node that does not hold the shard passes the question to a member. */
async function readSupplies(
  walk: Walk,
  clients: readonly RpcClient[],
  { shard, height }: { readonly shard: number; readonly height: number },
): Promise<readonly ShardSupply[]> {
  const place = placeName(shard, height)
  const members = new Set(walk.beacon.committees[shard] ?? [])
  // Endpoints of a devnet are in the order of its validators; with others, whoever answers is believed.
  const isWhole = clients.length === walk.genesis.validators.length
  // B.7: of a shard that is retired nobody is a member; some of all still hold it.
  const isSeated = isWhole && members.size > 0
  const asked = isSeated ? clients.filter((_, index) => members.has(index)) : clients
  const needed = isSeated ? faultsTolerated(members.size) + 1 : 1
  const answers: SupplyAnswer[] = []
  for (const client of asked) {
    const supply = await askSupply(client, shard, height)
    if (supply !== undefined) answers.push({ url: client.url, supply })
  }
  const [first] = answers
  if (first === undefined || answers.length < needed) {
    report(walk, `${place}: expected ${needed} nodes to tell its sums, ${answers.length} did`)
  }
  for (const { url, supply } of answers) {
    if (first === undefined || sameSupply(supply, first.supply)) continue
    report(
      walk,
      `${place}: ${url} tells other sums than ${first.url}: ${sums(supply)}, expected ${sums(first.supply)}`,
    )
  }
  return first === undefined ? [] : [first.supply]
}

async function askSupply(
  client: RpcClient,
  shard: number,
  height: number,
): Promise<ShardSupply | undefined> {
  try {
    const answer = await client.call(`/shard/${shard}`, 'shard_supply', [
      `0x${height.toString(16)}`,
    ])
    return readSupply(shard, answer)
  } catch (error) {
    if (error instanceof RpcUnreachableError || error instanceof UnexpectedAnswerError)
      return undefined
    throw error
  }
}

function sameSupply(left: ShardSupply, right: ShardSupply): boolean {
  return sums(left) === sums(right)
}

function sums({ height, balances, buffered, burnt, genesis }: ShardSupply): string {
  return `block ${height}, ${balances} in accounts, ${buffered} waiting, ${burnt} burnt, ${genesis} at genesis`
}
