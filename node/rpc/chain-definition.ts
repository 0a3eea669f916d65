/**
 * `GET /chains.json` and `GET /openrpc.json`: what a client needs to know of this node, for programs.
 */
import type { NetworkView } from './backend.ts'
import { formatData } from './hexadecimal.ts'
import { METHODS } from './method-table.ts'

/** A chain per shard, in the form of viem's `defineChain`. `authority` is host and port as the client wrote them. */
export function chainDefinitions(network: NetworkView, authority: string): object {
  const shards = Array.from({ length: network.shardCount }, (_, index) => index + 1)
  return {
    networkName: network.networkName,
    genesisHash: formatData(network.genesisHash),
    chains: shards.map((shard) => ({
      id: network.chainIdBase + shard,
      name: `${network.networkName} shard ${shard}`,
      shard,
      nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
      rpcUrls: {
        default: {
          http: [`http://${authority}/shard/${shard}`],
          webSocket: [`ws://${authority}/shard/${shard}`],
        },
      },
      blockTime: network.blockIntervalMs,
      contracts: { gateway: { address: formatData(network.gatewayAddress) } },
      testnet: true,
    })),
  }
}

export function openRpcDocument(network: NetworkView): object {
  return {
    openrpc: '1.2.6',
    info: { title: `${network.networkName} JSON-RPC`, version: network.clientVersion },
    methods: METHODS.map((method) => ({
      name: method.name,
      summary: method.summary,
      params: method.parameters.map((parameter) => ({
        name: parameter.name,
        required: parameter.absent === undefined,
        schema: { description: parameter.shape },
      })),
      result: { name: 'result', schema: {} },
    })),
  }
}
