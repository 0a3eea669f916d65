/** Adversaries by name, as plans, scenario files and commands name them. */
import type { Adversary } from './adversary.ts'
import { bodyWithholder } from './body-withholder.ts'
import { equivocator } from './equivocator.ts'
import { forgedCrosslink } from './forged-crosslink.ts'
import { forgedReceipt } from './forged-receipt.ts'
import { falseAccuser } from './false-accuser.ts'
import { forker } from './forker.ts'
import { garbageSender } from './garbage-sender.ts'
import { inboxSkipper } from './inbox-skipper.ts'
import { lateProposer } from './late-proposer.ts'
import { nullifyAndFinalize } from './nullify-and-finalize.ts'
import { overspender } from './overspender.ts'
import { replayedReceipt } from './replayed-receipt.ts'
import { selectiveSender } from './selective-sender.ts'
import { silentLeader } from './silent-leader.ts'
import { spammer } from './spammer.ts'
import { staleCrosslink } from './stale-crosslink.ts'
import { voteForEverything } from './vote-for-everything.ts'
import { wrongChunk } from './wrong-chunk.ts'
import { wrongEpochVoter } from './wrong-epoch-voter.ts'
import { wrongStateRoot } from './wrong-state-root.ts'

const ADVERSARIES: readonly Adversary[] = [
  equivocator,
  silentLeader,
  bodyWithholder,
  selectiveSender,
  lateProposer,
  wrongStateRoot,
  overspender,
  forgedReceipt,
  replayedReceipt,
  forgedCrosslink,
  staleCrosslink,
  voteForEverything,
  nullifyAndFinalize,
  wrongEpochVoter,
  garbageSender,
  spammer,
  inboxSkipper,
  wrongChunk,
  forker,
  falseAccuser,
]

export const ADVERSARY_NAMES: readonly string[] = ADVERSARIES.map(({ name }) => name)

/** undefined: there is no such vice. */
export function adversaryNamed(name: string): Adversary | undefined {
  return ADVERSARIES.find((adversary) => adversary.name === name)
}
