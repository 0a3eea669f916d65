/**
 * Modelled processors: what a turn of a node costs, and when the cores of its machine have done it. Pure.
 *
 * The costs of computing are measured on this machine by the code of a node (bench/micro). Signatures are native code and
 * cost what they are measured to cost. What the stages leave out (streams, encryption, RPC, the event loop, the collector,
 * caches that are cold because many processes take turns) is two factors, one on what every view costs and one on what every
 * transaction costs, calibrated with a real sweep (calibration.ts). Everything else that the model says is a prediction.
 */
import type {
  SignatureQuestion,
  ValidatorEffect,
  ValidatorEvent,
  ValidatorFact,
} from '../../node/validator/contract.ts'
import { isListKey } from './modelled-scheme.ts'

/** Microseconds, each per unit. */
export type StageCosts = {
  readonly recover: number
  readonly admit: number
  readonly execute: number
  readonly receipt: number
  /** Encoding or decoding of one transaction for the network. */
  readonly gossip: number
  readonly decode: number
  /** One vote; one signature of a list; one certificate, whatever it aggregates. */
  readonly signList: number
  readonly checkListed: number
  readonly signAggregate: number
  readonly checkAggregate: number
}

export type Factors = {
  /** Of turns, messages and commits. */
  readonly views: number
  /** Of what is done with every transaction, but for checking who signed it. */
  readonly transactions: number
}

export type ProcessorModel = { readonly stages: StageCosts; readonly factors: Factors }

/** Microseconds of one turn, before the factors. */
export type TurnCost = {
  /** Users' and committees' signatures: no factor. */
  readonly signatures: number
  readonly views: number
  readonly transactions: number
}

/** A message costs this before the factor, whatever it carries: framing, encryption, dispatch, two system calls. */
const MESSAGE_US = 40
/** A turn that writes: a group commit, and the vote guard if it signs. */
const COMMIT_US = 150
const TURN_US = 30
/**
 * What a view costs beside that. A guess, made to fit the one sweep there was: 16 processes at 20 transfers per second cost 1.0
 * core with four shards and 1.2 with one, for the same 50 views per second and twice the messages (docs/measuring.md).
 */
const VIEW_US = 1500
/** What one node does for a payment because a client asked: its share of a request, and of the blocks that are read back. */
const SUBMIT_US = 50

export function turnCost(
  stages: StageCosts,
  inputs: readonly ValidatorEvent[],
  effects: readonly ValidatorEffect[],
): TurnCost {
  let signatures = 0
  let views = TURN_US
  let transactions = 0
  for (const input of inputs) {
    if (input.kind === 'recovered') signatures += input.transactions.length * stages.recover
    if (input.kind === 'message') views += MESSAGE_US
    transactions += inputCost(stages, input)
  }
  for (const effect of effects) {
    signatures += signatureCost(stages, effect)
    views += viewCost(effect)
    transactions += effectCost(stages, effect)
  }
  if (effects.some(({ kind }) => kind === 'write')) views += COMMIT_US
  if (effects.some(({ kind }) => kind === 'sign')) views += COMMIT_US
  return { signatures, views, transactions }
}

export function totalOf(cost: TurnCost, factors: Factors): number {
  return cost.signatures + factors.views * cost.views + factors.transactions * cost.transactions
}

function inputCost(stages: StageCosts, input: ValidatorEvent): number {
  switch (input.kind) {
    case 'submit':
      return SUBMIT_US
    case 'recovered':
      return input.transactions.length * (stages.decode + stages.admit)
    case 'message':
      return input.message.kind === 'transactions' ? input.message.raws.length * stages.gossip : 0
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
  if (effect.kind !== 'send' || effect.message.kind !== 'transactions') return 0
  return effect.message.raws.length * stages.gossip
}

function viewCost(effect: ValidatorEffect): number {
  if (effect.kind === 'report') return isViewEntered(effect.fact) ? VIEW_US : 0
  if (effect.kind === 'send') return effect.to.length * MESSAGE_US
  return effect.kind === 'reply' || effect.kind === 'publish' ? MESSAGE_US : 0
}

function isViewEntered(fact: ValidatorFact): boolean {
  return fact.kind === 'engine' && fact.fact.kind === 'view-entered'
}

function signatureCost(stages: StageCosts, effect: ValidatorEffect): number {
  switch (effect.kind) {
    case 'sign':
      return effect.use === 'list' ? stages.signList : stages.signAggregate
    case 'reveal':
      return stages.signAggregate
    case 'check':
      return effect.questions.reduce((sum, question) => sum + checkCost(stages, question), 0)
    default:
      return 0
  }
}

function checkCost(stages: StageCosts, { publicKeys }: SignatureQuestion): number {
  return isListKey(publicKeys[0]) ? publicKeys.length * stages.checkListed : stages.checkAggregate
}

/** The cores of machines, and when each is free. Node i runs on machine floor(i / nodesPerMachine). */
export class ModelledCores {
  readonly #freeAtUs: number[][]
  readonly #nodesPerMachine: number
  readonly #busy = { signatures: 0, views: 0, transactions: 0 }
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

  /** The same by what it was for, before the factors. */
  get parts(): TurnCost {
    return { ...this.#busy }
  }

  /** When a turn that begins now is done, in whole milliseconds from now; the books are kept in microseconds. */
  take(node: number, nowMs: number, cost: TurnCost, factors: Factors): number {
    const costUs = totalOf(cost, factors)
    this.#busyUs += costUs
    this.#busy.signatures += cost.signatures
    this.#busy.views += cost.views
    this.#busy.transactions += cost.transactions
    const cores = this.#freeAtUs[Math.floor(node / this.#nodesPerMachine)] ?? []
    const first = cores.indexOf(Math.min(...cores))
    const doneUs = Math.max(nowMs * 1000, cores[first] ?? 0) + costUs
    cores[first] = doneUs
    return Math.floor(doneUs / 1000 - nowMs)
  }
}
