/**
 * The small network of audit-network.ts behind a real RPC server: one node that holds everything, with the backends that a
 * real node has.
 */
import { stakeSum } from '../../../node/beacon/slashing.ts'
import { beaconBlockAt, crosslinkOf } from '../../../node/runtime/beacon-history.ts'
import { registryOf } from '../../../node/runtime/backend.ts'
import { createShardBackend } from '../../../node/runtime/shard-backend.ts'
import { shardGenesis } from '../../../node/beacon/genesis.ts'
import { committeeOf } from '../../../node/beacon/state.ts'
import { present } from '../../../node/primitives/assert.ts'
import type { NetworkBackend, ShardBackend } from '../../../node/rpc/backend.ts'
import { startRpcServer, type RpcServer } from '../../../node/rpc/io/server.ts'
import type { CheckedTransaction } from '../../../node/shards/executor.ts'
import { createMempool } from '../../../node/shards/mempool.ts'
import { GATEWAY_ADDRESS } from '../../../node/shards/vm/gateway.ts'
import type { ShardChain } from '../../../node/validator/shard-chain.ts'
import type { AuditNetwork } from './audit-network.ts'

/** When the node admitted everything, by its own clock. */
export const ADMITTED_MS = 1_000_200

export type ServerOptions = {
  /** Changes what the node says. */
  readonly twist?: (shard: number, backend: ShardBackend) => ShardBackend
  readonly waiting?: readonly CheckedTransaction[]
}

export async function serveNetwork(
  network: AuditNetwork,
  options: ServerOptions = {},
): Promise<RpcServer> {
  const { genesis } = network
  const archives = await network.archives()
  const head = network.beacon()
  const twist = options.twist ?? ((_, backend) => backend)
  const shards = [1, 2].map((shard) => {
    const node = present(network.members(shard)[0], 'a committee has members')
    const { store } = present(archives[node], 'every node has a disk')
    const config = shardGenesis(genesis, shard)
    const mempool = createMempool({ rules: config })
    const account = { address: new Uint8Array(20), nonce: 0, balance: 10n ** 30n }
    for (const checked of options.waiting ?? []) {
      const own = { ...account, address: checked.sender }
      mempool.admit({ checked, account: own, congested: () => false })
    }
    const chain = { config, mempool, committedHeight: () => network.committed(shard) }
    const backend = createShardBackend({
      shard: chain as unknown as ShardChain,
      store,
      executor: network.executor(shard),
      payoutOf: ({ proposerSeat }) => committeeOf(head, shard)[proposerSeat]?.payout,
      beacon: { head: () => head, newest: () => head },
      submit: () => Promise.reject(new Error('nothing is submitted here')),
      admittedAtMs: () => ADMITTED_MS,
    })
    return twist(shard, backend)
  })
  const { store } = present(archives[0], 'every node has a disk')
  const history = { store, head: () => head }
  const backend: NetworkBackend = {
    network: () => ({
      clientVersion: 'weft/test',
      networkName: genesis.networkName,
      chainIdBase: genesis.chainIdBase,
      shardCount: genesis.shardCount,
      genesisHash: head.genesisHash,
      blockIntervalMs: 500,
      certificateScheme: genesis.certificateScheme,
      gatewayAddress: GATEWAY_ADDRESS,
      hostedShards: [1, 2],
    }),
    shard: (shard) => shards[shard - 1],
    beacon: () => ({
      head: { ...head, hash: head.headHash, stake: stakeSum({ ...head, burnt: 0n }) },
      committees: [],
    }),
    registry: () => registryOf(head),
    beaconBlock: (selector) => beaconBlockAt(history, selector),
    crosslinkOf: (shard, height) => crosslinkOf(history, shard, height),
    health: () => ({ ok: true, peers: 0, chains: [] }),
    takenBack: () => ({ count: 0, last: undefined }),
    subscribe: () => () => {},
    forward: () => Promise.resolve(undefined),
  }
  return startRpcServer({
    backend,
    port: 0,
    metricsText: () => Promise.resolve(''),
    onFailure: (method, error) => {
      throw new Error(`${method} failed`, { cause: error })
    },
  })
}
