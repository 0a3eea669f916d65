/**
 * Proofs of possession of those who join (docs/protocol/beacon.md B.9): which signatures a block that consumes deposits rests
 * on. A block says of every deposit whether its proof holds; each claim is checked by whoever votes for the block.
 */
import type { Receipt } from '../crosslink/receipt.ts'
import { decodeRegistration, registrationRoot } from '../crosslink/registration.ts'
import type { Hash } from '../primitives/identifiers.ts'
import { KEY_PAIR_SIZE, keyFor } from '../primitives/key-use.ts'
import { isDeposit, takeIn, type BeaconItem } from './beacon-inbox.ts'
import type { SignatureDemand } from './signature-demand.ts'
import type { BeaconState } from './state.ts'

/** Of an Ed25519 signature: the first of a possession of two keys. */
const LIST_SIGNATURE_SIZE = 64

/** One claim of a block: that all of these signatures verify, or that one at least does not. */
export type PossessionClaim = {
  readonly demands: readonly SignatureDemand[]
  readonly isProved: boolean
}

/** None of items that no block may hold. */
export function possessionClaims(
  state: BeaconState,
  items: readonly BeaconItem[],
): readonly PossessionClaim[] {
  const taken = takeIn(state, items)
  if (!taken.ok) return []
  return taken.value.receipts
    .filter(({ receipt }) => isDeposit(receipt))
    .map(({ receipt, isUnproved }) => ({
      demands: possessionDemands(state.genesisHash, receipt),
      isProved: !isUnproved,
    }))
}

/** None of a registration that cannot be read: that one is refused whatever anybody claims of it. */
export function possessionDemands(
  genesisHash: Hash,
  { payload }: Pick<Receipt, 'payload'>,
): readonly SignatureDemand[] {
  const decoded = decodeRegistration(payload)
  if (!decoded.ok) return []
  const { publicKey, possession } = decoded.value
  const message = registrationRoot(genesisHash, decoded.value)
  const demand = (key: Uint8Array, signature: Uint8Array): SignatureDemand => ({
    publicKeys: [key],
    message,
    signatures: [signature],
    mode: 'single',
  })
  if (publicKey.length !== KEY_PAIR_SIZE) return [demand(publicKey, possession)]
  return [
    demand(keyFor(publicKey, 'list'), possession.subarray(0, LIST_SIGNATURE_SIZE)),
    demand(keyFor(publicKey, 'aggregate'), possession.subarray(LIST_SIGNATURE_SIZE)),
  ]
}

/** Whether the answers, in the order of the claims' demands, bear all claims out. */
export function areClaimsTrue(
  claims: readonly PossessionClaim[],
  answers: readonly { readonly ok: boolean }[],
): boolean {
  let at = 0
  return claims.every(({ demands, isProved }) => {
    const own = answers.slice(at, at + demands.length)
    at += demands.length
    return own.length === demands.length && own.every(({ ok }) => ok) === isProved
  })
}
