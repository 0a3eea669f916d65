/**
 * Where the nodes of a devnet stand: ports, addresses, who dials whom. Nodes of validators that joined after the genesis
 * (docs/protocol/beacon.md B.9) have directories that follow those of the genesis without a gap, and hold the same files.
 */
import { readFile } from 'node:fs/promises'
import { CommandError } from '../../node/cli/command-error.ts'
import { identityFromHex } from '../../node/network/io/identity.ts'
import type { NodeConfig } from '../../node/runtime/config.ts'
import type { ProgramFiles } from './bundle.ts'
import { filesOf, type DataDirectory } from './data-directory.ts'
import type { NodePlan } from './node-process.ts'
import type { PortClaims } from './ports.ts'

export type PlanRequest = {
  readonly directory: DataDirectory
  readonly programs: ProgramFiles
  readonly ports: PortClaims
  /** undefined: the usual port for the first node, or any when that is taken; `any`: not the usual one. */
  readonly rpcPort: number | 'any' | undefined
  readonly logLevel: NodeConfig['logLevel']
}

const USUAL_RPC_PORT = 8545

/** One plan per validator that has a directory; everybody dials everybody. */
export async function planNodes(request: PlanRequest): Promise<readonly NodePlan[]> {
  const { directory, programs, ports: claims, rpcPort, logLevel } = request
  const peers = await peersOf(directory)
  const first = rpcPort === 'any' ? [] : [await claims.choose(rpcPort, USUAL_RPC_PORT)]
  const ports = await claims.find(2 * peers.length - first.length)
  const rpcPorts = [...first, ...ports.slice(peers.length)]
  const addresses = peers.map((peer, index) => addressOf(ports[index] ?? 0, peer))
  return peers.map((_, index) => ({
    index,
    dataDirectory: directory.path,
    p2pPort: ports[index] ?? 0,
    rpcPort: rpcPorts[index] ?? 0,
    bootstrap: addresses.filter((_address, other) => other !== index),
    logLevel,
    isNewborn: !directory.resumed,
    program: programs.node,
  }))
}

/** The next one: it dials everybody, and nobody need know its address. Throws `CommandError`. */
export async function planJoiner(
  plans: readonly NodePlan[],
  directory: DataDirectory,
  claims: PortClaims,
  index: number,
): Promise<NodePlan> {
  const [first] = plans
  if (first === undefined || index !== plans.length)
    throw new CommandError(`the next node of this devnet is ${plans.length}, not ${index}`)
  const peers = await peersOf(directory)
  if (peers[index] === undefined)
    throw new CommandError(
      `${filesOf(directory.path).node(index).directory} holds no keys of a node`,
    )
  const [p2pPort = 0, rpcPort = 0] = await claims.find(2)
  const bootstrap = plans.map((plan) => addressOf(plan.p2pPort, peers[plan.index] ?? ''))
  return { ...first, index, p2pPort, rpcPort, bootstrap, isNewborn: true }
}

export function rpcUrlOf({ rpcPort }: Pick<NodePlan, 'rpcPort'>): string {
  return `http://127.0.0.1:${rpcPort}`
}

function addressOf(p2pPort: number, peer: string): string {
  return `/ip4/127.0.0.1/tcp/${p2pPort}/p2p/${peer}`
}

/** Of the genesis, then of all that joined, in the order of their numbers. */
async function peersOf({ path, genesis }: DataDirectory): Promise<readonly string[]> {
  const peers = genesis.validators.map(({ peer }) => peer)
  for (;;) {
    const peer = await readPeer(path, peers.length)
    if (peer === undefined) return peers
    peers.push(peer)
  }
}

async function readPeer(path: string, index: number): Promise<string | undefined> {
  const file = filesOf(path).node(index).identityKey
  const text = await readFile(file, 'latin1').catch(() => undefined)
  const identity = text === undefined ? undefined : identityFromHex(text.trim())
  return identity?.ok === true ? identity.value.peer : undefined
}
