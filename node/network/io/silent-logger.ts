/**
 * A logger for libp2p that says nothing. Its own one builds a scope, and asks whether the terminal has colours, for every
 * connection and stream; on a node that starts with 15 peers this was 6 % of the processor time (docs/measuring.md).
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
