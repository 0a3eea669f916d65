/**
 * A conversation with a Node process's inspector: calls to its main thread and to its worker threads.
 */

export type InspectorCall = (method: string, params?: object) => Promise<unknown>

export type Inspector = {
  readonly main: InspectorCall
  /** Of the threads that run now. */
  readonly workers: () => Promise<readonly InspectorCall[]>
  readonly close: () => void
}

type Answer = {
  readonly id?: number
  readonly method?: string
  readonly params?: { readonly sessionId?: string; readonly message?: string }
  readonly result?: unknown
  readonly error?: { readonly message: string }
}

type Waiting = Map<
  number,
  { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void }
>

export async function openInspector(url: string): Promise<Inspector> {
  const socket = new WebSocket(url)
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve(), { once: true })
    socket.addEventListener('error', () => reject(new Error('its inspector does not answer')), {
      once: true,
    })
  })
  const waiting: Waiting = new Map()
  const sessions = new Map<string, Waiting>()
  let nextId = 1
  socket.addEventListener('message', ({ data }: { readonly data: unknown }) => {
    const answer = JSON.parse(String(data)) as Answer
    const { sessionId = '', message } = answer.params ?? {}
    if (answer.method === 'NodeWorker.attachedToWorker') sessions.set(sessionId, new Map())
    if (answer.method === 'NodeWorker.receivedMessageFromWorker' && message !== undefined) {
      settle(sessions.get(sessionId), JSON.parse(message) as Answer)
    }
    settle(waiting, answer)
  })
  socket.addEventListener('close', () => {
    for (const { reject } of [waiting, ...sessions.values()].flatMap((map) => [...map.values()])) {
      reject(new Error('its inspector went away'))
    }
  })
  const main: InspectorCall = (method, params = {}) => {
    const id = nextId++
    socket.send(JSON.stringify({ id, method, params }))
    return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }))
  }
  const worker =
    (sessionId: string, answers: Waiting): InspectorCall =>
    (method, params = {}) => {
      const id = nextId++
      const answered = new Promise((resolve, reject) => answers.set(id, { resolve, reject }))
      const message = JSON.stringify({ id, method, params })
      main('NodeWorker.sendMessageToWorker', { sessionId, message }).catch(() => {})
      return answered
    }
  return {
    main,
    workers: async () => {
      await main('NodeWorker.enable', { waitForDebuggerOnStart: false })
      return [...sessions].map(([sessionId, answers]) => worker(sessionId, answers))
    },
    close: () => socket.close(),
  }
}

function settle(waiting: Waiting | undefined, { id, result, error }: Answer): void {
  const call = id === undefined ? undefined : waiting?.get(id)
  if (id === undefined || call === undefined) return
  waiting?.delete(id)
  if (error === undefined) call.resolve(result)
  else call.reject(new Error(error.message))
}
