/**
 * The witness: writes down every vote that a node signed or heard, one JSON line each, at once and past any buffer of ours,
 * so that the lines outlive a killed process. Whether somebody contradicts himself is for `contradiction.ts` to say.
 */
import { closeSync, openSync, writeSync } from 'node:fs'
import { signingRoot } from '../../node/crosslink/certificate.ts'
import type { UnsignedVote } from '../../node/consensus/vote.ts'
import { toHex } from '../../node/primitives/bytes.ts'
import type { ChainNumber } from '../../node/primitives/identifiers.ts'
import type { NodeMessage } from '../../node/validator/message.ts'
import type { Validator } from '../../node/validator/validator.ts'
import type { SeenVote } from './contradiction.ts'

/** Around an honest machine; the file is appended to. */
export function witnessVotes(
  honest: Validator,
  options: { readonly file: string; readonly hearsOthers: boolean },
): Validator {
  const file = openSync(options.file, 'a', 0o600)
  process.once('exit', () => closeSync(file))
  const { genesisHash } = honest.beacon.head()
  const write = (from: SeenVote['from'], chain: ChainNumber, epoch: number, vote: UnsignedVote) => {
    const { kind, view, proposal, seat } = vote
    // Foreign bytes may pair a kind with a proposal it cannot have; such a vote counts for nobody.
    if ((proposal === undefined) !== (kind === 'nullify')) return
    if (proposal !== undefined && proposal.view !== view) return
    const root = toHex(signingRoot({ genesisHash, chain, epoch }, kind, view, proposal))
    const seen: SeenVote = { from, chain, epoch, seat, kind, view, root }
    writeSync(file, `${JSON.stringify(seen)}\n`)
  }
  return {
    ...honest,
    handle: (input) => {
      if (input.kind === 'signed') write('self', input.chain, input.epoch, input.vote)
      if (options.hearsOthers && input.kind === 'message') noteMessage(input.message, write)
      return honest.handle(input)
    },
  }
}

type Write = (from: SeenVote['from'], chain: ChainNumber, epoch: number, vote: UnsignedVote) => void

/** Their signatures are not checked here: among honest nodes nobody sends a false one. */
function noteMessage(message: NodeMessage, write: Write): void {
  if (message.kind !== 'consensus') return
  const { chain, epoch } = message
  const inner = message.message
  if (inner.kind === 'vote' || inner.kind === 'proposal') write('peer', chain, epoch, inner.vote)
}
