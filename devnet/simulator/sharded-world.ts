/**
 * A whole sharded network in one thread and in virtual time: real validators (node/validator), real execution, inline
 * workers, a store image per node. Links delay; nodes can be stopped and started again from their stores.
 *
 * Invariant: between two inputs nothing happens; every effect is performed at the virtual time of its input, in order.
 */
import type { Genesis } from '../../node/beacon/genesis.ts'
import { shardGenesis } from '../../node/beacon/genesis.ts'
import { assert, present, unreachable } from '../../node/primitives/assert.ts'
import type { ChainNumber, Hash } from '../../node/primitives/identifiers.ts'
import { createPrng } from '../../node/primitives/prng.ts'
import type { Result } from '../../node/primitives/result.ts'
import type { CertificateScheme } from '../../node/primitives/signature.ts'
import { decodeTransaction, signingHash } from '../../node/shards/transaction.ts'
import type { BlockOutcome, CheckedTransaction } from '../../node/shards/executor.ts'
import { genesisStateRoot } from '../../node/shards/genesis-state.ts'
import { checkSignaturesInline } from '../../node/shards/io/crypto-check.ts'
import { openInlineExecutor, type InlineExecutor } from '../../node/shards/io/inline.ts'
import { createMemoryStateStore, type MemoryStateStore } from '../../node/shards/io/state-store.ts'
import { recoverAddress } from '../../node/primitives/io/secp256k1.ts'
import { createImage, imageWrites, type OrderedImage } from '../../node/storage/io/ordered-image.ts'
import { selectEntries } from '../../node/storage/io/memory.ts'
import { keyInTable, storeBounds } from '../../node/storage/store-key.ts'
import type { StoreEntry, StoreRange } from '../../node/storage/store.ts'
import type {
  ValidatorEffect,
  ValidatorEvent,
  ValidatorFact,
} from '../../node/validator/contract.ts'
import type { NodeMessage } from '../../node/validator/message.ts'
import { headReads, restoreOf, tailReads } from '../../node/validator/restore.ts'
import type { SubmitCode } from '../../node/validator/submit-code.ts'
import { createValidator, type Validator } from '../../node/validator/validator.ts'
import { createScheduler } from './scheduler.ts'

export type ShardedPlan = {
  readonly genesis: Genesis
  /** Index = validator index. */
  readonly secretKeys: readonly Uint8Array[]
  readonly scheme: CertificateScheme
  readonly seed: number
  readonly delayMinMs: number
  readonly delayMaxMs: number
}

export type WorldEvents = {
  readonly onFact: (node: number, fact: ValidatorFact) => void
  readonly onOutcome: (node: number, shard: ChainNumber, outcome: BlockOutcome) => void
  readonly onBeacon: (node: number, validator: Validator) => void
}

export type ShardedWorld = {
  readonly submit: (
    node: number,
    shard: ChainNumber,
    raw: Uint8Array,
    answer?: (result: Result<Hash, SubmitCode>) => void,
  ) => void
  readonly run: (untilMs: number, stopped?: () => boolean) => void
  readonly now: () => number
  readonly stop: (node: number) => void
  readonly start: (node: number) => void
  readonly validator: (node: number) => Validator
  readonly executor: (node: number, shard: ChainNumber) => InlineExecutor
  readonly hash: () => string
}

type Node = {
  readonly index: number
  readonly image: OrderedImage
  readonly states: ReadonlyMap<ChainNumber, MemoryStateStore>
  validator: Validator
  executors: ReadonlyMap<ChainNumber, InlineExecutor>
  /** Answers to a life before this one are dropped. */
  life: number
  up: boolean
  tickAt: number
}

const STEPS_MAX = 20_000_000

export function createShardedWorld(plan: ShardedPlan, events: WorldEvents): ShardedWorld {
  const dice = createPrng(plan.seed).stream('links')
  const scheduler = createScheduler({ diceCursor: () => dice.cursor() })
  const { genesis, scheme } = plan
  const shardNumbers = Array.from({ length: genesis.shardCount }, (_, index) => index + 1)
  const shardStateRoots = shardNumbers.map((shard) =>
    genesisStateRoot(shardGenesis(genesis, shard)),
  )
  const submissions = new Map<number, (result: Result<Hash, SubmitCode>) => void>()
  const senders = new Map<string, CheckedTransaction | undefined>()
  let nextRequest = 1

  function bring(index: number): Pick<Node, 'validator'> {
    const validator = createValidator({
      genesis,
      shardStateRoots,
      validator: index,
      followShards: [],
      signatureBytesMax: 4096,
    })
    return { validator }
  }

  function createNode(index: number): Node {
    const { validator } = bring(index)
    const states = new Map(
      validator.hostedShards.map((shard) => [shard, createMemoryStateStore()] as const),
    )
    const image = createImage()
    return { index, image, states, validator, executors: new Map(), life: 0, up: false, tickAt: 0 }
  }

  const nodes = genesis.validators.map((_, index) => createNode(index))

  function post(node: Node, at: number, event: ValidatorEvent): void {
    const { life } = node
    scheduler.schedule(at, {
      node: node.index,
      kind: event.kind,
      payload: 0,
      act: () => {
        if (node.up && node.life === life) handle(node, event)
      },
    })
  }

  function handle(node: Node, event: ValidatorEvent): void {
    const effects = node.validator.handle({ ...event, now: scheduler.now() })
    const writes = effects.filter((effect) => effect.kind === 'write').map(({ write }) => write)
    node.image.apply(imageWrites(writes, (_, value) => value.slice()))
    for (const effect of effects) perform(node, effect)
  }

  function deliver(from: Node, to: Node, message: NodeMessage, gossip: boolean): void {
    if (!to.up) return
    const delay = plan.delayMinMs + dice.below(plan.delayMaxMs - plan.delayMinMs + 1)
    const { index } = from
    post(to, scheduler.now() + delay, {
      kind: 'message',
      peer: `node-${index}`,
      validator: index,
      message,
      gossip,
    })
  }

  function perform(node: Node, effect: ValidatorEffect): void {
    const now = scheduler.now()
    switch (effect.kind) {
      case 'sign': {
        const { chain, epoch, vote, root } = effect
        const key = present(plan.secretKeys[node.index], 'every validator has a key')
        const signature = scheme.sign(key, root)
        return post(node, now, { kind: 'signed', chain, epoch, vote: { ...vote, signature } })
      }
      case 'reveal': {
        const key = present(plan.secretKeys[node.index], 'every validator has a key')
        const signature = scheme.sign(key, effect.root)
        return post(node, now, { kind: 'revealed', job: effect.job, signature })
      }
      case 'send':
        for (const to of effect.to) {
          deliver(node, present(nodes[to], 'a validator is a node'), effect.message, false)
        }
        return
      case 'reply': {
        const to = Number(effect.peer.slice('node-'.length))
        return deliver(node, present(nodes[to], 'a peer is a node'), effect.message, false)
      }
      case 'publish':
        for (const to of nodes) {
          if (to !== node && to.validator.topics.includes(effect.topic)) {
            deliver(node, to, effect.message, true)
          }
        }
        return
      case 'execute': {
        const executor = present(node.executors.get(effect.shard), 'a hosted shard has an executor')
        const response = executor.runNow(effect.request)
        return post(node, now, { kind: 'executed', job: effect.job, response })
      }
      case 'check': {
        const answers = checkSignaturesInline(scheme, effect.questions)
        return post(node, now, { kind: 'checked', job: effect.job, answers })
      }
      case 'recover': {
        const transactions = effect.raws.map(recoverOnce)
        return post(node, now, { kind: 'recovered', job: effect.job, transactions })
      }
      case 'load': {
        const answer = effect.request.map((range) => readNow(node.image, range))
        return post(node, now, { kind: 'loaded', job: effect.job, answer })
      }
      case 'deadline':
        return arm(node, effect.at)
      case 'submitted':
        submissions.get(effect.request)?.(effect.result)
        submissions.delete(effect.request)
        return
      case 'report':
        return events.onFact(node.index, effect.fact)
      case 'shard-head':
        return events.onOutcome(node.index, effect.shard, effect.outcome)
      case 'beacon-head':
        return events.onBeacon(node.index, node.validator)
      case 'write':
      case 'pending-transaction':
        return
      default:
        return unreachable(effect)
    }
  }

  /** The signature check is pure, so all nodes of one world share its results. */
  function recoverOnce(raw: Uint8Array): CheckedTransaction | undefined {
    const key = Buffer.from(raw).toString('latin1')
    if (senders.has(key)) return senders.get(key)
    const decoded = decodeTransaction(raw)
    let checked: CheckedTransaction | undefined
    if (decoded.ok) {
      const { signature, yParity, hash } = decoded.value
      const sender = recoverAddress(signingHash(decoded.value), signature, yParity)
      if (sender !== undefined) checked = { raw, hash, sender }
    }
    senders.set(key, checked)
    return checked
  }

  function arm(node: Node, at: number): void {
    node.tickAt = at
    if (!Number.isFinite(at)) return
    const { life } = node
    scheduler.schedule(at, {
      node: node.index,
      kind: 'tick',
      payload: 0,
      act: () => {
        if (node.up && node.life === life && node.tickAt === at) handle(node, { kind: 'tick' })
      },
    })
  }

  function start(index: number): void {
    const node = present(nodes[index], 'the node exists')
    assert(!node.up, 'only a stopped node is started')
    node.validator = bring(index).validator
    node.executors = new Map(
      node.validator.hostedShards.map((shard) => {
        const store = present(node.states.get(shard), 'a hosted shard keeps its state')
        return [shard, openInlineExecutor(shardGenesis(genesis, shard), { store })] as const
      }),
    )
    node.up = true
    node.life++
    const chains = [...node.validator.chains.keys()]
    const heads = headReads(chains).map((range) => readNow(node.image, range))
    const tails = tailReads(chains, heads).map((range) => readNow(node.image, range))
    const restore = restoreOf(chains, heads, tails)
    handle(node, { kind: 'start', restore })
    for (const other of nodes) {
      if (other === node || !other.up) continue
      post(node, scheduler.now(), { kind: 'validator-connected', validator: other.index })
      post(other, scheduler.now(), { kind: 'validator-connected', validator: node.index })
    }
  }

  return {
    submit: (index, shard, raw, answer) => {
      const request = nextRequest++
      if (answer !== undefined) submissions.set(request, answer)
      const node = present(nodes[index], 'the node exists')
      post(node, scheduler.now(), { kind: 'submit', request, shard, raw })
    },
    run: (untilMs, stopped = () => false) => {
      const end = scheduler.run({ untilMs, stepsMax: STEPS_MAX, stopped })
      assert(end !== 'steps', 'the network does not run in circles')
    },
    now: scheduler.now,
    stop: (index) => {
      const node = present(nodes[index], 'the node exists')
      node.up = false
      node.life++
    },
    start,
    validator: (index) => present(nodes[index], 'the node exists').validator,
    executor: (index, shard) =>
      present(nodes[index]?.executors.get(shard), 'the node hosts the shard'),
    hash: scheduler.hash,
  }
}

function readNow(image: OrderedImage, range: StoreRange): readonly StoreEntry[] {
  return selectEntries(image.between(storeBounds(range)), range).map(({ key, value }) => {
    return { key: keyInTable(range.table, key), value: value.slice() }
  })
}
