/**
 * Going back (docs/protocol/beacon.md B.8): the one place where a finalized state is left again. The state becomes that of an
 * earlier final block, which the beacon has recorded; where neither memory nor the undo log of the disk has it, that of genesis,
 * and the host replays.
 *
 * Invariant: the stored records are those of the new head in one atomic commit, so a crash leaves the one state or the other.
 */
import { equalBytes } from '../primitives/bytes.ts'
import { rootOf } from './state-tree.ts'
import { pointOf, type StatePoint } from './block-execution.ts'
import { keptFrom, statusOf, type HandledRequest, type MachineState } from './execution-machine.ts'
import type { RewindRequest } from './executor.ts'
import { genesisPoint } from './genesis-state.ts'
import { differences } from './state-difference.ts'
import { shardBlockHash } from '../crosslink/header-codec.ts'
import { pastBelow } from './undo-log.ts'

export function rewind(machine: MachineState, { header }: RewindRequest): HandledRequest {
  const { head } = machine
  const hash = header && shardBlockHash(header)
  if (hash !== undefined && equalBytes(hash, head.point.hash))
    return { response: statusOf(machine) }
  const target = heldState(machine, header) ?? genesisOf(machine)
  moveTo(machine, target)
  const writes = differences(head.tree, target.tree)
  const { point, tree } = target
  const stored = {
    height: point.height,
    hash: point.hash,
    stateRoot: rootOf(tree),
    header: point.height === 0 ? undefined : header,
  }
  return { response: statusOf(machine), commit: { kind: 'blocks', writes, head: stored } }
}

function heldState({ finalized, past }: MachineState, header: RewindRequest['header']) {
  if (header === undefined) return undefined
  const kept = finalized.at(header.height) ?? past?.at(header.height)
  if (kept === undefined || !equalBytes(rootOf(kept.tree), header.stateRoot)) return undefined
  return { point: pointOf(shardBlockHash(header), header), tree: kept.tree }
}

function genesisOf({ rules }: MachineState): StatePoint {
  return { point: genesisPoint(rules.config), tree: rules.genesis().tree }
}

/** What was executed above, and snapshots of states that are gone, go with the old head. */
function moveTo(machine: MachineState, target: StatePoint): void {
  machine.head = target
  machine.headBlock = undefined
  machine.executed.clear()
  machine.finalized = keptFrom(target)
  machine.past = machine.past && pastBelow(machine.past, target.point.height)
  machine.snapshots.dropAbove(target.point.height)
}
