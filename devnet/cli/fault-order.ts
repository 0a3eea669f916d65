/**
 * A fault from the command line to the supervisor: finds the devnet, looks up who is meant, orders, says what was done.
 */
import { resolve } from 'node:path'
import { CommandError, UsageError } from '../../node/cli/command-error.ts'
import type { Genesis } from '../../node/beacon/genesis.ts'
import { readGenesisFile } from '../../node/runtime/genesis-file.ts'
import type { Fault } from '../faults/fault.ts'
import { orderSupervisor } from '../processes/control-client.ts'
import type { ControlRequest } from '../processes/control-message.ts'
import { filesOf } from '../processes/data-directory.ts'
import { findRunning, isAlive } from '../processes/run-file.ts'
import { askCommittees, committeesOf, findLeader } from '../processes/seats.ts'
import type { Surroundings } from '../scenario/lookup.ts'
import type { Targets } from '../scenario/scenario.ts'
import { DEFAULT_DATA_DIRECTORY } from './options.ts'

export type FaultOptions = {
  readonly data?: string
  readonly json?: boolean
  readonly for?: number
}

/** A network that runs, as a fault sees it. */
export type RunningNetwork = {
  readonly surroundings: Surroundings
  readonly control: string
  /** RPC of each node. */
  readonly endpoints: readonly string[]
  readonly hasEpochs: boolean
  /** Nodes whose process is there. */
  readonly running: ReadonlySet<number>
}

/** Throws `CommandError` when none runs, or none that takes orders. */
export async function findNetwork({ data }: FaultOptions): Promise<RunningNetwork> {
  const path = resolve(data ?? DEFAULT_DATA_DIRECTORY)
  const run = await findRunning(path)
  if (run === undefined) {
    throw new CommandError(
      `no devnet runs in ${path}; start one with \`weft devnet up\` or name it with --data`,
    )
  }
  if (run.control === undefined) {
    throw new CommandError(
      `the devnet in ${path} takes no orders: the name of the directory is too long for a socket`,
    )
  }
  const genesis = await readGenesisFile(filesOf(path).genesis)
  const endpoints = run.nodes.map(({ rpcUrl }) => rpcUrl)
  const alive = await Promise.all(run.nodes.map((node) => isAlive(node.process)))
  const running = new Set(run.nodes.filter((_, at) => alive[at]).map(({ index }) => index))
  const committees =
    genesis.epochs === undefined ? committeesOf(genesis) : await askCommittees(genesis, endpoints)
  const surroundings = surroundingsOf(genesis, endpoints, committees)
  const hasEpochs = genesis.epochs !== undefined && genesis.epochs.blocks > 0
  return { surroundings, control: run.control, endpoints, hasEpochs, running }
}

function surroundingsOf(
  genesis: Genesis,
  endpoints: readonly string[],
  committees: Surroundings['layout']['committees'],
): Surroundings {
  return {
    layout: { shards: genesis.shardCount, validators: endpoints.length, committees },
    groups: new Map(),
    leader: async (chain) => {
      if (genesis.epochs !== undefined) {
        throw new CommandError(
          'leaders of a devnet whose seats rotate are not known here; name a node, as in `node:3`',
        )
      }
      const leader = await findLeader(genesis, endpoints, chain)
      if (leader !== undefined) return leader
      throw new CommandError(
        `no member of ${chain === 0 ? 'the beacon' : `shard ${chain}`} answers, so nobody says who leads`,
      )
    },
  }
}

/** Throws `UsageError` for a shard or node that this network has not. */
export function checkTargets({ layout }: Surroundings, targets: Targets): void {
  for (const target of targets) {
    if (target.kind === 'node' && target.node >= layout.validators) {
      throw new UsageError(
        `there is no node ${target.node}; the nodes are 0 to ${layout.validators - 1}`,
      )
    }
    const chain = 'shard' in target ? target.shard : 'chain' in target ? target.chain : 0
    if (chain >= layout.committees.length) {
      throw new UsageError(
        `there is no shard ${chain}; the shards are 1 to ${layout.committees.length - 1}`,
      )
    }
  }
}

/** One after the other; throws `CommandError` at the first that fails. */
export async function orderFaults(
  { control }: RunningNetwork,
  faults: readonly Fault[],
  { for: forMs, json }: FaultOptions,
): Promise<void> {
  for (const fault of faults) {
    const timed = forMs === undefined ? {} : { forMs }
    const answer = await orderSupervisor(control, { order: 'fault', fault: plain(fault), ...timed })
    if (!answer.ok) throw new CommandError(answer.message)
    const { message } = answer
    const until = forMs === undefined ? '' : `, for ${forMs / 1000} s`
    const line =
      json === true ? JSON.stringify({ event: 'fault', fault, message }) : message + until
    process.stdout.write(`${line}\n`)
  }
}

/** As it is after JSON: fields that are undefined are absent. */
type PlainFault = Extract<ControlRequest, { readonly order: 'fault' }>['fault']

function plain(fault: Fault): PlainFault {
  return JSON.parse(JSON.stringify(fault)) as PlainFault
}
