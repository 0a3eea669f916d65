/**
 * Ports on the loopback interface, found free and handed to nodes; between the two somebody else could take one, so a node
 * that cannot bind says so and the devnet does not start half.
 *
 * Not from the range out of which systems give source ports to outgoing connections (from 32768 on Linux, 49152 elsewhere):
 * there the dials of nodes that are up already can take ports of those that are not.
 */
import { randomInt } from 'node:crypto'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { CommandError } from '../../node/cli/command-error.ts'

const LOOPBACK = '127.0.0.1'
const FIRST_PORT = 10_000
const END_PORT = 32_000
/** Of 22,000 ports hardly any is taken; a machine where this many are has another trouble. */
const TRIES_PER_PORT = 50

/** Distinct free ports: all are held at once, or one might be found twice. */
export async function findFreePorts(count: number): Promise<readonly number[]> {
  const servers: Server[] = []
  try {
    for (let tries = 0; servers.length < count && tries < count * TRIES_PER_PORT; tries++) {
      const server = await listen(randomInt(FIRST_PORT, END_PORT)).catch(() => undefined)
      if (server !== undefined) servers.push(server)
    }
    if (servers.length < count) throw new CommandError(`no ${count} free ports on ${LOOPBACK}`)
    return servers.map((server) => (server.address() as AddressInfo).port)
  } finally {
    await Promise.all(servers.map(close))
  }
}

async function isPortFree(port: number): Promise<boolean> {
  try {
    await close(await listen(port))
    return true
  } catch {
    return false
  }
}

/** The port that was asked for, or a refusal; without a wish the usual one, or another when that is taken. */
export async function choosePort(
  wanted: number | undefined,
  usual: number,
  other: number,
): Promise<number> {
  if (await isPortFree(wanted ?? usual)) return wanted ?? usual
  if (wanted === undefined) return other
  throw new CommandError(`port ${wanted} is taken; choose another with --rpc-port`)
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
