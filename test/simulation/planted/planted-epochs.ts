/** Planted bugs of the way from one epoch into the next, and of shards that end (docs/protocol/beacon.md B.4, B.5, B.7, B.8; consensus.md R13). */
import { patch, type PlantedBug } from './planted-bug.ts'

const TAKE_BACK = 'node/validator/take-back.ts'
const FORCED_HANDOVER = 'node/validator/forced-handover.ts'
const EPOCH_CHAIN = 'node/validator/epoch-chain.ts'

export const EPOCH_BUGS: readonly PlantedBug[] = [
  {
    name: 'laggards-of-a-past-epoch-not-answered',
    rule: 'R13',
    patches: [patch(EPOCH_CHAIN, 'if (!talk.mayAnswer(peer, message)) return\n', 'return\n')],
    scene: 'epochs: restarts',
  },
  {
    name: 'start-of-an-epoch-not-written-down',
    rule: 'B.4',
    patches: [
      patch(EPOCH_CHAIN, '  writeStart(self, { epoch, block, sealedEpoch: run.epoch })\n', ''),
    ],
    scene: 'epochs: restarts',
  },
  {
    name: 'sealing-block-does-not-say-so',
    rule: 'B.5',
    patches: [
      patch(
        'node/validator/shard-building.ts',
        'sealing: chosen.anchor.epoch > epoch',
        'sealing: false',
      ),
    ],
    scene: 'epochs',
  },
  {
    name: 'committee-of-the-wrong-epoch-after-a-seal',
    rule: 'B.5',
    patches: [
      patch(
        'node/validator/place.ts',
        '  const plan = plans.of(epoch)\n  if (plan === undefined) return undefined\n',
        '  const plan = plans.of(chain === 0 || epoch === 0 ? epoch : epoch - 1)\n  if (plan === undefined) return undefined\n',
      ),
    ],
    scene: 'epochs',
  },
  {
    name: 'sealing-block-not-proposed-again',
    rule: 'R2',
    patches: [
      patch(
        'node/consensus/proposing.ts',
        'if (parent?.sealing === true) {',
        'if (parent?.sealing === true && state.view < 0) {',
      ),
    ],
    scene: 'epochs: losses',
  },
  {
    name: 'old-plan-forgotten-too-early',
    rule: 'B.4',
    patches: [
      patch(
        'node/beacon/epoch-turn.ts',
        'if (plan.epoch >= epochAfter(state.epochRules, oldestAnchor)) return true',
        'if (plan.epoch >= epochAfter(state.epochRules, oldestAnchor)) return false',
      ),
    ],
    scene: 'epochs: restarts',
  },
  {
    name: 'own-branch-kept',
    rule: 'C.7',
    patches: [
      patch(
        'node/validator/reorganisation.ts',
        'if (equalBytes(own.hash, hash)) self.agreed = hash',
        'if (own.height > 0) self.agreed = hash',
      ),
    ],
    scene: 'forked',
  },
  {
    name: 'whoever-signed-one-is-convicted',
    rule: 'B.12',
    patches: [
      patch(
        'node/crosslink/certificate-conflict.ts',
        'signers.filter((seat) => others.includes(seat))',
        '[...new Set([...signers, ...others])]',
      ),
    ],
    scene: 'forked',
  },
  {
    name: 'orphaned-state-kept',
    rule: 'B.8',
    patches: [patch(TAKE_BACK, "{ kind: 'rewind', header }", "{ kind: 'status' }")],
    scene: 'forced',
  },
  {
    name: 'orphans-stay-final-on-disk',
    rule: 'B.8',
    patches: [
      patch(
        FORCED_HANDOVER,
        'of reached.orphans.records)',
        'of [] as typeof reached.orphans.records)',
      ),
    ],
    scene: 'forced',
  },
  {
    name: 'moved-balance-stays-as-well',
    rule: 'B.7',
    patches: [patch('node/shards/evacuation.ts', '  debit(state, address, amount)\n', '')],
    scene: 'retire',
  },
  {
    name: 'opened-shard-begins-in-epoch-0',
    rule: 'B.7',
    patches: [patch('node/shards/genesis-state.ts', 'epoch: config.openedEpoch ?? 0', 'epoch: 0')],
    scene: 'open',
  },
  {
    name: 'opened-shard-thought-to-have-spoken',
    rule: 'B.7',
    patches: [
      patch(
        'node/validator/restore-check.ts',
        'lastCrosslinkHeight > openedHeight',
        'lastCrosslinkHeight > 0',
      ),
    ],
    scene: 'open',
  },
  {
    name: 'shard-opened-where-its-seats-are-drawn',
    rule: 'B.7',
    patches: [
      patch(
        'node/beacon/epoch-turn.ts',
        'if (state.committees.length <= shard) return state',
        'if ((planOf(state, state.epoch + 1)?.committees.length ?? 0) <= shard) return state',
      ),
    ],
    scene: 'open',
  },
  {
    name: 'first-epoch-of-an-opened-shard-not-written-down',
    rule: 'B.7',
    patches: [patch(EPOCH_CHAIN, '} else if (firstEpoch > 0) {', '} else if (firstEpoch > 1e9) {')],
    scene: 'open',
  },
  {
    name: 'end-of-the-epoch-not-asked-for',
    rule: 'B.15',
    patches: [
      patch(
        'node/validator/inquiry.ts',
        'if (options.isFollower() && member !== undefined)',
        'if (options.isFollower() && member === -1)',
      ),
    ],
    scene: 'sampled',
  },
  {
    name: 'beacon-seated-by-another-epochs-draw',
    rule: 'B.15',
    patches: [
      patch(
        'node/validator/place.ts',
        "  const committee = present(plan.committees[chain], 'every chain has a committee')\n  const validators",
        "  const seated = chain === BEACON_CHAIN ? (plans.of(epoch + 1) ?? plan) : plan\n  const committee = present(seated.committees[chain], 'every chain has a committee')\n  const validators",
      ),
    ],
    scene: 'sampled',
  },
]
