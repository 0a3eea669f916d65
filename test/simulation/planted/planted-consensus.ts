/** Planted bugs of agreement: quorums, votes, journals, timers, certificates. */
import { patch, type PlantedBug } from './planted-bug.ts'

const CERTIFICATE = 'node/crosslink/certificate.ts'
const PRESENCE = 'node/consensus/presence.ts'
const TALLY = 'node/consensus/tally.ts'
const VOTING = 'node/consensus/voting.ts'

export const CONSENSUS_BUGS: readonly PlantedBug[] = [
  {
    name: 'quorum-off-by-one',
    rule: 'A.2',
    patches: [
      patch(
        'node/consensus/rules.ts',
        'seatCount - Math.floor((seatCount - 1) / 3),',
        'seatCount - Math.floor((seatCount - 1) / 3) - 1,',
      ),
    ],
    scene: 'calm',
  },
  {
    name: 'signing-root-without-chain',
    rule: 'A.3',
    patches: [
      patch(
        CERTIFICATE,
        '    .u32(domain.chain)\n    .u64(domain.epoch)',
        '    .u64(domain.epoch)',
      ),
    ],
    scene: 'restarts',
  },
  {
    name: 'signing-root-without-kind',
    rule: 'A.3',
    patches: [
      patch(
        CERTIFICATE,
        '.u8(VOTE_KIND_BYTE[kind])\n    .fixed(domain',
        '.u8(0)\n    .fixed(domain',
      ),
    ],
    scene: 'calm',
  },
  {
    name: 'duplicate-signer-counted-twice',
    rule: 'A.9',
    patches: [
      patch(
        TALLY,
        'pile === undefined || pile.verified.has(vote.seat) || pile',
        'pile === undefined || pile',
      ),
      patch(
        CERTIFICATE,
        `    assert(((bitmap[index] ?? 0) & bit) === 0, 'no seat signs twice')\n`,
        '',
      ),
    ],
    scene: 'vice: twice-voter',
  },
  {
    name: 'bad-vote-spoils-its-pile',
    rule: 'A.9',
    patches: [
      patch(TALLY, '    searchOffenders(state, pile, task.votes)\n    return', '    return'),
    ],
    scene: 'vice: bad-signer',
  },
  {
    name: 'certificate-believed-unchecked',
    rule: 'A.9',
    patches: [
      patch(
        'node/consensus/certificates.ts',
        '  countCandidate(state, candidate, -1)\n  if (ok) {',
        '  countCandidate(state, candidate, -1)\n  if (ok || true) {',
      ),
    ],
    scene: 'committee: forger',
  },
  {
    name: 'own-votes-forgotten-at-restart',
    rule: 'A.10.2',
    patches: [
      patch(
        'node/validator/chain.ts',
        'self.journal.restore(restore?.journal ?? [])',
        `self.journal.restore(restore?.journal ?? []).filter((record) => record.kind !== 'vote')`,
      ),
    ],
    scene: 'blackouts',
  },
  {
    name: 'vote-before-execution',
    rule: 'R4',
    patches: [
      patch(
        'node/consensus/following.ts',
        `if (held?.validity === 'valid') castNotarize`,
        `if (held !== undefined) castNotarize`,
      ),
      patch(
        VOTING,
        `assert(body?.validity === 'valid', 'a block`,
        `assert(body !== undefined, 'a block`,
      ),
    ],
    scene: 'vice: wrong-state-root',
  },
  {
    name: 'block-not-stored-with-the-vote',
    rule: 'R5',
    patches: [patch(VOTING, '  if (body !== undefined) storeBlock(state, body)\n', '')],
    scene: 'blackouts',
  },
  {
    name: 'timer-of-the-last-view-not-cancelled',
    rule: 'R1',
    patches: [
      patch(
        'node/consensus/timing.ts',
        `  state.clock = createClock(state.now, from)
  armLeaderTimeout(state)`,
        `  const { leaderAt } = state.clock
  state.clock = createClock(state.now, from)
  armLeaderTimeout(state)
  state.clock.leaderAt = Math.min(state.clock.leaderAt, Math.max(leaderAt, state.now + 1))`,
      ),
    ],
    scene: 'calm',
  },
  {
    name: 'away-for-ever',
    rule: 'R17',
    patches: [
      patch(PRESENCE, '  else state.away.delete(seat)\n', ''),
      patch(PRESENCE, 'seat: Seat): void {\n  state.away.delete(seat)\n', 'seat: Seat): void {\n'),
    ],
    scene: 'restarted',
  },
  {
    name: 'far-votes-kept-for-ever',
    rule: 'A.4',
    patches: [
      patch(
        'node/consensus/state.ts',
        'return view >= lowestLiveView(state) && view <= state.view + VIEW_WINDOW',
        'return view >= lowestLiveView(state)',
      ),
    ],
    scene: 'vice: far-voter',
  },
  {
    name: 'missing-block-asked-of-one-holder-only',
    rule: 'A.11',
    patches: [
      patch(
        'node/consensus/catch-up.ts',
        'return holders[(state.config.seat + 1 + attempt) % holders.length]',
        'return holders[0]',
      ),
    ],
    scene: 'vice: body-withholder',
  },
]
