/** Planted bugs between the chains: anchors, crosslinks, what a node tells and what it asks for. */
import { patch, type PlantedBug } from './planted-bug.ts'

const BEACON = 'node/validator/beacon-chain.ts'
const INCLUSION = 'node/beacon/inclusion.ts'

export const BEACON_BUGS: readonly PlantedBug[] = [
  {
    name: 'anchor-not-final',
    rule: 'C.2',
    patches: [
      patch(
        BEACON,
        'headAnchor: () => self.headAnchor,',
        'headAnchor: () => anchorViewOf(newest(self)),',
      ),
      patch(
        BEACON,
        'function anchorOf({ anchors, genesisAnchor }: Beacon, key: string): AnchorView | undefined {',
        `function anchorOf({ anchors, genesisAnchor, verified }: Beacon, key: string): AnchorView | undefined {
  const seen = verified.get(key)
  if (seen !== undefined) return anchorViewOf(seen.state)`,
      ),
    ],
    scene: 'losses',
  },
  {
    name: 'anchor-may-go-back',
    rule: 'C.2',
    patches: [
      patch(
        'node/shards/block-execution.ts',
        'if (anchor.beaconHeight < parent.anchorHeight)',
        'if (anchor.beaconHeight < 0)',
      ),
    ],
    scene: 'vice: stale-anchor',
  },
  {
    name: 'value-not-counted',
    rule: 'C.3',
    patches: [patch(INCLUSION, 'if (sent > given)', 'if (sent < 0n)')],
    scene: 'captured: forged-receipt',
  },
  {
    name: 'neighbour-slashed',
    rule: 'B.6',
    patches: [
      patch(
        'node/beacon/slashing.ts',
        '{ offender: accusation.validator, reporter }',
        '{ offender: accusation.validator === 0 ? 1 : 0, reporter }',
      ),
    ],
    scene: 'vice: equivocator',
  },
  {
    name: 'burnt-stake-not-counted',
    rule: 'B.6',
    patches: [patch('node/beacon/slashing.ts', '    burnt += due\n', '')],
    scene: 'vice: equivocator',
  },
  {
    name: 'skipping-accepted',
    rule: 'C.5',
    patches: [
      patch(
        'node/validator/shard-acceptance.ts',
        ' && !skipsHeld(parts, block)',
        ' && skipsHeld !== undefined',
      ),
    ],
    scene: 'passers',
  },
  {
    name: 'time-ahead-of-the-clock',
    rule: 'R4',
    patches: [
      patch(
        'node/validator/shard-acceptance.ts',
        'early <= CLOCK_DRIFT_MAX_MS',
        'early <= Infinity',
      ),
    ],
    scene: 'vice: future-stamper',
  },
  {
    name: 'crosslink-signature-unchecked',
    rule: 'C.3',
    patches: [
      patch(
        'node/validator/crosslink-candidates.ts',
        '    if (answer?.ok !== true) return\n',
        '    void answer\n',
      ),
      patch(
        BEACON,
        'const isSigned = answers.slice(0, demands.length).every(({ ok }) => ok)',
        'const isSigned = answers.length >= 0',
      ),
    ],
    scene: 'vice: forged-crosslink',
  },
  {
    name: 'crosslink-replayed',
    rule: 'C.3',
    patches: [
      patch(
        INCLUSION,
        `    checkPlace(record, crosslink) ??
    checkEpoch(state, record, crosslink) ??
    checkCertificate(state, crosslink, hash) ??
    checkTipAnchor(state, record, crosslink) ??
    checkCursors(state, record, crosslink) ??
    checkDescent(record, crosslink, hash) ??
    checkChannels(state, crosslink)`,
        `    checkEpoch(state, record, crosslink) ??
    checkCertificate(state, crosslink, hash) ??
    checkChannels(state, crosslink)`,
      ),
      // And whatever came last is taken, as the newest.
      patch(
        'node/validator/crosslink-candidates.ts',
        'known.tip.height < tip.height ||',
        'known.tip.height !== tip.height ||',
      ),
    ],
    scene: 'vice: stale-crosslink',
  },
  {
    name: 'crosslink-checked-with-the-wrong-committee',
    rule: 'C.3',
    patches: [
      patch(
        'node/beacon/transition.ts',
        '  const keys = committeeKeys(state, shard, plan)\n',
        '  const keys = committeeKeys(state, BEACON_CHAIN, plan)\n',
      ),
    ],
    scene: 'calm',
  },
  {
    name: 'recorded-head-of-the-wrong-block',
    rule: 'B.1',
    patches: [
      patch(
        INCLUSION,
        '    hash,\n    timestampMs: tip.timestampMs,',
        '    hash: tip.parentHash,\n    timestampMs: tip.timestampMs,',
      ),
    ],
    scene: 'calm',
  },
  {
    name: 'receipts-not-pulled',
    rule: 'C.5',
    patches: [
      patch(
        'node/validator/inbox-feed.ts',
        '  if (context.now() < source.nextPullAt) return\n',
        '  if (context.now() >= 0) return\n',
      ),
    ],
    scene: 'lost-pushes',
  },
  {
    name: 'final-block-not-written-down',
    rule: 'A.5',
    patches: [
      patch(
        'node/validator/chain.ts',
        `  context.emit({ kind: 'write', write: { kind: 'put', table: 'final', key, value }, sync: true })\n`,
        '',
      ),
    ],
    scene: 'restarts',
  },
  {
    name: 'results-not-written-before-the-state',
    rule: 'A.5',
    patches: [
      patch(
        'node/validator/shard-records.ts',
        `    put('batch', key, encodeReceiptBatch(batch))\n`,
        '',
      ),
    ],
    scene: 'lost-pushes',
  },
]
