/**
 * A logger for libp2p that says nothing. Its own one builds a scope, and asks whether the terminal has colours, for every
 * connection and stream; in one profile of a node starting with 15 peers, on a busy machine, that was some 6 % of the samples.
 * What this node has to say about its peers goes through `NetworkLog`.
 */
import type { createLibp2p } from 'libp2p'

type ComponentLogger = NonNullable<NonNullable<Parameters<typeof createLibp2p>[0]>['logger']>
type Logger = ReturnType<ComponentLogger['forComponent']>

const silence = (): void => undefined

const LOGGER: Logger = Object.assign(silence, {
  error: silence,
  trace: silence,
  enabled: false,
  newScope: (): Logger => LOGGER,
})

export const SILENT_LOGGER: ComponentLogger = { forComponent: () => LOGGER }
