/**
 * Modelled processors: what a turn of a node costs, and when the cores of its machine have done it. Pure.
 *
 * The costs of computing are measured on this machine by the code of a node (bench/micro); what they leave out (streams,
 * encryption, RPC, the event loop, the collector) is a factor, calibrated once so that one shard costs what a real run of
 * one shard cost. Everything else that the model says is a prediction.
 */
import type { ValidatorEffect, ValidatorEvent } from '../../node/validator/contract.ts'

/** Microseconds, each per unit. */
export type StageCosts = {
  readonly recover: number
  readonly admit: number
  readonly execute: number
  readonly receipt: number
  /** Encoding or decoding of one transaction for the network. */
  readonly gossip: number
  readonly decode: number
  readonly sign: number
  readonly check: number
}

export type ProcessorModel = {
  readonly stages: StageCosts
  /** Of everything but the checking of users' signatures, which is native and measured whole. */
  readonly overheadFactor: number
}

/** A message costs this before the factor, whatever it carries: framing, encryption, two system calls. */
const MESSAGE_US = 25
/** A request over RPC with its share of a batch. */
const SUBMIT_US = 10

/** Microseconds of one turn on one core. */
export function turnCost(
  { stages, overheadFactor }: ProcessorModel,
  inputs: readonly ValidatorEvent[],
  effects: readonly ValidatorEffect[],
): number {
  let checkingUs = 0
  let otherUs = 0
  for (const input of inputs) {
    if (input.kind === 'recovered') checkingUs += input.transactions.length * stages.recover
    otherUs += inputCost(stages, input)
  }
  for (const effect of effects) otherUs += effectCost(stages, effect)
  return checkingUs + overheadFactor * otherUs
}

function inputCost(stages: StageCosts, input: ValidatorEvent): number {
  switch (input.kind) {
    case 'submit':
      return SUBMIT_US
    case 'recovered':
      return input.transactions.length * (stages.decode + stages.admit)
    case 'checked':
      return input.answers.length * stages.check
    case 'message':
      return (
        MESSAGE_US +
        (input.message.kind === 'transactions' ? input.message.raws.length * stages.gossip : 0)
      )
    case 'executed': {
      const { response } = input
      if (response?.kind !== 'built' && response?.kind !== 'verified') return 0
      const { results, consumed } = response.outcome
      return results.length * (stages.execute + stages.gossip) + consumed.length * stages.receipt
    }
    default:
      return 0
  }
}

function effectCost(stages: StageCosts, effect: ValidatorEffect): number {
  switch (effect.kind) {
    case 'send':
      return (
        effect.to.length * MESSAGE_US +
        (effect.message.kind === 'transactions' ? effect.message.raws.length * stages.gossip : 0)
      )
    case 'reply':
    case 'publish':
      return MESSAGE_US
    case 'sign':
      return stages.sign
    default:
      return 0
  }
}

/** The cores of machines, and when each is free. Node i runs on machine floor(i / nodesPerMachine). */
export class ModelledCores {
  readonly #freeAtUs: number[][]
  readonly #nodesPerMachine: number
  #busyUs = 0

  constructor(nodeCount: number, nodesPerMachine: number, cores: number) {
    this.#nodesPerMachine = nodesPerMachine
    this.#freeAtUs = Array.from({ length: Math.ceil(nodeCount / nodesPerMachine) }, () =>
      Array.from({ length: cores }, () => 0),
    )
  }

  /** Of all cores together. */
  get busyUs(): number {
    return this.#busyUs
  }

  /** When a turn that begins now is done, in whole milliseconds from now; the books are kept in microseconds. */
  take(node: number, nowMs: number, costUs: number): number {
    this.#busyUs += costUs
    const cores = this.#freeAtUs[Math.floor(node / this.#nodesPerMachine)] ?? []
    const first = cores.indexOf(Math.min(...cores))
    const doneUs = Math.max(nowMs * 1000, cores[first] ?? 0) + costUs
    cores[first] = doneUs
    return Math.floor(doneUs / 1000 - nowMs)
  }
}
