/**
 * Processes of a recording: numbers, each with one operation at a time. Payments overlap without limit, so each takes a free
 * one; observers keep theirs, because what one observer sees must never go back.
 */
export type EventType = 'invoke' | 'ok' | 'fail' | 'info'

export type Processes = {
  /** A process that asks nothing at the moment. */
  readonly take: () => number
  /** May be taken again; an observer's is kept. */
  readonly free: (process: number) => void
  readonly observer: (name: string) => number
}

export function createProcesses(): Processes {
  const idle: number[] = []
  const observers = new Map<string, number>()
  const kept = new Set<number>()
  let next = 0
  return {
    take: () => idle.pop() ?? next++,
    free: (process) => {
      if (!kept.has(process)) idle.push(process)
    },
    observer: (name) => {
      const known = observers.get(name)
      if (known !== undefined) return known
      const process = next++
      observers.set(name, process)
      kept.add(process)
      return process
    },
  }
}
