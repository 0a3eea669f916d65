/**
 * The stages of a transaction's life, in their order, each by the code that a node runs. A unit is one transaction where
 * nothing else is said.
 */
import { decodeShardBlock, encodeShardBlock } from '../../node/shards/block.ts'
import { assert, present } from '../../node/primitives/assert.ts'
import { bigIntToBytes } from '../../node/primitives/bytes.ts'
import { hashTagged } from '../../node/primitives/hash.ts'
import { createEd25519Scheme } from '../../node/primitives/io/ed25519.ts'
import { committeeKeyFromSeed, schemeByName } from '../../node/primitives/io/schemes.ts'
import { recoverAddress } from '../../node/primitives/io/secp256k1.ts'
import { hashPairsNative } from '../../node/shards/io/hashtree.ts'
import { createMempool } from '../../node/shards/mempool.ts'
import { applyBatch, sortChanges, type StateTree } from '../../node/shards/state-tree.ts'
import { decodeTransaction, signedHash } from '../../node/shards/transaction.ts'
import { decodeNodeMessage, encodeNodeMessage } from '../../node/validator/wire.ts'
import { quorumOf } from '../../devnet/parameters.ts'
import type { Stage } from './stage.ts'
import {
  BLOCK_TRANSACTIONS,
  buildRequest,
  checkedPayments,
  prepareBuild,
  prepareVerify,
  shardConfig,
  signedPayments,
} from './small-chain.ts'

/** Seats of one committee in the sweep's S = 1 and S = 4. */
const COMMITTEES = [16, 4]
/** Accounts in the tree that a block changes. */
const STATE_LEAVES = 20_000
const VALUE_BYTES = 48

export function pureStages(): readonly Stage[] {
  const raws = signedPayments()
  const checked = checkedPayments(raws)
  return [
    ...admissionStages(raws, checked),
    ...blockStages(checked),
    rootStage(),
    ...(['ed25519', 'bls'] as const).flatMap((name) => [
      voteStage(name),
      ...COMMITTEES.map((seats) => aggregateStage(name, seats)),
    ]),
    receiptStage(),
  ]
}

type Checked = ReturnType<typeof checkedPayments>

function admissionStages(raws: readonly Uint8Array[], checked: Checked): readonly Stage[] {
  const decoded = raws.map((raw) => {
    const transaction = decodeTransaction(raw)
    assert(transaction.ok, 'what was signed decodes')
    return transaction.value
  })
  const unitsPerCall = raws.length
  const unit = 'transaction'
  return [
    {
      name: 'decode',
      unit,
      unitsPerCall,
      prepare: () => () => raws.forEach((raw) => void decodeTransaction(raw)),
    },
    {
      name: 'recover',
      unit,
      unitsPerCall,
      prepare: () => () => {
        for (const one of decoded) recoverAddress(signedHash(one), one.signature, one.yParity)
      },
    },
    { name: 'admit', unit, unitsPerCall, prepare: () => prepareAdmission(checked) },
    {
      name: 'gossip',
      unit: 'transaction, encoded and decoded',
      unitsPerCall,
      prepare: () => () => carry(raws),
    },
  ]
}

function prepareAdmission(checked: Checked): () => void {
  const mempool = createMempool({ rules: shardConfig(1) })
  return () => {
    for (const one of checked) {
      const account = { address: one.sender, nonce: 0, balance: 10n ** 27n }
      const result = mempool.admit({ checked: one, account, congested: () => false })
      assert(result.ok, 'a good payment is admitted')
    }
  }
}

function carry(raws: readonly Uint8Array[]): void {
  const bytes = encodeNodeMessage({ kind: 'transactions', shard: 1, raws })
  const context = { seatCountOf: () => 4, decodeBlock: () => undefined, signatureBytesMax: 96 }
  assert(decodeNodeMessage(bytes, context).ok, 'what was encoded decodes')
}

function blockStages(checked: Checked): readonly Stage[] {
  const request = buildRequest(1, { transactions: checked })
  const built = prepareBuild(1, request)()
  const block = decodeShardBlock(built.block)
  assert(block.ok, 'what was built decodes')
  const unitsPerCall = built.outcome.transactionHashes.length
  assert(unitsPerCall === BLOCK_TRANSACTIONS, 'all payments fit the block')
  const unit = 'transaction, in a block of 500'
  const { header, bodyBytes } = encodedParts(block.value, built.block)
  return [
    { name: 'build', unit, unitsPerCall, prepare: () => buildOnce(request) },
    { name: 'execute', unit, unitsPerCall, prepare: () => prepareVerify(1, request, built) },
    {
      name: 'encode',
      unit,
      unitsPerCall,
      prepare: () => () => {
        const bytes = encodeShardBlock(header, bodyBytes)
        assert(decodeShardBlock(bytes).ok, 'what was encoded decodes')
      },
    },
  ]
}

type DecodedBlock = Extract<ReturnType<typeof decodeShardBlock>, { readonly ok: true }>['value']

/** The body's own bytes stand at the end of the block's. */
function encodedParts({ header }: DecodedBlock, bytes: Uint8Array) {
  const emptyBody = encodeShardBlock(header, new Uint8Array(0))
  const bodyBytes = bytes.slice(emptyBody.length)
  return { header, bodyBytes }
}

function buildOnce(request: ReturnType<typeof buildRequest>): () => void {
  const build = prepareBuild(1, request)
  return () => void build()
}

/** A block changes two accounts per payment. */
function rootStage(): Stage {
  const leaf = (index: number, version: number) => ({
    path: hashTagged('micro leaf', bigIntToBytes(BigInt(index), 8)),
    value: new Uint8Array(VALUE_BYTES).fill(version),
  })
  const all = Array.from({ length: STATE_LEAVES }, (_, index) => leaf(index, 1))
  const tree: StateTree = applyBatch(undefined, sortChanges(all), hashPairsNative)
  const changed = Array.from({ length: 2 * BLOCK_TRANSACTIONS }, (_, index) => leaf(index * 7, 2))
  const changes = sortChanges(changed)
  return {
    name: 'root',
    unit: 'transaction: two accounts of 20,000',
    unitsPerCall: BLOCK_TRANSACTIONS,
    prepare: () => () => void applyBatch(tree, changes, hashPairsNative),
  }
}

type SchemeName = 'ed25519' | 'bls'

const VOTE_MESSAGE = hashTagged('micro vote')

function keyOf(name: SchemeName, seat: number): ReturnType<typeof committeeKeyFromSeed> {
  return committeeKeyFromSeed(name, hashTagged('micro key', Uint8Array.of(seat)))
}

function voteStage(name: SchemeName): Stage {
  const scheme = schemeByName(name)
  const { secretKey } = keyOf(name, 0)
  return {
    name: `vote ${name}`,
    unit: 'vote, signed',
    unitsPerCall: 1,
    prepare: () => () => void scheme.sign(secretKey, VOTE_MESSAGE),
  }
}

function aggregateStage(name: SchemeName, seats: number): Stage {
  // A node remembers which signatures are good; here each is checked again.
  const scheme = name === 'ed25519' ? createEd25519Scheme() : schemeByName(name)
  const keys = Array.from({ length: quorumOf(seats) }, (_, seat) => keyOf(name, seat))
  const signatures = keys.map(({ secretKey }) => scheme.sign(secretKey, VOTE_MESSAGE))
  const aggregate = present(scheme.aggregate(signatures), 'good signatures aggregate')
  const publicKeys = keys.map(({ publicKey }) => publicKey)
  return {
    name: `aggregate ${name}, ${seats} seats`,
    unit: 'certificate, made and checked',
    unitsPerCall: 1,
    prepare: () => () => {
      assert(scheme.aggregate(signatures) !== undefined, 'good signatures aggregate')
      assert(scheme.verifyAggregate(publicKeys, VOTE_MESSAGE, aggregate), 'a quorum verifies')
    },
  }
}

/** The other half of a payment between shards. */
function receiptStage(): Stage {
  const transactions = checkedPayments(signedPayments(2))
  const source = prepareBuild(1, buildRequest(1, { transactions }))()
  const request = buildRequest(2, { source: source.outcome })
  const receipts = prepareBuild(2, request)().outcome.consumed.length
  assert(receipts > 0, 'the other shard consumes')
  return {
    name: 'receipt',
    unit: 'receipt, consumed',
    unitsPerCall: receipts,
    prepare: () => {
      const build = prepareBuild(2, request)
      return () => void build()
    },
  }
}
