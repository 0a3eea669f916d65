/**
 * Keeps a connection to every bootstrap peer: dials at the start, dials again with backoff and jitter whenever the
 * connection is lost, for as long as the node runs. Does nothing while a peer is connected, whoever dialed.
 */
import { firstDialDelayMs, redialDelayMs } from '../connection-policy.ts'
import type { PeerName } from '../network.ts'

type Target = {
  readonly addresses: readonly string[]
  failures: number
  timer: NodeJS.Timeout | undefined
}

export type DialerOptions = {
  readonly self: PeerName
  /** The node was on this network before: the others are up. */
  readonly rejoins: boolean
  readonly addresses: ReadonlyMap<PeerName, readonly string[]>
  readonly isConnected: (peer: PeerName) => boolean
  /** Rejects when the peer cannot be reached. */
  readonly dial: (addresses: readonly string[]) => Promise<void>
}

export class Dialer {
  readonly #options: DialerOptions
  readonly #targets = new Map<PeerName, Target>()
  #stopped = false

  constructor(options: DialerOptions) {
    this.#options = options
    for (const [peer, addresses] of options.addresses) {
      if (peer !== options.self)
        this.#targets.set(peer, { addresses, failures: 0, timer: undefined })
    }
  }

  start(): void {
    const { self, rejoins } = this.#options
    for (const [peer, target] of this.#targets) {
      this.#schedule(peer, target, firstDialDelayMs({ self, remote: peer }, rejoins))
    }
  }

  stop(): void {
    this.#stopped = true
    for (const target of this.#targets.values()) clearTimeout(target.timer)
  }

  isTarget(peer: PeerName): boolean {
    return this.#targets.has(peer)
  }

  /** The peer passed the handshake: the next loss is a first one. */
  onAdmitted(peer: PeerName): void {
    const target = this.#targets.get(peer)
    if (target !== undefined) target.failures = 0
  }

  onLost(peer: PeerName): void {
    const target = this.#targets.get(peer)
    if (target !== undefined) this.#retry(peer, target)
  }

  #retry(peer: PeerName, target: Target): void {
    this.#schedule(peer, target, redialDelayMs(target.failures, Math.random()))
    target.failures += 1
  }

  #schedule(peer: PeerName, target: Target, delayMs: number): void {
    if (this.#stopped) return
    clearTimeout(target.timer)
    target.timer = setTimeout(() => this.#dial(peer, target), delayMs)
  }

  #dial(peer: PeerName, target: Target): void {
    if (this.#stopped || this.#options.isConnected(peer)) return
    this.#options.dial(target.addresses).catch(() => {
      if (!this.#options.isConnected(peer)) this.#retry(peer, target)
    })
  }
}
