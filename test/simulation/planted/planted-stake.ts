/** Planted bugs of stake that comes and goes (docs/protocol/beacon.md B.9, B.10, B.13; crosslinks.md C.9). */
import { patch, type PlantedBug } from './planted-bug.ts'

const scene = 'stake'

export const STAKE_BUGS: readonly PlantedBug[] = [
  {
    name: 'deposit-credited-twice',
    rule: 'C.9',
    patches: [
      patch(
        'node/beacon/beacon-inbox.ts',
        '    incoming[item.source] = entered.value.cursor\n',
        '',
      ),
    ],
    scene,
  },
  {
    name: 'beacon-cursors-not-under-the-root',
    rule: 'C.9',
    patches: [
      patch(
        'node/beacon/state-root.ts',
        "hashTagged('channels', outRootOf(incoming), outRootOf(outgoing))",
        "hashTagged('channels', outRootOf(outgoing), Uint8Array.of(incoming.length))",
      ),
    ],
    scene,
  },
  {
    name: 'possession-unchecked',
    rule: 'B.9',
    patches: [
      patch(
        'node/validator/beacon-intake.ts',
        'answers.every(({ ok }) => ok)',
        'answers.length > 0',
      ),
      patch('node/beacon/possession.ts', 'own.every(({ ok }) => ok) === isProved', 'isProved'),
    ],
    scene,
  },
  {
    name: 'stake-back-before-it-is-free',
    rule: 'B.10',
    patches: [
      patch(
        'node/beacon/leaving.ts',
        'if (stake === 0n || withdrawableEpoch > state.epoch)',
        'if (stake === 0n || validator.exitEpoch > state.epoch || withdrawableEpoch < 0)',
      ),
    ],
    scene,
  },
  {
    name: 'signs-of-life-not-counted',
    rule: 'B.13',
    patches: [
      patch(
        'node/beacon/inactivity.ts',
        'if (present.has(index)) return 0',
        'if (present.has(index) && epochs < 0) return 0',
      ),
    ],
    scene: 'silent',
  },
]
