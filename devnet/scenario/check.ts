/**
 * Does the scenario make sense on its own network? Shards and nodes it has not, groups nobody defined, vices nobody knows.
 */
import { unreachable } from '../../node/primitives/assert.ts'
import { ADVERSARY_NAMES } from '../adversaries/registry.ts'
import { checkParameters, committeeSizeOf, DEFAULT_PARAMETERS } from '../parameters.ts'
import type {
  Action,
  Chains,
  Expectation,
  Problem,
  Scenario,
  Step,
  Target,
  Targets,
} from './scenario.ts'

export function checkScenario(scenario: Scenario): readonly Problem[] {
  const { network } = scenario
  const parameters = checkParameters({ ...DEFAULT_PARAMETERS, ...network })
  if (!parameters.ok) return [{ line: 1, sentence: `network: ${parameters.reject.detail}` }]
  const groups = [...scenario.groups].flatMap(([name, targets]) =>
    targets.flatMap((target) =>
      problemsOf(problemOfTarget(scenario, target), 1, `group ${name}: `),
    ),
  )
  return [...groups, ...scenario.steps.flatMap((step) => checkStep(scenario, step))]
}

function problemsOf(sentence: string | undefined, line: number, before = ''): readonly Problem[] {
  return sentence === undefined ? [] : [{ line, sentence: `${before}${sentence}` }]
}

function checkStep(scenario: Scenario, step: Step): readonly Problem[] {
  const sentences =
    step.kind === 'do'
      ? [...targetsOf(step.action), ...oddities(scenario, step.action)]
      : [...targetsOf(step.expectation), problemOfChains(scenario, step.expectation)]
  return sentences.flatMap((item) => {
    const sentence = typeof item === 'object' ? problemOfTarget(scenario, item) : item
    return problemsOf(sentence, step.line)
  })
}

function targetsOf(what: Action | Expectation): Targets {
  if ('targets' in what) return what.targets
  if ('sides' in what) return what.sides.flat()
  return what.kind === 'one-way' || what.kind === 'link' ? [...what.from, ...what.to] : []
}

function problemOfTarget({ network, groups }: Scenario, target: Target): string | undefined {
  const { shards, validators } = network
  switch (target.kind) {
    case 'node':
      if (target.node < validators) return undefined
      return `there is no node:${target.node}; the ${validators} nodes are node:0 to node:${validators - 1}`
    case 'shard':
      return problemOfShard(shards, target.shard)
    case 'leader':
      return target.chain === 0 ? undefined : problemOfShard(shards, target.chain)
    case 'seats': {
      const size = committeeSizeOf(network)
      if (target.last < size) return problemOfShard(shards, target.shard)
      return `shard:${target.shard}/${target.last}: a committee has ${size} seats or a few more, counted from 0`
    }
    case 'group':
      return groups.has(target.name) ? undefined : `nobody defined the group \`${target.name}\``
    case 'all':
    case 'rest':
    case 'tolerated':
      return undefined
    default:
      return unreachable(target)
  }
}

function problemOfShard(shards: number, shard: number): string | undefined {
  return shard <= shards ? undefined : `there is no shard ${shard}; the network has ${shards}`
}

function problemOfChains({ network }: Scenario, expectation: Expectation): string | undefined {
  if (!('chains' in expectation)) return undefined
  const chains: Chains = expectation.chains
  return typeof chains === 'number' ? problemOfShard(network.shards, chains) : undefined
}

function oddities(scenario: Scenario, action: Action): readonly (string | undefined)[] {
  const { shards } = scenario.network
  switch (action.kind) {
    case 'byzantine':
      if (ADVERSARY_NAMES.includes(action.vice)) return []
      return [`there is no vice \`${action.vice}\`; there are ${ADVERSARY_NAMES.join(', ')}`]
    case 'send':
      return [problemOfShard(shards, action.from), problemOfShard(shards, action.to)]
    case 'partition':
      if (restsOf(action.sides.flat()) <= 1) return []
      return ['only one side of a partition can be the rest']
    case 'one-way':
    case 'link':
      return restsOf([...action.from, ...action.to]) <= 1 ? [] : ['only one end can be the rest']
    default:
      if (restsOf(targetsOf(action)) === 0) return []
      return [`\`rest\` is what the other side leaves over; ${action.kind} has no other side`]
  }
}

function restsOf(targets: Targets): number {
  return targets.filter(({ kind }) => kind === 'rest').length
}
