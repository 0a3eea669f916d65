/**
 * A process that plays seeds of one campaign: every message to it is a seed, every message back its result. It ends when
 * whoever started it does.
 */
import { present } from '../../node/primitives/assert.ts'
import { playCommittee } from './campaign.ts'
import { CAMPAIGNS } from './consensus-campaigns.ts'
import { NETWORK_CAMPAIGNS, playSeed } from './network-campaign.ts'

const [name, ...words] = process.argv.slice(2)
const twice = words.includes('--twice')
const network = NETWORK_CAMPAIGNS.find((shape) => shape.name === name)
const committee = CAMPAIGNS.find((shape) => shape.name === name)

function play(seed: number): unknown {
  if (network !== undefined) return playSeed({ seed, shape: network }, twice)
  return playCommittee(present(committee, 'whoever starts this process names a campaign'), seed)
}

process.on('message', (seed: number) => {
  process.send?.(play(seed))
})
process.on('disconnect', () => process.exit())
