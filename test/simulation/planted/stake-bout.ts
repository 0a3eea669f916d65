/**
 * A bout of stake (B.9, B.10, C.9): a deposit without proof, a good one and one more for the same validator; when it is active it
 * leaves, and its stake comes back.
 */
import { beaconStateRoot } from '../../../node/beacon/state-root.ts'
import { equalBytes } from '../../../node/primitives/bytes.ts'
import {
  call,
  depositFor,
  headOf,
  leave,
  newcomer,
  NODES,
  openStaking,
  STAKE,
  waitFor,
} from '../sharded/staking.ts'
import type { Trial } from '../sharded/trial.ts'
import type { BoutEnd } from './bout.ts'

const SOON_MS = 60_000
/** Some epochs of an idle network. */
const EPOCHS_MS = 400_000

export function runStakeBout(seed: number): BoutEnd {
  const trial = openStaking(seed)
  const { world, court } = trial
  let verdict: string | undefined
  try {
    verdict = fight(trial) ?? court.violation() ?? court.receipts.finish()
  } catch (error) {
    verdict = `thrown at ${world.now()} ms: ${String(error)}`
  }
  return { verdict, virtualMs: world.now() }
}

function fight(trial: Trial): string | undefined {
  const { court } = trial
  const send = (nonce: number, data: Uint8Array, value: bigint): string =>
    call(trial, { shard: 1, account: 0, nonce, data, value })
  send(0, depositFor(trial, NODES, false), STAKE)
  if (!waitFor(trial, () => (headOf(trial).incoming[1]?.nextSequence ?? 0) > 0, SOON_MS))
    return court.violation() ?? 'stuck: the beacon takes no deposit'
  if (newcomer(trial) !== undefined) return 'somebody without proof has joined'
  send(1, depositFor(trial, NODES), STAKE)
  send(2, depositFor(trial, NODES), 5n)
  if (!waitFor(trial, () => newcomer(trial)?.stake === STAKE + 5n, SOON_MS))
    return court.violation() ?? 'stuck: the beacon takes no good deposit'
  if (!bindsCursors(trial)) return 'the state root does not say what was consumed'
  if (!waitFor(trial, () => newcomer(trial)?.status === 'active', EPOCHS_MS))
    return court.violation() ?? 'stuck: who was pending never became active'
  leave(trial)
  if (!waitFor(trial, () => newcomer(trial)?.stake === 0n, EPOCHS_MS))
    return court.violation() ?? 'stuck: a stake never came back'
  waitFor(trial, () => court.receipts.finish() === undefined, SOON_MS)
  return undefined
}

/** C.9: two states that differ in what was consumed have two roots. */
function bindsCursors(trial: Trial): boolean {
  const state = headOf(trial)
  const rewound = {
    ...state,
    incoming: state.incoming.map((channel) => ({ ...channel, nextSequence: 0 })),
  }
  return !equalBytes(beaconStateRoot(state), beaconStateRoot(rewound))
}
