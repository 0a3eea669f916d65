/**
 * Ports on the loopback interface: found free, claimed against other devnets, and handed to nodes.
 *
 * Two devnets that start at once would find the same port free, for a node binds its port only when it has started. So a
 * devnet claims a port before it looks: it holds the same number of UDP, where nobody else of ours wants anything, for as
 * long as it runs. The system grants that to one process only, and takes it back however the process ends.
 *
 * Not from the range out of which systems give source ports to outgoing connections (from 32768 on Linux, 49152 elsewhere):
 * there the dials of nodes that are up already can take ports of those that are not.
 */
import { randomInt } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { createServer, type Server } from 'node:net'
import { CommandError } from '../../node/cli/command-error.ts'
import { present } from '../../node/primitives/assert.ts'

const LOOPBACK = '127.0.0.1'
const FIRST_PORT = 10_000
const END_PORT = 32_000
/** Of 22,000 ports hardly any is taken; a machine where this many are has another trouble. */
const TRIES_PER_PORT = 50

/** The ports of one devnet. */
export class PortClaims {
  readonly #claims: Socket[] = []

  /** Distinct free ports. */
  async find(count: number): Promise<readonly number[]> {
    const ports: number[] = []
    for (let tries = 0; ports.length < count && tries < count * TRIES_PER_PORT; tries++) {
      const port = randomInt(FIRST_PORT, END_PORT)
      if (await this.#claim(port)) ports.push(port)
    }
    if (ports.length < count) throw new CommandError(`no ${count} free ports on ${LOOPBACK}`)
    return ports
  }

  /**
   * The port that was asked for, or a refusal; without a wish the usual one, or any when that is taken. Before `find`, or what
   * that found may be the one that was asked for.
   */
  async choose(wanted: number | undefined, usual: number): Promise<number> {
    if (await this.#claim(wanted ?? usual)) return wanted ?? usual
    if (wanted === undefined) return present((await this.find(1))[0], 'one was asked for')
    throw new CommandError(`port ${wanted} is taken; choose another with --rpc-port`)
  }

  /** When no node runs any more. */
  async release(): Promise<void> {
    const claims = this.#claims.splice(0)
    await Promise.all(claims.map((claim) => new Promise<void>((closed) => claim.close(closed))))
  }

  async #claim(port: number): Promise<boolean> {
    const claim = await bind(port).catch(() => undefined)
    if (claim === undefined) return false
    if (await isPortFree(port)) {
      this.#claims.push(claim)
      return true
    }
    claim.close()
    return false
  }
}

/** For a short look: claimed while they are sought, and not afterwards. */
export async function findFreePorts(count: number): Promise<readonly number[]> {
  const claims = new PortClaims()
  try {
    return await claims.find(count)
  } finally {
    await claims.release()
  }
}

function bind(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4')
    socket.once('error', (error) => {
      socket.close()
      reject(error)
    })
    // Exclusive: in a cluster the primary would hand out one socket twice.
    socket.bind({ port, address: LOOPBACK, exclusive: true }, () => {
      socket.unref()
      resolve(socket)
    })
  })
}

async function isPortFree(port: number): Promise<boolean> {
  try {
    await close(await listen(port))
    return true
  } catch {
    return false
  }
}

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, LOOPBACK, () => resolve(server))
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
  })
}
