/**
 * `weft devnet fault ...`: the faults that a person orders from another terminal. What is named here is data
 * (faults/fault.ts); who carries it out is the supervisor.
 */
import { InvalidArgumentError, type Command } from 'commander'
import { UsageError } from '../../node/cli/command-error.ts'
import { linksBetween, PERFECT_LINK, type DiskMode, type Fault } from '../faults/fault.ts'
import { readBandwidth, readDuration, readShare } from '../scenario/words.ts'
import type { FaultOptions, RunningNetwork } from './fault-order.ts'
import { DEFAULT_DATA_DIRECTORY } from './options.ts'

type LinkOptions = FaultOptions & {
  readonly loss?: number
  readonly delay?: number
  readonly jitter?: number
  readonly duplicate?: number
  readonly bandwidth?: number
}

const TARGET = 'who: node:3, node:0,1, shard:2, shard:2-leader, beacon-leader, *'

export function registerFaults(devnet: Command): void {
  const fault = devnet.command('fault').description('Break something in a running devnet')
  const nodeFault = (name: string, description: string, faults: NodeFaults): Command =>
    withOptions(fault.command(name).description(description))
      .argument('<target>', TARGET)
      .action(async (target: string, options: FaultOptions) => {
        await orderNodeFaults(target, faults, options)
      })
  withFor(nodeFault('kill', 'Kill nodes at once (kill -9)', just('crash')))
  withFor(nodeFault('stop', 'Stop nodes in good order', just('stop')))
  nodeFault('start', 'Start those that are not running', just('start'))
  nodeFault('restart', 'Stop nodes and start them again, or start them', (nodes, { running }) => {
    const up = nodes.filter((node) => running.has(node))
    return [
      ...(up.length === 0 ? [] : [{ kind: 'stop', nodes: up } as const]),
      { kind: 'start', nodes },
    ]
  })
  withFor(nodeFault('pause', 'Let nodes do nothing, connections open', just('pause')))
  nodeFault('resume', 'Let paused nodes go on', just('resume'))
  nodeFault('honest', 'Start Byzantine nodes anew as honest ones', (nodes) => [
    { kind: 'byzantine', nodes, vice: undefined },
  ])
  withFor(nodeFault('disk-full', 'Let every write fail; a node ends itself then', disk('full')))
  withFor(nodeFault('disk-slow', 'Let every sync take 100 ms longer', disk('slow')))
  nodeFault('disk-ok', 'Give the disk its space and speed back', disk('ok'))
  registerByzantine(fault)
  registerClock(fault)
  registerLinks(fault)
}

type NodeFaults = (nodes: readonly number[], network: RunningNetwork) => readonly Fault[]

function just(kind: 'stop' | 'crash' | 'start' | 'pause' | 'resume'): NodeFaults {
  return (nodes) => [{ kind, nodes }]
}

function disk(mode: DiskMode): NodeFaults {
  return (nodes) => [{ kind: 'disk', nodes, mode }]
}

function registerByzantine(fault: Command): void {
  withFor(withOptions(fault.command('byzantine')))
    .description('Start nodes anew with a vice')
    .argument('<target>', TARGET)
    .argument('<vice>', 'for example equivocator; a wrong one is answered with the list')
    .action(async (target: string, vice: string, options: FaultOptions) => {
      const { ADVERSARY_NAMES } = await import('../adversaries/registry.ts')
      if (!ADVERSARY_NAMES.includes(vice)) {
        throw new UsageError(`there is no vice ${vice}; there are ${ADVERSARY_NAMES.join(', ')}`)
      }
      await orderNodeFaults(target, (nodes) => [{ kind: 'byzantine', nodes, vice }], options)
    })
}

function registerClock(fault: Command): void {
  withFor(withOptions(fault.command('clock')))
    .description('Set the clock of nodes wrong; --skew 0s sets it right')
    .argument('<target>', TARGET)
    .requiredOption('--skew <time>', 'how far ahead: 2s, 500ms; -2s is behind', skew)
    .action(async (target: string, options: FaultOptions & { skew: number }) => {
      const { skew: skewMs } = options
      await orderNodeFaults(target, (nodes) => [{ kind: 'clock', nodes, skewMs }], options)
    })
}

function registerLinks(fault: Command): void {
  withFor(withOptions(fault.command('partition')))
    .description('Let nothing pass between groups; one alone is cut from all others')
    .argument('<groups>', "for example shard:2, or 'node:0,1|node:2,3'")
    .action(async (groups: string, options: FaultOptions) => {
      const { parseSides } = await import('./fault-target.ts')
      const { sidesOf } = await import('../scenario/lookup.ts')
      const sides = parseSides(groups)
      await orderInNetwork(options, sides.flat(), async ({ surroundings }) => {
        const links = linksBetween(await sidesOf(surroundings, sides))
        if (links.length === 0) throw new UsageError('the other side of this partition is empty')
        return [{ kind: 'cut', links }]
      })
    })
  withFor(withOptions(fault.command('cut')))
    .description('Let nothing pass over links, one way or both')
    .argument('<link>', "for example 'node:3->*' or 'shard:1<->shard:2', in quotes")
    .action(async (link: string, options: FaultOptions) => {
      await orderOnLinks(link, options, (links) => ({ kind: 'cut', links }))
    })
  withLinkOptions(withFor(withOptions(fault.command('link'))))
    .description('Make links bad; without options they are perfect again')
    .argument('<link>', "for example 'node:3->*' or 'shard:1<->shard:2', in quotes")
    .action(async (link: string, options: LinkOptions) => {
      const quality = {
        ...PERFECT_LINK,
        lossPerMille: options.loss ?? 0,
        delayMs: options.delay ?? 0,
        jitterMs: options.jitter ?? 0,
        duplicatePerMille: options.duplicate ?? 0,
        bytesPerSecond: options.bandwidth,
      }
      await orderOnLinks(link, options, (links) => ({ kind: 'link', links, quality }))
    })
  withOptions(fault.command('heal'))
    .description('Make all links perfect again')
    .action((options: FaultOptions) => orderInNetwork(options, [], async () => [{ kind: 'heal' }]))
}

async function orderNodeFaults(
  target: string,
  faults: NodeFaults,
  options: FaultOptions,
): Promise<void> {
  const { parseTargets } = await import('./fault-target.ts')
  const { nodesOf } = await import('../scenario/lookup.ts')
  const targets = parseTargets(target)
  await orderInNetwork(options, targets, async (network) =>
    faults(await nodesOf(network.surroundings, targets), network),
  )
}

async function orderOnLinks(
  text: string,
  options: FaultOptions,
  faultOn: (links: Extract<Fault, { kind: 'cut' }>['links']) => Fault,
): Promise<void> {
  const { parseLink } = await import('./fault-target.ts')
  const { nodesOf } = await import('../scenario/lookup.ts')
  const ends = parseLink(text)
  await orderInNetwork(options, [...ends.from, ...ends.to], async ({ surroundings }) => {
    const from = await nodesOf(surroundings, ends.from)
    const to = await nodesOf(surroundings, ends.to)
    const forth = from.flatMap((source) => to.map((sink) => ({ from: source, to: sink })))
    const back = ends.bothWays ? forth.map((link) => ({ from: link.to, to: link.from })) : []
    const links = [...forth, ...back].filter((link) => link.from !== link.to)
    if (links.length === 0) throw new UsageError(`no link goes from a node to itself: ${text}`)
    return [faultOn(links)]
  })
}

async function orderInNetwork(
  options: FaultOptions,
  targets: Parameters<typeof import('./fault-order.ts').checkTargets>[1],
  faultsIn: (network: RunningNetwork) => Promise<readonly Fault[]>,
): Promise<void> {
  const { checkTargets, findNetwork, orderFaults } = await import('./fault-order.ts')
  const network = await findNetwork(options)
  checkTargets(network.surroundings, targets)
  await orderFaults(network, await faultsIn(network), options)
}

function withOptions(command: Command): Command {
  return command
    .option('--data <dir>', `data directory of the devnet (default ${DEFAULT_DATA_DIRECTORY})`)
    .option('--json', 'print JSON')
}

function withFor(command: Command): Command {
  return command.option('--for <time>', 'take it back after so long, for example 20s', duration)
}

function withLinkOptions(command: Command): Command {
  return command
    .option('--loss <share>', 'messages that are lost: 0.2 or 20%', share)
    .option('--delay <time>', 'how late messages are: 100ms', duration)
    .option(
      '--jitter <time>',
      'up to so much later still, so that they overtake each other',
      duration,
    )
    .option('--duplicate <share>', 'messages that come twice: 0.1 or 10%', share)
    .option('--bandwidth <rate>', '64kB/s, 1MB/s', bandwidth)
}

function duration(text: string): number {
  const ms = readDuration(text)
  if (ms !== undefined) return ms
  throw new InvalidArgumentError('Expected a time such as 500ms, 20s or 2m, at most an hour.')
}

function skew(text: string): number {
  const ms = duration(text.replace(/^[+-]/, ''))
  return text.startsWith('-') && ms > 0 ? -ms : ms
}

function share(text: string): number {
  const perMille = /^(0(\.\d{1,3})?|1(\.0{1,3})?)$/.test(text)
    ? Math.round(Number(text) * 1000)
    : readShare(text)
  if (perMille !== undefined) return perMille
  throw new InvalidArgumentError('Expected a share such as 0.2 or 20%.')
}

function bandwidth(text: string): number {
  const bytesPerSecond = readBandwidth(text)
  if (bytesPerSecond !== undefined) return bytesPerSecond
  throw new InvalidArgumentError('Expected a rate such as 64kB/s or 1MB/s.')
}
