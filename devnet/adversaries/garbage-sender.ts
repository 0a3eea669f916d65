/**
 * Sender of garbage: besides what it has to say it sends blocks with flipped bits, votes and certificates with random
 * signatures, bitmaps of no committee, questions out of all bounds, bytes for transactions, receipts and crosslinks.
 */
import type { ChainBlock, ConsensusMessage } from '../../node/consensus/message.ts'
import { BEACON_CHAIN, type ChainNumber } from '../../node/primitives/identifiers.ts'
import { SHARDS_MAX } from '../../node/primitives/limits.ts'
import type { Prng } from '../../node/primitives/prng.ts'
import type { ValidatorEffect, ValidatorInput } from '../../node/validator/contract.ts'
import type { NodeMessage } from '../../node/validator/message.ts'
import type { Adversary } from './adversary.ts'
import { corrupted } from './corruption.ts'
import { createPulse } from './pulse.ts'
import { seatPowers, sendTo, type ProposalMessage, type SeatPowers } from './seat-powers.ts'

/** Ten handfuls a second. */
const INTERVAL_MS = 100
const SIGNATURE_BYTES = 96

/** The last proposal heard of, by chain: garbage looks best when it was something once. */
type Heard = Map<ChainNumber, ProposalMessage>

export const garbageSender: Adversary = {
  name: 'garbage-sender',
  description: 'sends damaged blocks, random signatures and bytes that mean nothing',
  corrupt: (honest, seat) => {
    const powers = seatPowers(honest, seat)
    const heard: Heard = new Map()
    const pulse = createPulse(INTERVAL_MS, () => handful(powers, heard))
    return corrupted(honest, {
      after: (input) => {
        listen(heard, input)
        return pulse(input)
      },
    })
  },
}

function listen(heard: Heard, input: ValidatorInput): void {
  if (input.kind !== 'message' || input.message.kind !== 'consensus') return
  const { chain, message } = input.message
  if (message.kind === 'proposal') heard.set(chain, message)
}

function handful(powers: SeatPowers, heard: Heard): readonly ValidatorEffect[] {
  const { random } = powers.seat
  const chain = random.pick(powers.chains())
  const proposal = heard.get(chain)
  if (proposal === undefined) return []
  const { epoch } = powers.domainOf(chain)
  const consensus = consensusGarbage(random, powers.seatIn(chain), proposal).map(
    (message): NodeMessage => ({ kind: 'consensus', chain, epoch, message }),
  )
  const garbage = random.pick([...consensus, ...relayGarbage(random, chain)])
  return sendTo(powers.othersIn(chain), garbage)
}

function consensusGarbage(
  random: Prng,
  seat: number,
  message: ProposalMessage,
): readonly ConsensusMessage[] {
  const { proposal } = message
  const { view } = proposal
  const signature = random.bytes(SIGNATURE_BYTES)
  const block = damaged(random, message.block)
  const vote = { kind: 'notarize', view, proposal, seat, signature } as const
  const signers = random.bytes(1 + random.below(4))
  return [
    { kind: 'proposal', proposal, block, vote, justification: [] },
    { kind: 'block', block },
    { kind: 'vote', vote },
    { kind: 'vote', vote: { ...vote, seat: random.below(128) } },
    { kind: 'certificate', certificate: { kind: 'finalize', view, proposal, signers, signature } },
    {
      kind: 'certificate',
      certificate: { kind: 'nullify', view: view + 9, proposal: undefined, signers, signature },
    },
    { kind: 'get-certificate', view: Number.MAX_SAFE_INTEGER },
    { kind: 'get-range', fromHeight: 0, countMax: 0xffff },
    { kind: 'get-block', hash: random.bytes(32) },
  ]
}

/** One byte is another one: header, links, or somewhere in the body. */
function damaged(random: Prng, block: ChainBlock): ChainBlock {
  const bytes = block.bytes.slice()
  const at = random.below(bytes.length)
  bytes[at] = (bytes[at] ?? 0) ^ (1 + random.below(255))
  return { ...block, bytes }
}

function relayGarbage(random: Prng, chain: ChainNumber): readonly NodeMessage[] {
  const shard = chain === BEACON_CHAIN ? 1 : chain
  const raws = Array.from({ length: 8 }, () => random.bytes(1 + random.below(200)))
  return [
    { kind: 'transactions', shard, raws },
    { kind: 'transactions', shard: SHARDS_MAX, raws },
    { kind: 'get-receipts', source: shard, destination: 0xffff, fromSequence: 0 },
    { kind: 'get-receipts', source: shard, destination: shard, fromSequence: random.u32() },
    { kind: 'receipts', batches: [] },
  ]
}
