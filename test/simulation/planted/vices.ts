/**
 * Vices that only make sense where a bug is planted: each does what the missing rule would have refused. Without the bug
 * they are harmless, which is what the controls show.
 */
import { corrupted, type Vice } from '../../../devnet/adversaries/corruption.ts'
import { corruptSimulated } from '../../../devnet/adversaries/corrupt-simulated.ts'
import { seatPowers, sendTo, voteMessage } from '../../../devnet/adversaries/seat-powers.ts'
import type { Corrupt } from '../../../devnet/simulator/sharded-plan.ts'
import { foldDigest, batchDigest } from '../../../node/crosslink/channel.ts'
import type { AnchorView } from '../../../node/crosslink/crosslink.ts'
import type { InboxItem, Receipt, ReceiptBatch } from '../../../node/crosslink/receipt.ts'
import { hashTagged } from '../../../node/primitives/hash.ts'
import { ANCHOR_LAG_MAX } from '../../../node/primitives/limits.ts'
import type { BuildRequest, CheckedTransaction } from '../../../node/shards/executor.ts'
import type { ValidatorEffect } from '../../../node/validator/contract.ts'
import type { Validator } from '../../../node/validator/validator.ts'
import type { AdversarySeat } from '../../../devnet/adversaries/adversary.ts'

const AMOUNT = 10n ** 18n
const HOUR_MS = 3_600_000
const FAR_VIEW = 100_000
const FAR_VOTES = 300

const VICES: Readonly<Record<string, (honest: Validator, seat: AdversarySeat) => Vice>> = {
  'transaction-replayer': transactionReplayer,
  'stale-anchor': staleAnchor,
  'unproved-receipt': () => building((request) => ({ ...request, inbox: withInvented(request) })),
  'inflated-receipt': () =>
    building((request) => ({ ...request, inbox: request.inbox.map(inflated) })),
  passer: () => building((request) => ({ ...request, inbox: request.inbox.map(passedOver) })),
  'future-stamper': () =>
    building((request) => ({ ...request, timestampMs: request.timestampMs + HOUR_MS })),
  'twice-voter': twiceVoter,
  'far-voter': farVoter,
  'bad-signer': () => ({ effect: (effect) => [withBadSignature(effect)] }),
}

/** `corrupt` of a trial: these vices, and all of devnet/adversaries. */
export const corruptPlanted: Corrupt = (name, honest, seat) => {
  const vice = VICES[name]
  return vice === undefined
    ? corruptSimulated(name, honest, seat)
    : corrupted(honest, vice(honest, seat))
}

/** Asks its own executor for another block than the machine wanted. */
function building(change: (request: BuildRequest) => BuildRequest): Vice {
  return { effect: (effect) => [changedBuild(effect, change)] }
}

function changedBuild(
  effect: ValidatorEffect,
  change: (request: BuildRequest) => BuildRequest,
): ValidatorEffect {
  if (effect.kind !== 'execute' || effect.request.kind !== 'build') return effect
  return { ...effect, request: change(effect.request) }
}

/** Puts a transaction that it has seen before in front of the new ones. */
function transactionReplayer(): Vice {
  const seen: CheckedTransaction[] = []
  return building((request) => {
    const [old] = seen
    const fresh = request.transactions.filter((one) => !seen.includes(one))
    // In place: the machine looks up the senders of what was included in the list that it made.
    const candidates = request.transactions as CheckedTransaction[]
    if (old !== undefined && !candidates.includes(old)) candidates.unshift(old)
    seen.push(...fresh)
    return request
  })
}

/** Leans its blocks on the oldest beacon block that followers still take and that promises what the newest does. */
function staleAnchor(): Vice {
  const seen = new Map<number, AnchorView>()
  return {
    effect: (effect) => {
      if (effect.kind !== 'execute') return [effect]
      const { request } = effect
      if (request.kind === 'verify') seen.set(request.anchor.beaconHeight, request.anchor)
      return [
        changedBuild(effect, (build) => ({ ...build, anchor: oldestLike(seen, build.anchor) })),
      ]
    },
  }
}

function oldestLike(seen: ReadonlyMap<number, AnchorView>, anchor: AnchorView): AnchorView {
  for (const [height, older] of seen) {
    const lag = anchor.beaconHeight - height
    if (lag > 0 && lag <= ANCHOR_LAG_MAX && promisesOf(older) === promisesOf(anchor)) return older
  }
  return anchor
}

function promisesOf({ shards }: AnchorView): string {
  return shards.map(({ outRoot }) => outRoot.toString()).join('/')
}

/** A receipt that nobody sent at the end of the first channel that is held to its end. */
function withInvented({ inbox }: BuildRequest): readonly InboxItem[] {
  const held = inbox.find(({ tailDigests }) => tailDigests.length === 0)
  return inbox.map((item) => (item === held ? withInventedBatch(item) : item))
}

function withInventedBatch(item: InboxItem): InboxItem {
  const { source, leaf } = item
  const destination = item.batches[0]?.destination
  if (destination === undefined) return item
  const sequence = leaf.nextSequence
  const nobody = hashTagged('nobody').slice(0, 20)
  const receipt: Receipt = {
    source,
    destination,
    sequence,
    kind: 'transfer',
    from: nobody,
    to: nobody,
    amount: AMOUNT,
    gas: 0,
    payload: new Uint8Array(0),
    originTransaction: hashTagged('nothing'),
  }
  const batch: ReceiptBatch = {
    source,
    destination,
    height: 1,
    startSequence: sequence,
    receipts: [receipt],
  }
  const head = foldDigest(leaf.head, batchDigest(batch))
  return {
    ...item,
    leaf: { nextSequence: sequence + 1, value: leaf.value + AMOUNT, head },
    batches: [...item.batches, batch],
  }
}

/** As if nobody served them (C.5). */
function passedOver(item: InboxItem): InboxItem {
  return { ...item, batches: [], tailDigests: [] }
}

/** Every receipt brings a wei more than was sent. */
function inflated(item: InboxItem): InboxItem {
  const batches = item.batches.map((batch) => ({
    ...batch,
    receipts: batch.receipts.map((receipt) => ({ ...receipt, amount: receipt.amount + 1n })),
  }))
  return { ...item, batches }
}

/** Its proposals are votes; it sends these once more as votes. */
function twiceVoter(honest: Validator, seat: AdversarySeat): Vice {
  const powers = seatPowers(honest, seat)
  return {
    effect: (effect) => {
      const sent = powers.ownProposal(effect)
      if (sent === undefined) return [effect]
      const vote = voteMessage(powers.domainOf(sent.chain), sent.proposal.vote)
      return [effect, ...sendTo(sent.effect.to, vote)]
    },
  }
}

/** Votes to give up views that nobody will see for hours. */
function farVoter(honest: Validator, seat: AdversarySeat): Vice {
  const powers = seatPowers(honest, seat)
  let view = FAR_VIEW
  return {
    after: () => {
      if (view >= FAR_VIEW + FAR_VOTES) return []
      view++
      return powers.chains().flatMap((chain) => {
        const vote = powers.sign(chain, { kind: 'nullify', view, proposal: undefined })
        return sendTo(powers.othersIn(chain), voteMessage(powers.domainOf(chain), vote))
      })
    },
  }
}

/** Its votes carry signatures that do not verify. */
function withBadSignature(effect: ValidatorEffect): ValidatorEffect {
  if (effect.kind !== 'send' || effect.message.kind !== 'consensus') return effect
  const { message } = effect.message
  if (message.kind !== 'vote') return effect
  const vote = { ...message.vote, signature: message.vote.signature.map((byte) => byte ^ 1) }
  return { ...effect, message: { ...effect.message, message: { kind: 'vote', vote } } }
}
