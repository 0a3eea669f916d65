/**
 * The order of effects, which is the durability contract (docs/protocol A.5): effects are performed one after the other;
 * before one that leaves the process, everything written so far is synced, and all later effects wait for that. A crash
 * can be armed to fall between any two effects.
 */
import type { EngineEffect } from '../../node/consensus/engine-contract.ts'

export type HostQueue = {
  readonly add: (effects: readonly EngineEffect[]) => void
  /** Performs until the queue is empty, waits for a sync, or crashes. */
  readonly pump: () => void
  /** The crash happens after this many further effects. */
  readonly armCrash: (effectsLater: number, crash: () => void) => void
  readonly disarmCrash: () => void
  /** Forgets everything queued and armed. */
  readonly clear: () => void
}

export type HostQueuePorts = {
  readonly perform: (effect: EngineEffect) => void
  readonly isDirty: () => boolean
  readonly sync: () => void
  /** Draws how long a sync takes; at 0 it is done on the spot. */
  readonly drawSyncMs: () => number
  readonly later: (delayMs: number, act: () => void) => void
}

export function createHostQueue(ports: HostQueuePorts): HostQueue {
  let effects: EngineEffect[] = []
  let head = 0
  let isPumping = false
  let isSyncing = false
  let armed: { effectsLeft: number; readonly crash: () => void } | undefined

  function clear(): void {
    effects = []
    head = 0
    isSyncing = false
    armed = undefined
  }

  /** True when the effect may leave now. */
  function isDurable(effect: EngineEffect): boolean {
    if (!leavesTheProcess(effect) || !ports.isDirty()) return true
    const syncMs = ports.drawSyncMs()
    if (syncMs > 0) {
      isSyncing = true
      ports.later(syncMs, () => {
        isSyncing = false
        ports.sync()
        pump()
      })
      return false
    }
    ports.sync()
    return true
  }

  function crashesNow(): boolean {
    if (armed === undefined || armed.effectsLeft-- > 0) return false
    armed.crash()
    return true
  }

  function pump(): void {
    if (isPumping || isSyncing) return
    isPumping = true
    for (;;) {
      const effect = effects[head]
      if (effect === undefined || crashesNow() || !isDurable(effect)) break
      head++
      ports.perform(effect)
    }
    isPumping = false
    if (head > 0 && head >= effects.length) {
      effects = []
      head = 0
    }
  }

  return {
    add: (added) => {
      for (const effect of added) effects.push(effect)
    },
    pump,
    armCrash: (effectsLater, crash) => {
      armed = { effectsLeft: effectsLater, crash }
    },
    disarmCrash: () => {
      armed = undefined
    },
    clear,
  }
}

/** Reports, deadlines and work for this process may happen before a sync; a signature or a message may not. */
function leavesTheProcess(effect: EngineEffect): boolean {
  switch (effect.kind) {
    case 'sign':
    case 'broadcast':
    case 'send':
    case 'reply':
      return true
    default:
      return false
  }
}
