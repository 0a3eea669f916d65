/**
 * One timer over the scheduler: the engine names a new deadline after almost every input, so a wake-up is scheduled only
 * when it comes earlier than the one under way, and one that comes too early goes back to sleep.
 */

export type HostTimer = {
  /** Replaces the earlier deadline; Infinity means none. */
  readonly set: (deadline: number) => void
  readonly clear: () => void
}

export type HostTimerPorts = {
  readonly now: () => number
  readonly schedule: (at: number, act: () => void) => void
  /** The deadline has come. It is forgotten then: the engine sets the next one. */
  readonly fire: () => void
}

export function createHostTimer(ports: HostTimerPorts): HostTimer {
  let deadlineAt = Infinity
  let wakeAt = Infinity

  function sleep(): void {
    if (deadlineAt >= wakeAt) return
    const at = Math.max(Math.ceil(deadlineAt), ports.now())
    wakeAt = at
    ports.schedule(at, () => wake(at))
  }

  function wake(at: number): void {
    if (at !== wakeAt) return
    wakeAt = Infinity
    if (deadlineAt > at) return sleep()
    deadlineAt = Infinity
    ports.fire()
  }

  return {
    set: (deadline) => {
      deadlineAt = deadline
      sleep()
    },
    clear: () => {
      deadlineAt = Infinity
      wakeAt = Infinity
    },
  }
}
