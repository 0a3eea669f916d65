/**
 * One order to a running supervisor, through its socket (control-message.ts).
 */
import { connect } from 'node:net'
import { CommandError } from '../../node/cli/command-error.ts'
import { controlAnswerSchema, type ControlAnswer, type ControlRequest } from './control-message.ts'

/** Starting sixteen nodes on a busy machine; a supervisor that is silent for longer hangs. */
const ANSWER_WITHIN_MS = 180_000

/** Throws `CommandError` when nobody answers. */
export async function orderSupervisor(
  path: string,
  request: ControlRequest,
): Promise<ControlAnswer> {
  const socket = connect(path)
  socket.setEncoding('utf8')
  socket.setTimeout(ANSWER_WITHIN_MS, () => socket.destroy(new Error('no answer in time')))
  try {
    return await new Promise<ControlAnswer>((resolve, reject) => {
      const fail = (reason: string): void =>
        reject(new CommandError(`the devnet does not take orders at ${path}: ${reason}`))
      let text = ''
      socket.on('error', (error) => fail(error.message))
      socket.once('close', () => fail('it was stopped meanwhile'))
      socket.on('data', (chunk: string) => {
        text += chunk
        if (!text.endsWith('\n')) return
        const answer = readAnswer(text)
        if (answer === undefined) fail('its answer makes no sense; it may be of another version')
        else resolve(answer)
      })
      socket.write(`${JSON.stringify(request)}\n`)
    })
  } finally {
    socket.destroy()
  }
}

function readAnswer(line: string): ControlAnswer | undefined {
  try {
    return controlAnswerSchema.parse(JSON.parse(line))
  } catch {
    return undefined
  }
}
