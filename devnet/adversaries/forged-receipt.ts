/**
 * Forger of receipts: its blocks consume a receipt that no shard ever sent. It says to its own executor that the beacon has
 * recorded an outgoing root under which the receipt stands, so that the block is consistent in every other way; whoever
 * looks at the beacon's real record finds that the branch leads elsewhere. The money goes on to the next shard in the same block.
 *
 * All forgers of a shard read the root out of each other's blocks and believe it, so a whole committee of them agrees.
 */
import { batchDigest, channelLeaf, foldDigest } from '../../node/crosslink/channel.ts'
import type { AnchorView } from '../../node/crosslink/crosslink.ts'
import type { InboxItem, ReceiptBatch } from '../../node/crosslink/receipt.ts'
import { assert } from '../../node/primitives/assert.ts'
import { equalBytes } from '../../node/primitives/bytes.ts'
import { hashTagged, ZERO_HASH } from '../../node/primitives/hash.ts'
import type { ChainNumber, Hash } from '../../node/primitives/identifiers.ts'
import { decodeShardBlock } from '../../node/shards/block.ts'
import type { BuildRequest, VerifyRequest } from '../../node/shards/executor.ts'
import type { ValidatorEffect, ValidatorInput } from '../../node/validator/contract.ts'
import type { Validator } from '../../node/validator/validator.ts'
import type { Adversary, AdversarySeat } from './adversary.ts'
import { climbedRoot } from './merkle-climb.ts'
import { signedErrand, thiefOf, type Thief } from './thief.ts'

/** What one forged receipt brings: more than any account of a devnet has. */
export const FORGED_AMOUNT = 10n ** 24n
/** Requests of clients, and of other vices, are numbered from below. */
const REQUEST = Number.MAX_SAFE_INTEGER - 2

type Forgery = {
  readonly seat: AdversarySeat
  readonly honest: Validator
  readonly thief: Thief
}

export const forgedReceipt: Adversary = {
  name: 'forged-receipt',
  description: 'consumes receipts in its blocks that no shard has sent, and spends them',
  corrupt: (honest, seat) => {
    const thief = thiefOf(honest.beacon.head().genesisHash, ZERO_HASH)
    const self: Forgery = { seat, honest, thief }
    return {
      ...honest,
      handle: (input) => {
        const effects = [...honest.handle(told(self, input))]
        for (const shard of honest.shards.keys()) {
          // What waits already, or was thrown out meanwhile, is submitted again: it is one and the same transaction.
          if (effects.some((effect) => entersView(effect, shard)) && hasSources(self, shard)) {
            effects.push(...honest.handle(errand(self, shard, input)))
          }
        }
        return effects.flatMap((effect) => done(self, effect))
      },
    }
  },
}

function entersView(effect: ValidatorEffect, shard: ChainNumber): boolean {
  if (effect.kind !== 'report' || effect.fact.kind !== 'engine') return false
  return effect.fact.chain === shard && effect.fact.fact.kind === 'view-entered'
}

/** Receipts are forged in the name of a shard that the beacon has recorded: no other has a branch. */
function hasSources({ honest }: Forgery, shard: ChainNumber): boolean {
  return honest.beacon.head().shards.some((one) => one.shard !== shard && one.height > 0)
}

/** The thief is said to be rich already, so that its transfer may wait in the mempool. */
function told({ thief }: Forgery, input: ValidatorInput): ValidatorInput {
  if (input.kind !== 'executed' || input.response?.kind !== 'accounts') return input
  const accounts = input.response.accounts.map((account) =>
    equalBytes(account.address, thief.address) ? { ...account, balance: FORGED_AMOUNT } : account,
  )
  return { ...input, response: { ...input.response, accounts } }
}

function errand(
  { seat, thief }: Forgery,
  shard: ChainNumber,
  { now, wallMs }: ValidatorInput,
): ValidatorInput {
  const { chainIdBase, shardCount } = seat.genesis
  const amount = FORGED_AMOUNT / 2n
  const raw = signedErrand(thief, { chainIdBase, shardCount, shard, nonce: 0, amount })
  return { kind: 'submit', now, wallMs, request: REQUEST, shard, raw }
}

function done(self: Forgery, effect: ValidatorEffect): readonly ValidatorEffect[] {
  if (effect.kind === 'submitted' && effect.request === REQUEST) return []
  if (effect.kind !== 'execute') return [effect]
  const { shard, request } = effect
  if (request.kind === 'build') return [{ ...effect, request: withForgery(self, shard, request) }]
  if (request.kind === 'verify') return [{ ...effect, request: believing(shard, request) }]
  return [effect]
}

/** Not before the block can spend it as well: after a forgery that was believed, the inbox folds no more. */
function withForgery(self: Forgery, shard: ChainNumber, request: BuildRequest): BuildRequest {
  const { thief } = self
  if (!request.transactions.some(({ sender }) => equalBytes(sender, thief.address))) return request
  const honestItem = request.inbox.find(({ tailDigests }) => tailDigests.length === 0)
  if (honestItem === undefined) return request
  const item = withForgedBatch(self, shard, honestItem)
  const inbox = request.inbox.map((one) => (one === honestItem ? item : one))
  return { ...request, inbox, anchor: anchorUnder(request.anchor, shard, [item]) }
}

function withForgedBatch({ thief }: Forgery, destination: ChainNumber, item: InboxItem): InboxItem {
  const { source, leaf } = item
  const batch: ReceiptBatch = {
    source,
    destination,
    height: 1,
    startSequence: leaf.nextSequence,
    receipts: [
      {
        source,
        destination,
        sequence: leaf.nextSequence,
        kind: 'transfer',
        from: thief.address,
        to: thief.address,
        amount: FORGED_AMOUNT,
        gas: 0,
        payload: new Uint8Array(0),
        originTransaction: hashTagged('forged', thief.address),
      },
    ],
  }
  const head = foldDigest(leaf.head, batchDigest(batch))
  return {
    ...item,
    leaf: { nextSequence: leaf.nextSequence + 1, value: leaf.value + FORGED_AMOUNT, head },
    batches: [...item.batches, batch],
  }
}

/** The beacon as it would have to be for these items to be true. */
function anchorUnder(
  anchor: AnchorView,
  destination: ChainNumber,
  items: readonly InboxItem[],
): AnchorView {
  const roots = new Map(items.map((item) => [item.source, rootOf(anchor, destination, item)]))
  const shards = anchor.shards.map((record) => {
    return { ...record, outRoot: roots.get(record.shard) ?? record.outRoot }
  })
  return { ...anchor, shards }
}

function rootOf({ shards }: AnchorView, destination: ChainNumber, item: InboxItem): Hash {
  return climbedRoot({
    leafCount: shards.length + 1,
    index: destination,
    leaf: channelLeaf(destination, item.leaf),
    branch: item.branch,
  })
}

function believing(shard: ChainNumber, request: VerifyRequest): VerifyRequest {
  const decoded = decodeShardBlock(request.block)
  assert(decoded.ok, 'a block is checked to decode before it is executed')
  return { ...request, anchor: anchorUnder(request.anchor, shard, decoded.value.body.inbox) }
}
