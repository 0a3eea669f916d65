/**
 * A devnet whose validators are there to be killed (mortal-main.ts): each can be crashed, armed with a fail point and
 * started again on the same ports, and tells what it signed and how far it is.
 *
 * Invariant: a node that ends without being told to is an error to whoever awaits the network next, never a silence.
 */
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import type { NodeConfig } from '../../node/runtime/config.ts'
import type { FailPoint } from '../../node/runtime/fail-point.ts'
import { present } from '../../node/primitives/assert.ts'
import { createRpcClient } from '../observe/rpc-client.ts'
import type { DevnetParameters } from '../parameters.ts'
import { preparePrograms, type ProgramFiles } from '../processes/bundle.ts'
import { filesOf, openDataDirectory, type DataDirectory } from '../processes/data-directory.ts'
import { startNodeProcess, type NodeProcess } from '../processes/node-process.ts'
import { PortClaims } from '../processes/ports.ts'
import { readSeenVotes, type SeenVote } from './contradiction.ts'
import type { MortalOrder } from './mortal-main.ts'

export type MortalOptions = {
  readonly path: string
  readonly parameters: DevnetParameters
  readonly logLevel: NodeConfig['logLevel']
  /** Witnesses write down what they hear besides what they sign. */
  readonly hearsOthers: boolean
}

/** Finalized height by chain. */
export type Heights = ReadonlyMap<number, number>

type Mortal = {
  readonly index: number
  process: NodeProcess | undefined
  /** Told to die, by a signal or a fail point. */
  condemned: boolean
  /** Bytes of the witness's file that were read. */
  witnessed: number
  readonly votes: SeenVote[]
}

const REQUEST_TIMEOUT_MS = 2_000
const POLL_MS = 20

const healthSchema = z.object({
  chains: z.array(z.object({ chain: z.int(), height: z.int(), syncing: z.boolean() })),
})

export class MortalNetwork {
  readonly directory: DataDirectory
  readonly programs: ProgramFiles
  readonly endpoints: readonly string[]
  readonly #options: MortalOptions
  readonly #claims: PortClaims
  readonly #ports: readonly number[]
  readonly #nodes: readonly Mortal[]
  readonly #unexpected: string[] = []

  private constructor(
    options: MortalOptions,
    parts: {
      readonly directory: DataDirectory
      readonly programs: ProgramFiles
      readonly claims: PortClaims
      readonly ports: readonly number[]
    },
  ) {
    const { directory, programs, claims, ports } = parts
    const count = directory.genesis.validators.length
    this.#options = options
    this.directory = directory
    this.programs = programs
    this.#claims = claims
    this.#ports = ports
    this.endpoints = ports.slice(count).map((port) => `http://127.0.0.1:${port}`)
    this.#nodes = directory.genesis.validators.map((_, index) => {
      return { index, process: undefined, condemned: false, witnessed: 0, votes: [] }
    })
  }

  /** Makes the network's files; starts nothing. */
  static async create(options: MortalOptions): Promise<MortalNetwork> {
    const { path, parameters } = options
    const setting = { reset: false, nowMs: Date.now() }
    const directory = await openDataDirectory(path, parameters, setting)
    const programs = await preparePrograms(filesOf(path), new AbortController().signal)
    const claims = new PortClaims()
    const ports = await claims.find(2 * directory.genesis.validators.length)
    return new MortalNetwork(options, { directory, programs, claims, ports })
  }

  /** Resolves when the node's process is there; `ready` tells of the node in it. */
  async start(index: number, armed?: { readonly step: FailPoint; readonly count: number }) {
    const node = this.#node(index)
    const { path, genesis } = this.directory
    const bootstrap = genesis.validators.map(
      ({ peer }, other) => `/ip4/127.0.0.1/tcp/${this.#ports[other]}/p2p/${peer}`,
    )
    node.condemned = armed !== undefined
    const plan = {
      index,
      dataDirectory: path,
      p2pPort: present(this.#ports[index], 'a port per validator'),
      rpcPort: present(this.#ports[genesis.validators.length + index], 'two ports per validator'),
      bootstrap: bootstrap.filter((_, other) => other !== index),
      logLevel: this.#options.logLevel,
      isNewborn: true,
      program: this.programs['mortal-node'],
    }
    node.process = await startNodeProcess(plan, (code, signal) => {
      if (!node.condemned) this.#unexpected.push(`node ${index} ended by itself: ${signal ?? code}`)
    })
    if (armed !== undefined) this.#order(node, { kind: 'arm', ...armed })
    const witnessFile = this.#witnessFile(index)
    this.#order(node, { kind: 'begin', witnessFile, hearsOthers: this.#options.hearsOthers })
  }

  /** Resolves when the node is up; rejects when it ended before. */
  async ready(index: number): Promise<void> {
    await present(this.#node(index).process, 'the node was started').ready
  }

  /** The node kills itself when the step is reached for the `count`-th time from now; resolves when it is dead. */
  async dieAt(index: number, step: FailPoint, count: number): Promise<void> {
    const node = this.#node(index)
    node.condemned = true
    this.#order(node, { kind: 'arm', step, count })
    await this.killed(index)
  }

  disarm(index: number, step: FailPoint): void {
    const node = this.#node(index)
    node.condemned = false
    this.#order(node, { kind: 'arm', step, count: 0 })
  }

  /** `kill -9`; resolves when the process is gone. */
  async crash(index: number): Promise<void> {
    const node = this.#node(index)
    node.condemned = true
    process.kill(this.pid(index), 'SIGKILL')
    await this.killed(index)
  }

  /** Resolves when the process was killed, by whomever; throws when it ended otherwise. */
  async killed(index: number): Promise<void> {
    const end = await present(this.#node(index).process, 'the node was started').child.ended
    if (end.signal !== 'SIGKILL')
      throw new Error(`node ${index} ended with ${end.code}, not killed`)
  }

  pid(index: number): number {
    return present(this.#node(index).process, 'the node was started').child.pid
  }

  endpoint(index: number): string {
    return present(this.endpoints[index], 'an endpoint per validator')
  }

  /** Polls until `isTrue`; throws when a node ended by itself meanwhile. The caller's own time limit is the deadline. */
  async until(isTrue: () => Promise<boolean>): Promise<void> {
    while (!(await isTrue())) {
      if (this.#unexpected.length > 0) throw new Error(this.#unexpected.join('; '))
      await delay(POLL_MS)
    }
  }

  /** All votes of the node's witness, over all its lives. */
  async votes(index: number): Promise<readonly SeenVote[]> {
    const node = this.#node(index)
    const file = await open(this.#witnessFile(index), 'a+')
    try {
      const { size } = await file.stat()
      const bytes = Buffer.alloc(size - node.witnessed)
      await file.read(bytes, 0, bytes.length, node.witnessed)
      const whole = bytes.subarray(0, bytes.lastIndexOf(0x0a) + 1)
      node.witnessed += whole.length
      node.votes.push(...readSeenVotes(whole.toString('utf8')))
      return node.votes
    } finally {
      await file.close()
    }
  }

  /** undefined: it does not answer, or has not caught up by its own account. */
  async heights(index: number): Promise<Heights | undefined> {
    const client = createRpcClient(this.endpoint(index), { timeoutMs: REQUEST_TIMEOUT_MS })
    try {
      const { text } = await client.get('/health')
      const { chains } = healthSchema.parse(JSON.parse(text))
      if (chains.some(({ syncing }) => syncing)) return undefined
      return new Map(chains.map(({ chain, height }) => [chain, height]))
    } catch {
      return undefined
    } finally {
      client.close()
    }
  }

  /** Orderly. */
  async stop(): Promise<void> {
    await Promise.all(this.#nodes.map(async ({ process }) => process?.child.stop()))
    await this.#claims.release()
  }

  #order(node: Mortal, order: MortalOrder): void {
    node.process?.child.send(order)
  }

  #node(index: number): Mortal {
    return present(this.#nodes[index], 'a node per validator')
  }

  #witnessFile(index: number): string {
    return join(filesOf(this.directory.path).node(index).directory, 'votes.jsonl')
  }
}
