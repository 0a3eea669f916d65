/**
 * A process that plays seeds of one campaign of whole networks: every message to it is a seed, every message back its
 * result. It ends when whoever started it does.
 */
import { present } from '../../node/primitives/assert.ts'
import { NETWORK_CAMPAIGNS, playSeed } from './network-campaign.ts'

const twice = process.argv.includes('--twice')
const shape = present(
  NETWORK_CAMPAIGNS.find(({ name }) => process.argv.includes(name)),
  'whoever starts this process names a campaign',
)

process.on('message', (seed: number) => {
  process.send?.(playSeed({ shape, seed }, twice))
})
process.on('disconnect', () => process.exit())
