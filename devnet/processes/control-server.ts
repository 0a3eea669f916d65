/**
 * The socket of a running supervisor: a Unix socket in the data directory that only its user can open. Another terminal
 * orders faults through it (control-message.ts).
 */
import { chmod, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { CommandError } from '../../node/cli/command-error.ts'
import {
  CONTROL_LINE_BYTES_MAX,
  readControlRequest,
  type ControlAnswer,
  type ControlOrder,
} from './control-message.ts'

/** A person has a few terminals; a script that opens more forgets to close them. */
const CONNECTIONS_MAX = 16
/** The system's limit of a socket's path, less the zero at its end (Linux 108, macOS 104). */
const PATH_BYTES_MAX = 103

export type ControlServer = { readonly stop: () => Promise<void> }

export type ControlPorts = {
  readonly path: string
  /** Nodes that there are now. */
  readonly nodeCount: () => number
  /** Resolves with the sentence of what was done; throws `CommandError`. */
  readonly carryOut: (order: ControlOrder) => Promise<string>
}

/** undefined when the path is too long for a socket. A socket that a killed supervisor left behind is replaced. */
export async function startControlServer(ports: ControlPorts): Promise<ControlServer | undefined> {
  const { path } = ports
  if (Buffer.byteLength(path) > PATH_BYTES_MAX) return undefined
  await rm(path, { force: true })
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    serve(socket, ports)
  })
  server.maxConnections = CONNECTIONS_MAX
  await listen(server, path)
  await chmod(path, 0o600)
  return {
    stop: async () => {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve())
      })
      for (const socket of sockets) socket.destroy()
      await closed
      await rm(path, { force: true })
    },
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(new CommandError(`cannot open ${path}: ${error.message}`, { cause: error }))
    })
    server.listen(path, resolve)
  })
}

function serve(socket: Socket, ports: ControlPorts): void {
  let text = ''
  /** Answers come in the order of the questions. */
  let tail: Promise<void> = Promise.resolve()
  const answer = (value: ControlAnswer): void => {
    if (socket.writable) socket.write(`${JSON.stringify(value)}\n`)
  }
  // A terminal that is closed takes nothing back.
  socket.on('error', () => {})
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => {
    const lines = (text + chunk).split('\n')
    text = lines.pop() ?? ''
    for (const line of lines) {
      tail = tail.then(async () => answer(await answerTo(line, ports)))
    }
    if (text.length <= CONTROL_LINE_BYTES_MAX) return
    answer({ ok: false, code: 'too-long', message: 'the line is too long' })
    socket.destroySoon()
  })
}

async function answerTo(line: string, ports: ControlPorts): Promise<ControlAnswer> {
  const request = readControlRequest(line, ports.nodeCount())
  if (!request.ok) {
    const { code, detail } = request.reject
    return { ok: false, code, message: detail }
  }
  try {
    return { ok: true, message: await ports.carryOut(request.value) }
  } catch (error) {
    if (error instanceof CommandError) return { ok: false, code: 'failed', message: error.message }
    throw error
  }
}
