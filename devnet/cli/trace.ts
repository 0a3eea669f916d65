/**
 * `weft trace`: the life of one transaction, with its times and, on request, with proofs that are checked here.
 */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Genesis } from '../../node/beacon/genesis.ts'
import { CommandError, UsageError } from '../../node/cli/command-error.ts'
import type { NetworkClients } from '../audit/rpc-source.ts'
import { collectNodeUrls } from './node-url.ts'
import { DEFAULT_DATA_DIRECTORY } from './options.ts'
import { findNodes } from './running-nodes.ts'

type TraceOptions = {
  readonly data?: string
  readonly rpc?: readonly string[]
  readonly genesis?: string
  readonly proofs?: boolean
  readonly json?: boolean
}

export function register(program: Command): void {
  program
    .command('trace')
    .description('Show the life of one transaction: where it went, how long each step took')
    .argument('<tx>', 'hash of the transaction')
    .option(
      '--data <dir>',
      `data directory of a running devnet (default ${DEFAULT_DATA_DIRECTORY})`,
    )
    .option('--rpc <url...>', 'nodes to ask, instead of those of a devnet', collectNodeUrls)
    .option('--proofs', 'fetch the Merkle proofs and certificates and check them')
    .option('--genesis <file>', 'genesis file for the signatures, when there is no data directory')
    .option('--json', 'print one JSON line')
    .action(trace)
}

async function trace(hash: string, options: TraceOptions): Promise<void> {
  if (!/^0x[0-9a-fA-F]{64}$/.test(hash)) {
    throw new UsageError(`${hash} is not a transaction hash: expected 0x and 64 hexadecimal digits`)
  }
  const { openClients } = await import('../audit/rpc-source.ts')
  const network = openClients(await findNodes(options))
  try {
    await show(network, hash.toLowerCase(), options)
  } finally {
    network.close()
  }
}

async function show(network: NetworkClients, hash: string, options: TraceOptions): Promise<void> {
  const { gatherLife } = await import('../trace/gather.ts')
  const { proveLife } = await import('../trace/prove.ts')
  const { traceText, traceToJson } = await import('../trace/words.ts')
  const life = await gatherLife(network, hash)
  if (life === undefined) {
    throw new CommandError(
      `no node knows transaction ${hash}: it was never admitted, it was dropped or replaced by another one of the same ` +
        'nonce, or it belongs to another network',
    )
  }
  const claims =
    options.proofs === true ? await proveLife(network, await loadGenesis(options), life) : undefined
  const text =
    options.json === true
      ? JSON.stringify(traceToJson({ life, claims }))
      : traceText({ life, claims }).join('\n')
  process.stdout.write(`${text}\n`)
  const failed = claims?.filter(({ ok }) => ok === false).length ?? 0
  if (failed > 0) throw new CommandError(`${failed} proofs do not hold`)
}

/** undefined: there is none, and signatures are not checked. */
async function loadGenesis({ data, genesis, rpc }: TraceOptions): Promise<Genesis | undefined> {
  const { filesOf } = await import('../processes/data-directory.ts')
  const { GenesisFileError, readGenesisFile } = await import('../../node/runtime/genesis-file.ts')
  const isNamed = genesis !== undefined || data !== undefined || rpc === undefined
  if (!isNamed) return undefined
  const path = genesis ?? filesOf(resolve(data ?? DEFAULT_DATA_DIRECTORY)).genesis
  try {
    return await readGenesisFile(path)
  } catch (error) {
    if (!(error instanceof GenesisFileError)) throw error
    throw new CommandError(error.message, { cause: error })
  }
}
