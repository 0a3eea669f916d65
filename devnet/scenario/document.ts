/**
 * A scenario file (YAML) into a scenario, or into the list of what is wrong with it, each with its line. One vocabulary for
 * both engines; nothing in a file says where it runs.
 */
import { LineCounter, isCollection, isMap, isNode, isPair, isScalar, parseDocument } from 'yaml'
import type { Document } from 'yaml'
import type { Result } from '../../node/primitives/result.ts'
import { checkScenario } from './check.ts'
import { headSchema, type Head } from './head.ts'
import { readStep } from './sentence.ts'
import type { Problem, Scenario, ScenarioNetwork, Step, Targets } from './scenario.ts'
import { isGroupName, readTargets } from './words.ts'

export type ScenarioFile =
  | { readonly ok: true; readonly scenario: Scenario }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** A scenario is a page; what is longer is no scenario. */
const FILE_CHARACTERS_MAX = 64 * 1024
const STEPS_MAX = 200

type Source = { readonly document: Document; readonly lines: LineCounter }

export function readScenario(text: string): ScenarioFile {
  if (text.length > FILE_CHARACTERS_MAX) {
    return refused([
      { line: 1, sentence: `a scenario has at most ${FILE_CHARACTERS_MAX} characters` },
    ])
  }
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  if (document.errors.length > 0) {
    return refused(
      document.errors.map(({ pos, message }) => ({
        line: lines.linePos(pos[0]).line,
        sentence: message,
      })),
    )
  }
  const source = { document, lines }
  const head = readHead(source)
  return head.ok ? assemble(source, head.head) : refused(head.problems)
}

function refused(problems: readonly Problem[]): ScenarioFile {
  return { ok: false, problems: problems.toSorted((left, right) => left.line - right.line) }
}

/** Everything but what the steps and groups mean. */
function readHead(
  source: Source,
):
  | { readonly ok: true; readonly head: Head }
  | { readonly ok: false; readonly problems: readonly Problem[] } {
  let value: unknown
  try {
    // References can make a small file large; nothing here needs them.
    value = source.document.toJS({ maxAliasCount: 0 })
  } catch (error) {
    return { ok: false, problems: [{ line: 1, sentence: (error as Error).message }] }
  }
  const parsed = headSchema.safeParse(value)
  if (parsed.success) return { ok: true, head: parsed.data }
  const problems = parsed.error.issues.flatMap((issue) => {
    const path = issue.path as (string | number)[]
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        line: lineOfKey(source, path, key),
        sentence: `\`${key}\` is not known here`,
      }))
    }
    return [
      { line: lineOf(source, path), sentence: `${path.join('.') || 'the file'}: ${issue.message}` },
    ]
  })
  return { ok: false, problems }
}

function assemble(source: Source, head: Head): ScenarioFile {
  const problems: Problem[] = []
  const steps = readSteps(source, problems)
  const groups = readGroups(source, head, problems)
  if (problems.length > 0) return refused(problems)
  const { name, story, load } = head
  const network = networkOf(head)
  const scenario: Scenario = { name, story, network, load, groups, steps }
  const meaningless = checkScenario(scenario)
  return meaningless.length === 0 ? { ok: true, scenario } : refused(meaningless)
}

function networkOf({ network }: Head): ScenarioNetwork {
  const { shards, validators } = network
  return {
    shards,
    validators,
    shardBlockMs: network['shard-block'],
    beaconBlockMs: network['beacon-block'],
    idleMs: network.idle,
    epochBlocks: network['epoch-blocks'],
    gasLimit: network['gas-limit'],
  }
}

function readGroups(source: Source, { groups }: Head, problems: Problem[]): Map<string, Targets> {
  const read = new Map<string, Targets>()
  for (const [name, text] of Object.entries(groups)) {
    const targets = readTargets(text)
    const line = lineOf(source, ['groups', name])
    if (!isGroupName(name)) problems.push({ line, sentence: `\`${name}\` is no name for a group` })
    else if (
      targets === undefined ||
      targets.some(({ kind }) => kind === 'group' || kind === 'rest')
    ) {
      problems.push({ line, sentence: `a group is a list of nodes: shard:2/0..1,node:5` })
    } else read.set(name, targets)
  }
  return read
}

function readSteps(source: Source, problems: Problem[]): Step[] {
  const node = source.document.getIn(['steps'], true)
  const items = isCollection(node) ? node.items : []
  if (items.length > STEPS_MAX) {
    problems.push({
      line: lineOf(source, ['steps']),
      sentence: `a scenario has at most ${STEPS_MAX} steps`,
    })
    return []
  }
  return items.flatMap((item) => {
    const line = lineOfNode(source, item) ?? 1
    const read = readItem(item, line)
    if (read.ok) return [read.value]
    problems.push({ line, sentence: read.reject.detail })
    return []
  })
}

/** `- crash node:3`, or what YAML reads as a pair: `- within 20s: expect ...`. */
function readItem(item: unknown, line: number): Result<Step> {
  const text = textOf(item)
  if (text !== undefined) return readStep(text, line)
  const detail =
    'a step is one sentence: `crash shard:2-leader`, `within 20s: expect settled >= 20`'
  return { ok: false, reject: { code: 'bad-step', detail } }
}

function textOf(item: unknown): string | undefined {
  if (isScalar(item)) return scalarText(item.value)
  if (!isMap(item) || item.items.length !== 1) return undefined
  const pair = item.items[0]
  const key = isPair(pair) && isScalar(pair.key) ? scalarText(pair.key.value) : undefined
  const value = isPair(pair) && isScalar(pair.value) ? scalarText(pair.value.value) : undefined
  return key === undefined || value === undefined ? undefined : `${key}: ${value}`
}

function scalarText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function lineOf(source: Source, path: readonly (string | number)[]): number {
  for (let depth = path.length; depth > 0; depth--) {
    const line = lineOfNode(source, source.document.getIn(path.slice(0, depth), true))
    if (line !== undefined) return line
  }
  return 1
}

function lineOfKey(source: Source, path: readonly (string | number)[], key: string): number {
  const parent = path.length === 0 ? source.document.contents : source.document.getIn(path, true)
  if (!isMap(parent)) return lineOf(source, path)
  const pair = parent.items.find((item) => isScalar(item.key) && item.key.value === key)
  return lineOfNode(source, pair?.key) ?? lineOf(source, path)
}

function lineOfNode({ lines }: Source, node: unknown): number | undefined {
  if (!isNode(node) || node.range === null || node.range === undefined) return undefined
  return lines.linePos(node.range[0]).line
}
