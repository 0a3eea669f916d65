/** Planted bugs of execution: money, nonces, receipts, channels, mempools. */
import { patch, type PlantedBug } from './planted-bug.ts'

const APPLY = 'node/shards/apply-transaction.ts'
const INBOX = 'node/shards/inbox-execution.ts'
const CHANNEL_STATE = 'node/shards/channel-state.ts'
const VERIFICATION = 'node/shards/block-verification.ts'

export const SHARD_BUGS: readonly PlantedBug[] = [
  {
    name: 'base-fee-not-burnt',
    rule: 'Fees',
    patches: [
      patch(
        APPLY,
        'run.tips += gas * (fee.price - run.baseFeePerGas)',
        'run.tips += gas * fee.price',
      ),
    ],
    scene: 'calm',
  },
  {
    name: 'tip-paid-twice',
    rule: 'Fees',
    patches: [
      patch(
        'node/shards/block-execution.ts',
        '  if (!credit(state, frame.beneficiary, run.tips))',
        '  credit(state, frame.beneficiary, run.tips)\n  if (!credit(state, frame.beneficiary, run.tips))',
      ),
    ],
    scene: 'calm',
  },
  {
    name: 'value-sent-and-kept',
    rule: 'C.4',
    patches: [patch(APPLY, '  debit(run.state, call.sender, call.value)\n', '')],
    scene: 'calm',
  },
  {
    name: 'nonce-not-used-up',
    rule: 'Transactions',
    patches: [patch(APPLY, '  advanceNonce(run.state, sender)\n', '')],
    scene: 'calm',
  },
  {
    name: 'nonce-not-checked',
    rule: 'Transactions',
    patches: [patch(APPLY, 'if (nonce < account.nonce) return', 'if (nonce < 0) return')],
    scene: 'vice: transaction-replayer',
  },
  {
    name: 'transaction-of-another-shard-accepted',
    rule: 'Transactions',
    patches: [
      patch(
        'node/shards/mempool-admission.ts',
        'if (chainId !== rules.chainId) {',
        'if (chainId < rules.chainIdBase) {',
      ),
      patch(
        APPLY,
        'if (transaction.chainId !== run.config.chainId) {',
        'if (transaction.chainId < run.config.chainIdBase) {',
      ),
    ],
    scene: 'copied-transactions',
  },
  {
    name: 'cursor-not-moved',
    rule: 'C.5',
    patches: [
      patch(
        INBOX,
        'const channel = { cursor, drainedRoot',
        'const channel = { cursor: incomingOf(before, item.source).cursor, drainedRoot',
      ),
    ],
    scene: 'calm',
  },
  {
    name: 'cursor-not-in-the-state-root',
    rule: 'C.5',
    patches: [
      patch(
        CHANNEL_STATE,
        'writeRecord(state, incomingKey(chain), encodeIncoming(incoming))',
        'void incoming',
      ),
    ],
    scene: 'calm',
  },
  {
    name: 'bounce-paid-twice',
    rule: 'C.5',
    patches: [
      patch(
        INBOX,
        'if (canReceive(from) && credit(state, from, amount)) return',
        'if (canReceive(from) && credit(state, from, amount) && credit(state, from, amount)) return',
      ),
    ],
    scene: 'calm',
  },
  {
    name: 'bounce-loses-a-wei',
    rule: 'C.5',
    patches: [
      patch(
        INBOX,
        '    amount: receipt.amount,\n    gas: 0,',
        '    amount: receipt.amount - 1n,\n    gas: 0,',
      ),
    ],
    scene: 'calm',
  },
  {
    name: 'inbox-never-due',
    rule: 'C.5',
    patches: [
      patch(
        INBOX,
        '!isDrained(incomingOf(run.before, source)',
        'source < 0 && !isDrained(incomingOf(run.before, source)',
      ),
    ],
    scene: 'calm',
  },
  {
    name: 'receipt-proof-not-checked',
    rule: 'C.5',
    patches: [
      patch(
        'node/crosslink/inbox.ts',
        '  if (!proved) return',
        '  if (!proved && item.source < 0) return',
      ),
    ],
    scene: 'vice: unproved-receipt',
  },
  {
    name: 'batches-not-folded-to-the-leaf',
    rule: 'C.5',
    patches: [
      patch(
        'node/crosslink/inbox.ts',
        'return equalBytes(head, leaf.head)\n',
        'return head.length === leaf.head.length\n',
      ),
    ],
    scene: 'vice: inflated-receipt',
  },
  {
    name: 'window-ignored',
    rule: 'C.6',
    patches: [
      patch(
        'node/shards/flow-control.ts',
        'return Math.max(0, windowTo(limits, destination) + BASE_GRANT_UNITS - inFlight)',
        'return windowTo(limits, destination) + BASE_GRANT_UNITS + 0 * inFlight',
      ),
    ],
    scene: 'stalled-shard',
  },
  {
    name: 'waiting-receipt-dropped',
    rule: 'C.6',
    patches: [
      patch(
        'node/shards/outbox.ts',
        'if (receipt.sequence < nextSequence) continue',
        'if (receipt.sequence >= 0) continue',
      ),
    ],
    scene: 'stalled-shard',
  },
  {
    name: 'state-root-not-compared',
    rule: 'R4',
    patches: [
      patch(
        VERIFICATION,
        'if (equalBytes(executed.outcome.hash, block.hash)) return',
        'if (executed.outcome.hash.length === block.hash.length) return',
      ),
    ],
    scene: 'vice: wrong-state-root',
  },
  {
    name: 'final-state-read-before-it-is-final',
    rule: 'R8',
    patches: [
      patch(
        'node/shards/execution.ts',
        `  if (selector.kind === 'finalized') return { height: head.point.height, tree: head.tree }\n`,
        '',
      ),
    ],
    scene: 'calm',
  },
  {
    name: 'root-of-a-chunk-not-compared',
    rule: 'S.3',
    patches: [
      patch(
        'node/shards/snapshot-proof.ts',
        "  if (!equalBytes(hash, root)) return rejected('invalid-chunk', 'the chunk gives another root')\n",
        '',
      ),
    ],
    scene: 'wrong chunks',
  },
]
