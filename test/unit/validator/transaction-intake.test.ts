import { describe, expect, test } from 'vitest'
import { createMempool } from '../../../node/shards/mempool.ts'
import { createContext } from '../../../node/validator/context.ts'
import type { ValidatorEffect } from '../../../node/validator/contract.ts'
import { createTransactionIntake } from '../../../node/validator/transaction-intake.ts'
import { payment, shardConfig } from '../shards/fixture.ts'

const config = shardConfig(1, { gasLimit: 1_000_000 })
/** What a client may have waiting here, and what may be ready (transaction-intake.ts). */
const CLIENTS_WAITING_MAX = 2_000
const READY_MAX_LEAST = 2_048
/** When a batch waits for company, and for how much of it. */
const BATCH_INTERVAL_MS = 100
const BATCH_WORTHWHILE = 32

function openIntake(ready: number) {
  const owner = createContext()
  const pool = createMempool({ rules: config })
  const mempool = { ...pool, size: () => ({ count: ready, bytes: 0, queued: 0 }) }
  const shard = { mempool, congested: () => false, updateWork: () => undefined }
  const options = { config, shard: () => shard, members: () => [1, 2], topic: 'transactions' }
  return { owner, mempool, intake: createTransactionIntake(owner.context, options) }
}

function refusalsIn(effects: readonly ValidatorEffect[]): readonly string[] {
  return effects.flatMap((effect) =>
    effect.kind === 'submitted' && !effect.result.ok ? [effect.result.reject.code] : [],
  )
}

describe('validator: transaction intake', () => {
  test('validator: transaction intake: a client is refused before any work while the pool holds seconds of work', () => {
    const { owner, intake } = openIntake(READY_MAX_LEAST)
    intake.submit(1, Uint8Array.of(2))
    expect(refusalsIn(owner.take())).toEqual(['pool-full'])
    owner.begin({ now: 10_000, wallMs: 10_000 })
    intake.tick()
    expect(owner.take()).toEqual([])
  })

  test('validator: transaction intake: what members passed on counts against clients, not the other way round', () => {
    const { owner, intake } = openIntake(0)
    const raws = Array.from({ length: CLIENTS_WAITING_MAX }, (_, index) =>
      Uint8Array.of(2, index >> 8, index & 255),
    )
    intake.relay(raws)
    intake.submit(1, Uint8Array.of(2))
    expect(refusalsIn(owner.take())).toEqual(['pool-full'])
    intake.relay([Uint8Array.of(2, 1, 1, 1)])
    owner.begin({ now: 10_000, wallMs: 10_000 })
    intake.tick()
    const [effect] = owner.take()
    expect(effect?.kind).toBe('recover')
  })

  test('validator: transaction intake: the executor is asked once about a sender, then blocks tell', () => {
    const { owner, intake, mempool } = openIntake(0)
    const asked: string[] = []
    for (const nonce of [0, 1, 2]) {
      const checked = payment(config, { from: 1, nonce })
      intake.submit(1 + nonce, checked.raw)
      const at = 10_000 * (nonce + 1)
      owner.begin({ now: at, wallMs: at })
      intake.tick()
      for (const effect of owner.take()) {
        if (effect.kind === 'recover') owner.answer('recover', effect.job, [checked])
      }
      for (const effect of owner.take()) {
        if (effect.kind !== 'execute') continue
        asked.push(effect.request.kind)
        const accounts = [{ address: checked.sender, nonce: 0, balance: 10n ** 24n }]
        owner.answer('execute', effect.job, { kind: 'accounts', height: 1, accounts })
      }
      owner.take()
    }
    expect(asked).toEqual(['accounts'])
    expect(mempool.list(9)).toHaveLength(3)
    mempool.finalize(2, [{ address: payment(config, { from: 1 }).sender, nonce: 3, balance: 5n }])
    expect(mempool.accounts.of(payment(config, { from: 1 }).sender)?.nonce).toBe(3)
  })

  test('validator: transaction intake: accounts forgotten while the executor is asked are asked for again', () => {
    const { owner, intake, mempool } = openIntake(0)
    const known = payment(config, { from: 1 })
    const unknown = payment(config, { from: 2 })
    const view = ({ sender }: typeof known) => ({ address: sender, nonce: 0, balance: 10n ** 24n })
    mempool.accounts.learn([view(known)])
    intake.relay([known.raw, unknown.raw])
    owner.begin({ now: 10_000, wallMs: 10_000 })
    intake.tick()
    for (const effect of owner.take()) {
      if (effect.kind === 'recover') owner.answer('recover', effect.job, [known, unknown])
    }
    const [asked] = owner.take()
    if (asked?.kind !== 'execute') throw new Error('the executor was not asked')
    // A snapshot takes the place of the state.
    mempool.accounts.forget()
    const first = { kind: 'accounts', height: 1, accounts: [view(unknown)] } as const
    owner.answer('execute', asked.job, first)
    const [again] = owner.take()
    if (again?.kind !== 'execute') throw new Error('the executor was not asked again')
    const second = { kind: 'accounts', height: 1, accounts: [view(known)] } as const
    owner.answer('execute', again.job, second)
    expect(mempool.list(9)).toHaveLength(2)
  })

  test('validator: transaction intake: what waits already is not checked a second time', () => {
    const { owner, intake } = openIntake(0)
    const { raw } = payment(config, { from: 1 })
    intake.submit(1, raw)
    intake.submit(2, raw)
    intake.relay([raw])
    expect(refusalsIn(owner.take())).toEqual(['already-known'])
    owner.begin({ now: 10_000, wallMs: 10_000 })
    intake.tick()
    const effects = owner.take()
    expect(effects.map((effect) => effect.kind === 'recover' && effect.raws.length)).toEqual([1])
    for (const effect of effects) {
      if (effect.kind === 'recover') owner.answer('recover', effect.job, [undefined])
    }
    owner.take()
    intake.submit(3, raw)
    expect(refusalsIn(owner.take())).toEqual([])
  })

  test('validator: transaction intake: few wait for company, and a client that sends many at a time does not wait', () => {
    const { owner, intake } = openIntake(0)
    let request = 0
    const sizesAfter = (count: number, now: number): readonly number[] => {
      for (let index = 0; index < count; index++) {
        request++
        intake.submit(request, Uint8Array.of(2, request >> 8, request & 255))
      }
      owner.begin({ now, wallMs: now })
      intake.tick()
      return owner.take().flatMap((effect) => {
        if (effect.kind !== 'recover') return []
        owner.answer(
          'recover',
          effect.job,
          effect.raws.map(() => undefined),
        )
        owner.take()
        return [effect.raws.length]
      })
    }
    expect(sizesAfter(1, 10_000)).toEqual([1])
    expect(sizesAfter(BATCH_WORTHWHILE - 1, 10_001)).toEqual([])
    expect(sizesAfter(0, 10_000 + BATCH_INTERVAL_MS)).toEqual([BATCH_WORTHWHILE - 1])
    expect(sizesAfter(BATCH_WORTHWHILE, 10_001 + BATCH_INTERVAL_MS)).toEqual([BATCH_WORTHWHILE])
  })

  test('validator: transaction intake: below both marks a client is heard', () => {
    const { owner, intake } = openIntake(READY_MAX_LEAST - 1)
    intake.submit(1, Uint8Array.of(2))
    owner.begin({ now: 10_000, wallMs: 10_000 })
    intake.tick()
    expect(owner.take().map(({ kind }) => kind)).toEqual(['recover'])
  })
})
