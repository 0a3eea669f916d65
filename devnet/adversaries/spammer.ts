/**
 * Spammer: says everything four times, asks for everything again and again, votes for views that are far ahead, and pours
 * transactions over its shard that are signed well and can never be paid.
 */
import { bigIntToBytes } from '../../node/primitives/bytes.ts'
import { hashTagged } from '../../node/primitives/hash.ts'
import type { ChainNumber } from '../../node/primitives/identifiers.ts'
import type { ValidatorEffect } from '../../node/validator/contract.ts'
import type { NodeMessage } from '../../node/validator/message.ts'
import type { Adversary, AdversarySeat } from './adversary.ts'
import { corrupted } from './corruption.ts'
import { createPulse } from './pulse.ts'
import { seatPowers, sendTo, voteMessage, type SeatPowers } from './seat-powers.ts'
import { signedErrand, thiefOf } from './thief.ts'

const INTERVAL_MS = 50
const REPEATS = 4
/** Views ahead: beyond an engine's window, so that the spammer never contradicts itself. */
const VIEWS_AHEAD = [50, 1_000, 1_000_000]
/** Different ones per shard; they are sent over and over. */
const TRANSACTIONS = 32

export const spammer: Adversary = {
  name: 'spammer',
  description: 'repeats itself, asks without end and floods its shard with transactions',
  corrupt: (honest, seat) => {
    const powers = seatPowers(honest, seat)
    const floods = new Map(
      [...honest.shards.keys()].map((shard) => [shard, unpayable(powers, shard)]),
    )
    const pulse = createPulse(INTERVAL_MS, () =>
      powers.chains().flatMap((chain) => flood(powers, floods, chain)),
    )
    return corrupted(honest, {
      effect: (effect) =>
        effect.kind === 'send' ? Array.from({ length: REPEATS }, () => effect) : [effect],
      after: pulse,
    })
  },
}

function flood(
  powers: SeatPowers,
  floods: ReadonlyMap<ChainNumber, readonly Uint8Array[]>,
  chain: ChainNumber,
): readonly ValidatorEffect[] {
  const raws = floods.get(chain)
  const messages = [...questions(powers, chain), ...earlyVotes(powers, chain)]
  if (raws !== undefined) messages.push({ kind: 'transactions', shard: chain, raws })
  return messages.flatMap((message) => sendTo(powers.othersIn(chain), message))
}

function questions(powers: SeatPowers, chain: ChainNumber): NodeMessage[] {
  const { epoch } = powers.domainOf(chain)
  const { random, genesis } = powers.seat
  const destination = 1 + random.below(genesis.shardCount)
  return [
    {
      kind: 'consensus',
      chain,
      epoch,
      message: { kind: 'get-range', fromHeight: 1, countMax: 0xffff },
    },
    { kind: 'consensus', chain, epoch, message: { kind: 'get-certificate', view: 1 } },
    { kind: 'consensus', chain, epoch, message: { kind: 'get-block', hash: random.bytes(32) } },
    { kind: 'get-receipts', source: chain, destination, fromSequence: 0 },
  ]
}

function earlyVotes(powers: SeatPowers, chain: ChainNumber): readonly NodeMessage[] {
  const view = powers.honest.chains.get(chain)?.status().view ?? 0
  const ahead = powers.seat.random.pick(VIEWS_AHEAD)
  const vote = powers.sign(chain, { kind: 'nullify', view: view + ahead, proposal: undefined })
  return [voteMessage(powers.domainOf(chain), vote)]
}

/** Each by a sender of its own, who has nothing. */
function unpayable({ seat, honest }: SeatPowers, shard: ChainNumber): readonly Uint8Array[] {
  const { genesisHash } = honest.beacon.head()
  return Array.from({ length: TRANSACTIONS }, (_, index) => unpaid(seat, genesisHash, shard, index))
}

function unpaid(
  { genesis, validator }: AdversarySeat,
  genesisHash: Uint8Array,
  shard: ChainNumber,
  index: number,
): Uint8Array {
  const label = hashTagged('spam', bigIntToBytes(BigInt(validator * TRANSACTIONS + index), 8))
  const { chainIdBase, shardCount } = genesis
  const errand = { chainIdBase, shardCount, shard, nonce: 0, amount: 1n }
  return signedErrand(thiefOf(genesisHash, label), errand)
}
