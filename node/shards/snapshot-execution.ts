/**
 * The execution machine's part in state sync: it keeps and hands out snapshots, and takes one in
 * (docs/protocol/state-sync.md S.2, S.6, S.7).
 */
import { unreachable } from '../primitives/assert.ts'
import { equalBytes } from '../primitives/bytes.ts'
import { shardBlockHash } from '../crosslink/header-codec.ts'
import {
  type HandledRequest,
  keptFrom,
  type MachineState,
  refuse,
  statusOf,
} from './execution-machine.ts'
import type { SnapshotRequest } from './executor.ts'
import { encodeStateChunk } from './snapshot-chunk.ts'
import { beginImport, finishImport, importChunk } from './snapshot-import.ts'
import { cutChunk, stretchAt } from './snapshot-proof.ts'
import type { StateTree } from './state-tree.ts'

type Request<Kind extends SnapshotRequest['kind']> = SnapshotRequest & { readonly kind: Kind }

export function handleSnapshot(machine: MachineState, request: SnapshotRequest): HandledRequest {
  switch (request.kind) {
    case 'keep-snapshot':
      return keepSnapshot(machine, request)
    case 'cut-chunk':
      return cut(machine, request)
    case 'begin-import':
      return begin(machine, request)
    case 'import-chunk':
      return take(machine, request)
    case 'finish-import':
      return finish(machine)
    default:
      return unreachable(request)
  }
}

/** S.6: a height that was left behind before a restart is worked out from the log; one that is too far behind is not served. */
function keepSnapshot(machine: MachineState, { height }: Request<'keep-snapshot'>): HandledRequest {
  const { snapshots, finalized, head, past } = machine
  const isAhead = height > head.point.height
  if (isAhead) snapshots.expect(height)
  const state = isAhead
    ? undefined
    : (snapshots.at(height) ?? finalized.at(height) ?? past?.at(height))
  if (state !== undefined) keepState(machine, height, state.tree)
  return { response: { kind: 'snapshots', heights: snapshots.heights() } }
}

/** Once all that is kept is newer than the state of the start, nobody asks for what lies below that. */
export function keepState(machine: MachineState, height: number, tree: StateTree): void {
  const { snapshots, past } = machine
  snapshots.keep(height, tree)
  const [oldest] = snapshots.heights()
  if (past !== undefined && (oldest ?? 0) > past.height) machine.past = undefined
}

function cut({ snapshots }: MachineState, request: Request<'cut-chunk'>): HandledRequest {
  const { height, stretch, from } = request
  const snapshot = snapshots.at(height)
  if (snapshot === undefined) {
    return { response: refuse('unknown-state', 'no snapshot of that height is kept') }
  }
  const chunk = cutChunk(snapshot.tree, { from, to: stretchAt(stretch).to })
  return { response: { kind: 'chunk', chunk: encodeStateChunk(chunk) } }
}

/** The same target again: goes on where it stood, or says that it stands there already. */
function begin(machine: MachineState, { header }: Request<'begin-import'>): HandledRequest {
  // Taken in before a restart, and not known to the caller.
  if (equalBytes(machine.head.point.hash, shardBlockHash(header))) {
    return { response: statusOf(machine) }
  }
  const known = machine.importing
  if (known !== undefined && equalBytes(known.hash, shardBlockHash(header))) {
    return { response: { kind: 'importing', progress: known.progress } }
  }
  const importing = beginImport(header)
  machine.importing = importing
  const { progress } = importing
  const commit = { kind: 'begin-import', header, progress } as const
  return { response: { kind: 'importing', progress }, commit }
}

function take(machine: MachineState, request: Request<'import-chunk'>): HandledRequest {
  const { importing, rules } = machine
  if (importing === undefined)
    return { response: refuse('incomplete', 'nothing is being imported') }
  const taken = importChunk(importing, request, request.chunk, rules.hashPairs)
  if (!taken.ok) return { response: refuse('invalid-chunk', taken.reject.detail) }
  const response = { kind: 'importing', progress: importing.progress } as const
  return taken.value === undefined ? { response } : { response, commit: taken.value }
}

/** An import that does not come out right is forgotten: the next one begins anew. */
function finish(machine: MachineState): HandledRequest {
  const { importing } = machine
  if (importing === undefined)
    return { response: refuse('incomplete', 'nothing is being imported') }
  machine.importing = undefined
  const finished = finishImport(importing)
  if (!finished.ok) return { response: refuse('incomplete', finished.reject.detail) }
  machine.head = finished.value
  machine.headBlock = undefined
  machine.executed.clear()
  machine.finalized = keptFrom(machine.head)
  machine.past = undefined
  machine.snapshots.keep(machine.head.point.height, machine.head.tree)
  const { header, hash } = importing
  return { response: statusOf(machine), commit: { kind: 'finish-import', header, hash } }
}
