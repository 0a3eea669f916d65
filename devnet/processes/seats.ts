/**
 * Who sits and who leads where: committees from the genesis, and the leader of the moment from what the nodes tell of
 * their views.
 */
import {
  drawCommittees,
  epochSeed,
  leaderOfView,
  leaderOrder,
} from '../../node/beacon/committee.ts'
import type { Genesis } from '../../node/beacon/genesis.ts'
import { present } from '../../node/primitives/assert.ts'
import type { ChainNumber } from '../../node/primitives/identifiers.ts'
import { quorumOf } from '../parameters.ts'
import { readBeaconCommittee, readCommittees } from '../observe/read-answer.ts'
import { createRpcClient, RpcUnreachableError } from '../observe/rpc-client.ts'

const REQUEST_TIMEOUT_MS = 2000

/** Validator index per seat, by chain; the beacon is 0. */
export function committeesOf({
  seed,
  validators,
  shardCount,
  beaconSeats,
}: Genesis): readonly (readonly number[])[] {
  const validatorCount = validators.length
  return drawCommittees({ seed: epochSeed(seed, 0), validatorCount, shardCount, beaconSeats })
}

/** The same of a devnet whose seats rotate: as the first node that answers tells it. */
export async function askCommittees(
  { shardCount }: Pick<Genesis, 'shardCount'>,
  endpoints: readonly string[],
): Promise<readonly (readonly number[])[]> {
  for (const url of endpoints) {
    const client = createRpcClient(url, { timeoutMs: REQUEST_TIMEOUT_MS })
    try {
      const answer = await client.call('/', 'beacon_getCommittees', [])
      return [readBeaconCommittee(answer), ...readCommittees(answer, shardCount)]
    } catch (error) {
      if (!(error instanceof RpcUnreachableError)) throw error
    } finally {
      client.close()
    }
  }
  throw new RpcUnreachableError('no node of the devnet answers')
}

/** Whether some committee cannot decide with those who run. */
export function lacksQuorum(
  committees: readonly (readonly number[])[],
  isRunning: (node: number) => boolean,
): boolean {
  // B.7: a retired shard has no members.
  const seated = committees.filter((members) => members.length > 0)
  return seated.some((members) => members.filter(isRunning).length < quorumOf(members.length))
}

/** Index of the validator that leads in the newest view any member is in; undefined: none of them answers. */
export async function findLeader(
  genesis: Genesis,
  endpoints: readonly string[],
  chain: ChainNumber,
): Promise<number | undefined> {
  const members = present(committeesOf(genesis)[chain], 'every chain has a committee')
  const views = await Promise.all(members.map((member) => readView(endpoints[member] ?? '', chain)))
  const view = Math.max(0, ...views.filter((found) => found !== undefined))
  if (view === 0) return undefined
  const seed = epochSeed(genesis.seed, 0)
  const order = leaderOrder({ seed, epoch: 0, chain, seatCount: members.length })
  return members[leaderOfView(order, view)]
}

async function readView(url: string, chain: ChainNumber): Promise<number | undefined> {
  const client = createRpcClient(url, { timeoutMs: REQUEST_TIMEOUT_MS })
  try {
    const { text } = await client.get('/metrics')
    const value = new RegExp(String.raw`^weft_view\{chain="${chain}"\} (\d+)$`, 'm').exec(text)?.[1]
    return value === undefined ? undefined : Number(value)
  } catch (error) {
    if (error instanceof RpcUnreachableError) return undefined
    throw error
  } finally {
    client.close()
  }
}
