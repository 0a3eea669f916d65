/**
 * What a simulated validator does for each effect of its engine, and what it reports to the checkers about it.
 */
import { unreachable } from '../../node/primitives/assert.ts'
import type { Seat } from '../../node/primitives/identifiers.ts'
import type {
  EngineEffect,
  EngineFact,
  JournalRecord,
} from '../../node/consensus/engine-contract.ts'
import type { ConsensusMessage } from '../../node/consensus/message.ts'
import type { Observation } from './checkers/observation.ts'
import { messageText } from './consensus-seen.ts'
import { digestText } from './digest-text.ts'
import type { HostTimer } from './host-timer.ts'
import type { HostWork } from './host-work.ts'
import { tipOf, type ToyApplication } from './toy-application.ts'
import type { AppliedBlock, ValidatorDisk } from './validator-disk.ts'
import { createWitness } from './witness.ts'

/** How a host speaks; its adversary, if it has one, and the network are behind it. */
export type HostVoice = {
  /** To every other seat. */
  readonly broadcast: (message: ConsensusMessage) => void
  readonly sendToSeat: (to: Seat, message: ConsensusMessage) => void
  readonly sendToNode: (to: number, message: ConsensusMessage) => void
  /** For whoever follows without a seat. */
  readonly publish: (message: ConsensusMessage) => void
}

export type EffectPorts = {
  readonly node: number
  readonly voice: HostVoice
  readonly disk: ValidatorDisk
  readonly application: ToyApplication
  readonly timer: HostTimer
  readonly work: HostWork
  readonly observe: (observation: Observation) => void
  readonly complain: (sentence: string) => void
  readonly note: ((line: string) => void) | undefined
}

export type EffectPerformer = {
  readonly perform: (effect: EngineEffect) => void
  /** Takes a finalized block, from the engine or from the disk. */
  readonly apply: (applied: AppliedBlock) => void
}

function report({ node, complain, note }: EffectPorts, fact: EngineFact): void {
  if (fact.kind === 'divergence') complain(`node ${node} saw its execution diverge`)
  note?.(`reports ${fact.kind}${'view' in fact ? ` v${fact.view}` : ''}`)
}

export function createEffectPerformer(ports: EffectPorts): EffectPerformer {
  const { node, disk, voice, observe, note } = ports
  const witness = createWitness({ node, observe })

  function persist(record: JournalRecord): void {
    disk.appendRecord(record)
    if (record.kind === 'certificate') witness.certificate(record.certificate)
  }

  function apply(applied: AppliedBlock): void {
    const { block, certificate } = applied
    if (certificate !== undefined) witness.certificate(certificate)
    const digest = digestText(block.hash)
    const parentDigest = digestText(block.parentHash)
    observe({ kind: 'delivered', node, height: block.height, digest, parentDigest })
    // At least once: what was taken before is taken no second time (A.10.6).
    if (block.height !== tipOf(disk.applied()).height + 1) return
    note?.(`takes h${block.height} ${digest}`)
    ports.application.execute(block)
    disk.appendApplied(applied)
    if (certificate !== undefined) voice.publish({ kind: 'certificate', certificate })
  }

  function spoken(message: ConsensusMessage): ConsensusMessage {
    witness.message(message)
    note?.(`sends ${messageText(message)}`)
    return message
  }

  function perform(effect: EngineEffect): void {
    switch (effect.kind) {
      case 'persist':
        return persist(effect.record)
      case 'store-block':
        return disk.storeBlock(effect.block)
      case 'sign':
        return ports.work.sign(effect.vote)
      case 'broadcast':
        return voice.broadcast(spoken(effect.message))
      case 'send':
        return voice.sendToSeat(effect.to, spoken(effect.message))
      case 'reply':
        return voice.sendToNode(Number(effect.peer), spoken(effect.message))
      case 'check':
        return ports.work.check(effect.job, effect.checks)
      case 'build':
        return ports.work.build(effect.view, effect.parentHash)
      case 'verify':
        return ports.work.verify(effect.block)
      case 'finalized':
        return apply({ block: effect.block, certificate: effect.certificate })
      case 'epoch-sealed':
        return ports.complain(`node ${node} sealed an epoch without a sealing block`)
      case 'evidence':
        return witness.evidence(effect.evidence)
      case 'fork':
        // Seen by the referee in the certificates themselves.
        return
      case 'deadline':
        return ports.timer.set(effect.at)
      case 'report':
        return report(ports, effect.fact)
      default:
        return unreachable(effect)
    }
  }

  return { perform, apply }
}
