/**
 * A process that plays seeds of whole networks: every message to it is a seed, every message back its result. It ends when
 * whoever started it does.
 */
import { playSeed } from './network-campaign.ts'

const twice = process.argv.includes('--twice')

process.on('message', (seed: number) => {
  process.send?.(playSeed(seed, twice))
})
process.on('disconnect', () => process.exit())
