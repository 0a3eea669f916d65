/**
 * Peers sent away and until when. Bounded: the one banned longest ago is forgotten first.
 */
import { banMs, type Dismissal } from '../connection-policy.ts'
import { BANS_MAX } from '../limits.ts'
import type { PeerName } from '../network.ts'

type Ban = { readonly untilMs: number; readonly offences: number }

export type Bans = {
  readonly add: (peer: PeerName, dismissal: Dismissal) => void
  readonly has: (peer: PeerName) => boolean
}

export function createBans(): Bans {
  const bans = new Map<PeerName, Ban>()

  function add(peer: PeerName, dismissal: Dismissal): void {
    const before = bans.get(peer)?.offences ?? 0
    const untilMs = Date.now() + banMs(dismissal, before)
    bans.delete(peer)
    bans.set(peer, { untilMs, offences: before + (dismissal === 'misbehaved' ? 1 : 0) })
    const [oldest] = bans.keys()
    if (bans.size > BANS_MAX && oldest !== undefined) bans.delete(oldest)
  }

  return { add, has: (peer) => (bans.get(peer)?.untilMs ?? 0) > Date.now() }
}
