import { describe, expect, test } from 'vitest'
import type { AccountView } from '../../../node/shards/executor.ts'
import { senderKey } from '../../../node/shards/mempool-sender.ts'
import { createKnownAccounts } from '../../../node/shards/mempool-accounts.ts'
import { address } from './fixture.ts'

const ACCOUNTS_MAX = 16_384

function account(index: number, nonce = 0): AccountView {
  return { address: address(index), nonce, balance: 1n }
}

describe('mempool: known accounts', () => {
  test('mempool: known accounts: a final block changes what is known', () => {
    const accounts = createKnownAccounts()
    accounts.learn([account(1)])
    for (const index of [1, 2]) accounts.update(senderKey(address(index)), account(index, 7))
    expect(accounts.of(address(1))?.nonce).toBe(7)
    expect(accounts.of(address(2))).toBeUndefined()
  })

  test('mempool: known accounts: the one asked for longest ago makes room', () => {
    const accounts = createKnownAccounts()
    accounts.learn([account(1), account(2)])
    accounts.of(address(1))
    accounts.learn(Array.from({ length: ACCOUNTS_MAX - 1 }, (_, index) => account(10 + index)))
    expect(accounts.of(address(1))).toBeDefined()
    expect(accounts.of(address(2))).toBeUndefined()
  })

  test('mempool: known accounts: nothing is known of a state that was taken in as a snapshot', () => {
    const accounts = createKnownAccounts()
    accounts.learn([account(1)])
    accounts.forget()
    expect(accounts.of(address(1))).toBeUndefined()
  })

  test('mempool: known accounts: an answer newer than the block that was told wins until the next block', () => {
    const accounts = createKnownAccounts()
    accounts.learn([account(1, 3)])
    accounts.learn([account(1, 4)])
    expect(accounts.of(address(1))?.nonce).toBe(4)
  })
})
