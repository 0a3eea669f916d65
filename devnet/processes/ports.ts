/**
 * Ports on the loopback interface. The system gives a free one, it is closed again and handed to a node; between the two
 * somebody else could take it, so a node that cannot bind says so and the devnet does not start half.
 */
import { createServer, type AddressInfo, type Server } from 'node:net'
import { CommandError } from '../../node/cli/command-error.ts'

const LOOPBACK = '127.0.0.1'

/** Distinct free ports: all are held at once, or the system might give one twice. */
export async function findFreePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listen(0)))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map(close))
  return ports
}

async function isPortFree(port: number): Promise<boolean> {
  try {
    await close(await listen(port))
    return true
  } catch {
    return false
  }
}

/** The port that was asked for, or a refusal; without a wish the usual one, or any when that is taken. */
export async function choosePort(wanted: number | undefined, usual: number): Promise<number> {
  if (await isPortFree(wanted ?? usual)) return wanted ?? usual
  if (wanted === undefined) return 0
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
