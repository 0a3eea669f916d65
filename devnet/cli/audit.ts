/**
 * `weft audit`: proves that a network lost and made nothing, over RPC while it runs or from its disks after it stopped.
 */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { CommandError, UsageError } from '../../node/cli/command-error.ts'
import type { Genesis } from '../../node/beacon/genesis.ts'
import type { NetworkAudit } from '../audit/report.ts'
import { collectNodeUrls } from './node-url.ts'
import { DEFAULT_DATA_DIRECTORY } from './options.ts'

export type AuditOptions = {
  readonly data?: string
  readonly rpc?: readonly string[]
  readonly genesis?: string
  readonly disk?: boolean
  readonly replay?: boolean
  readonly json?: boolean
}

export function register(program: Command): void {
  program
    .command('audit')
    .description('Prove that a network lost nothing, made nothing and applied every receipt once')
    .option('--data <dir>', `data directory of the devnet (default ${DEFAULT_DATA_DIRECTORY})`)
    .option('--rpc <url...>', 'nodes to ask, instead of those of a running devnet', collectNodeUrls)
    .option('--genesis <file>', 'genesis file, when it is not the one of the data directory')
    .option('--disk', "read the stopped nodes' stores; the default when no devnet runs there")
    .option('--replay', 'with --disk: execute every block again, and count at every beacon block')
    .option('--json', 'print one JSON line')
    .action(audit)
}

async function audit(options: AuditOptions): Promise<void> {
  if (options.disk === true && options.rpc !== undefined) {
    throw new UsageError('--disk reads stores and --rpc asks nodes; use one of them')
  }
  if (options.replay === true && options.disk !== true) {
    throw new UsageError('--replay executes stored blocks; use it with --disk')
  }
  const result = await runAudit(options)
  const { auditText, networkAuditToJson } = await import('../audit/report.ts')
  const text =
    options.json === true
      ? JSON.stringify(networkAuditToJson(result))
      : auditText(result).join('\n')
  process.stdout.write(`${text}\n`)
  if (!result.ok) {
    const count = result.violations.length
    throw new CommandError(`the audit found ${count} violation${count === 1 ? '' : 's'}`)
  }
}

async function runAudit(options: AuditOptions): Promise<NetworkAudit> {
  const path = resolve(options.data ?? DEFAULT_DATA_DIRECTORY)
  const { findRunning } = await import('../processes/run-file.ts')
  const running = await findRunning(path)
  const genesis = await loadGenesis(options, path)
  const urls =
    options.rpc ?? (options.disk === true ? [] : running?.nodes.map(({ rpcUrl }) => rpcUrl))
  if (urls !== undefined && urls.length > 0) {
    const { auditOverRpc } = await import('../audit/rpc-audit.ts')
    return auditOverRpc(genesis, urls, showProgress(options))
  }
  if (running !== undefined) {
    throw new CommandError(
      `the devnet in ${path} is running (process ${running.supervisor.pid}): leave out --disk to audit it over RPC, ` +
        `or stop it first with \`weft devnet stop --data ${path}\``,
    )
  }
  return auditStopped(path, genesis, options)
}

async function auditStopped(
  path: string,
  genesis: Genesis,
  options: AuditOptions,
): Promise<NetworkAudit> {
  const { auditDisks } = await import('../audit/disk-audit.ts')
  const { openSnapshot } = await import('../audit/snapshot.ts')
  const snapshot = await openSnapshot(path, genesis)
  try {
    if (snapshot.archives.length === 0) {
      throw new CommandError(`no node has stored anything in ${path}; name another one with --data`)
    }
    const disks = { ...snapshot, replay: options.replay === true }
    return await auditDisks(genesis, disks, showProgress(options))
  } finally {
    await snapshot.close()
  }
}

async function loadGenesis(options: AuditOptions, path: string): Promise<Genesis> {
  const { filesOf } = await import('../processes/data-directory.ts')
  const { GenesisFileError, readGenesisFile } = await import('../../node/runtime/genesis-file.ts')
  try {
    return await readGenesisFile(options.genesis ?? filesOf(path).genesis)
  } catch (error) {
    if (!(error instanceof GenesisFileError)) throw error
    if (error.code === 'invalid' || options.genesis !== undefined) {
      throw new CommandError(error.message, { cause: error })
    }
    throw new CommandError(
      options.rpc === undefined
        ? `there is no devnet in ${path}; name its directory with --data`
        : `an audit checks signatures against the genesis, and ${path} has none; name the file with --genesis`,
      { cause: error },
    )
  }
}

/** On a terminal, one line that is written over itself; nothing where the output is read by a program. */
function showProgress({ json }: AuditOptions): (words: string) => void {
  const { stderr } = process
  if (json === true || !stderr.isTTY) return () => {}
  let shownAt = 0
  return (words) => {
    const now = performance.now()
    if (now - shownAt < PROGRESS_INTERVAL_MS) return
    shownAt = now
    stderr.write(`\r\u001B[K${words}\r`)
  }
}

const PROGRESS_INTERVAL_MS = 100
