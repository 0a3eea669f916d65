import { describe, expect, test } from 'vitest'
import { createMempool } from '../../../node/shards/mempool.ts'
import { createContext } from '../../../node/validator/context.ts'
import type { ValidatorEffect } from '../../../node/validator/contract.ts'
import { createTransactionIntake } from '../../../node/validator/transaction-intake.ts'
import { shardConfig } from '../shards/fixture.ts'

const config = shardConfig(1, { gasLimit: 1_000_000 })
/** What a client may have waiting here, and what may be ready (transaction-intake.ts). */
const CLIENTS_WAITING_MAX = 2_000
const READY_MAX_LEAST = 4_096

function openIntake(ready: number) {
  const owner = createContext()
  const pool = createMempool({ rules: config })
  const mempool = { ...pool, size: () => ({ count: ready, bytes: 0, queued: 0 }) }
  const shard = { mempool, congested: () => false, updateWork: () => undefined }
  const options = { config, shard, members: () => [1, 2], topic: 'transactions' }
  return { owner, intake: createTransactionIntake(owner.context, options) }
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
    owner.begin(10_000)
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
    intake.relay(raws)
    owner.begin(10_000)
    intake.tick()
    const [effect] = owner.take()
    expect(effect?.kind).toBe('recover')
  })

  test('validator: transaction intake: below both marks a client is heard', () => {
    const { owner, intake } = openIntake(READY_MAX_LEAST - 1)
    intake.submit(1, Uint8Array.of(2))
    owner.begin(10_000)
    intake.tick()
    expect(owner.take().map(({ kind }) => kind)).toEqual(['recover'])
  })
})
