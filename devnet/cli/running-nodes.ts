/** `--data DIR` or `--rpc URL...`: the nodes that a command asks. */
import { resolve } from 'node:path'
import { CommandError } from '../../node/cli/command-error.ts'
import { DEFAULT_DATA_DIRECTORY } from './options.ts'

export type NodesOptions = { readonly data?: string; readonly rpc?: readonly string[] }

/** Their RPC addresses. Throws `CommandError` where no devnet runs. */
export async function findNodes({ data, rpc }: NodesOptions): Promise<readonly string[]> {
  if (rpc !== undefined) return rpc
  const path = resolve(data ?? DEFAULT_DATA_DIRECTORY)
  const { findRunning } = await import('../processes/run-file.ts')
  const running = await findRunning(path)
  if (running !== undefined) return running.nodes.map(({ rpcUrl }) => rpcUrl)
  throw new CommandError(
    `no devnet runs in ${path}; start it with \`weft devnet up\`, or name a node with --rpc`,
  )
}
