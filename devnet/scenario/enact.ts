/**
 * Actions into faults, and what undoes each after its `for DURATION`.
 */
import { unreachable } from '../../node/primitives/assert.ts'
import { linksBetween, type Fault, type Link } from '../faults/fault.ts'
import { nodesOf, sidesOf, type Surroundings } from './lookup.ts'
import type { Action, Targets } from './scenario.ts'

export type Enacted = {
  /** In this order. */
  readonly faults: readonly Fault[]
  /** What undoes it; links are undone by healing all and breaking again what still holds (trouble.ts). */
  readonly opposite: readonly Fault[] | 'links'
  /** Nodes it was done to, for the narration. */
  readonly nodes: readonly number[]
}

/** Actions that are faults; the others are the runner's own. */
export type FaultAction = Exclude<Action, { readonly kind: 'load' | 'send' | 'wait' }>

export async function enact(around: Surroundings, action: FaultAction): Promise<Enacted> {
  switch (action.kind) {
    case 'heal':
      return { faults: [{ kind: 'heal' }], opposite: 'links', nodes: [] }
    case 'partition':
      return enactPartition(around, action.sides)
    case 'one-way':
    case 'link':
      return enactLinks(around, action)
    default:
      return enactOnNodes(action, await nodesOf(around, action.targets))
  }
}

type NodeAction = Exclude<FaultAction, { readonly kind: 'heal' | 'partition' | 'one-way' | 'link' }>

function enactOnNodes(action: NodeAction, nodes: readonly number[]): Enacted {
  const done = (faults: readonly Fault[], ...opposite: readonly Fault[]): Enacted => {
    return { faults, opposite, nodes }
  }
  const start: Fault = { kind: 'start', nodes }
  switch (action.kind) {
    case 'stop':
    case 'crash':
      return done([{ kind: action.kind, nodes }], start)
    case 'start':
      return done([start])
    case 'restart':
      return done([{ kind: 'stop', nodes }, start])
    case 'pause':
      return done([{ kind: 'pause', nodes }], { kind: 'resume', nodes })
    case 'resume':
      return done([{ kind: 'resume', nodes }])
    case 'byzantine': {
      const honest: Fault = { kind: 'byzantine', nodes, vice: undefined }
      return done([{ kind: 'byzantine', nodes, vice: action.vice }], honest)
    }
    case 'honest':
      return done([{ kind: 'byzantine', nodes, vice: undefined }])
    case 'disk':
      // A node ends itself on a full disk, so the opposite starts it, too.
      return done(
        [{ kind: 'disk', nodes, mode: action.mode }],
        { kind: 'disk', nodes, mode: 'ok' },
        start,
      )
    case 'clock':
      return done([{ kind: 'clock', nodes, skewMs: action.skewMs }], {
        kind: 'clock',
        nodes,
        skewMs: 0,
      })
    default:
      return unreachable(action)
  }
}

async function enactPartition(around: Surroundings, sides: readonly Targets[]): Promise<Enacted> {
  const groups = await sidesOf(around, sides)
  return cutAll(linksBetween(groups), groups[0] ?? [])
}

function cutAll(links: readonly Link[], nodes: readonly number[]): Enacted {
  return { faults: [{ kind: 'cut', links }], opposite: 'links', nodes }
}

async function enactLinks(
  around: Surroundings,
  action: FaultAction & { readonly kind: 'one-way' | 'link' },
): Promise<Enacted> {
  const from = await endOf(around, action.from, action.to)
  const to = await endOf(around, action.to, action.from)
  const forth = pairs(from, to)
  if (action.kind === 'one-way') return cutAll(forth, from)
  const links = action.bothWays ? dedupe([...forth, ...pairs(to, from)]) : forth
  return {
    faults: [{ kind: 'link', links, quality: action.quality }],
    opposite: 'links',
    nodes: from,
  }
}

async function endOf(
  around: Surroundings,
  end: Targets,
  other: Targets,
): Promise<readonly number[]> {
  const isRest = end.some(({ kind }) => kind === 'rest')
  return nodesOf(around, end, isRest ? await nodesOf(around, other) : [])
}

function pairs(from: readonly number[], to: readonly number[]): readonly Link[] {
  return from.flatMap((source) =>
    to.filter((sink) => sink !== source).map((sink) => ({ from: source, to: sink })),
  )
}

function dedupe(links: readonly Link[]): readonly Link[] {
  return [...new Map(links.map((link) => [`${link.from}>${link.to}`, link])).values()]
}
