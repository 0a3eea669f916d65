/**
 * The program of a validator that a test kills: `weft node run` with fail points and a witness of its votes. It waits for
 * its order over the IPC channel before it does anything, and takes further orders while it runs.
 *
 * Never for a network of value; it says so.
 */
import { parseArgs } from 'node:util'
import { runNode } from '../../node/cli/commands/node.ts'
import { createFailPoints, type FailPoint } from '../../node/runtime/fail-point.ts'
import { present } from '../../node/primitives/assert.ts'
import { witnessVotes } from './vote-witness.ts'

/** Die when the step is reached for the `count`-th time from now. */
export type ArmOrder = {
  readonly kind: 'arm'
  readonly step: FailPoint
  readonly count: number
}

type BeginOrder = {
  readonly kind: 'begin'
  /** Votes are appended here. */
  readonly witnessFile: string
  /** Also the votes that others send to this node. */
  readonly hearsOthers: boolean
}

export type MortalOrder = ArmOrder | BeginOrder

const { values } = parseArgs({
  // The words of `weft node run`, so that whoever starts nodes can start this one.
  allowPositionals: true,
  options: { config: { type: 'string' } },
})
const config = present(values.config, 'a mortal node is started with --config')
process.stderr.write('this node is made to be killed: it has fail points; for tests only\n')

const failPoints = createFailPoints()
const { witnessFile, hearsOthers } = await new Promise<BeginOrder>((resolve) => {
  process.on('message', (order: MortalOrder) => {
    if (order.kind === 'arm') failPoints.arm(order.step, order.count)
    if (order.kind === 'begin') resolve(order)
  })
})
await runNode(config, false, {
  seams: {
    failPoints,
    validator: (honest) => witnessVotes(honest, { file: witnessFile, hearsOthers }),
  },
})
