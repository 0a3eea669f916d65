/**
 * `weft validators`: who validates in a running network, with what stake, and on which shards now and in the next epoch.
 */
import type { Command } from 'commander'
import { CommandError } from '../../node/cli/command-error.ts'
import { collectNodeUrls } from './node-url.ts'
import { DEFAULT_DATA_DIRECTORY } from './options.ts'
import { findNodes, type NodesOptions } from './running-nodes.ts'

const REQUEST_TIMEOUT_MS = 2000

type ValidatorsOptions = NodesOptions & { readonly json?: boolean }

export function register(program: Command): void {
  program
    .command('validators')
    .description('Show who validates: status, stake, shards in this epoch and in the next one')
    .option(
      '--data <dir>',
      `data directory of a running devnet (default ${DEFAULT_DATA_DIRECTORY})`,
    )
    .option('--rpc <url...>', 'nodes to ask, instead of those of a devnet', collectNodeUrls)
    .option('--json', 'print the answer of the node as one JSON line')
    .action(validators)
}

async function validators(options: ValidatorsOptions): Promise<void> {
  const { registryLines } = await import('../display/registry.ts')
  const registry = await ask(await findNodes(options))
  const lines = options.json === true ? [JSON.stringify(registry)] : registryLines(registry)
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** The first node that answers. */
async function ask(urls: readonly string[]): Promise<unknown> {
  const { createRpcClient, RpcUnreachableError } = await import('../observe/rpc-client.ts')
  for (const url of urls) {
    const client = createRpcClient(url, { timeoutMs: REQUEST_TIMEOUT_MS })
    try {
      return await client.call('/', 'beacon_getValidators', [])
    } catch (error) {
      if (!(error instanceof RpcUnreachableError)) throw error
    } finally {
      client.close()
    }
  }
  throw new CommandError(`none of ${urls.length} nodes answers`)
}
