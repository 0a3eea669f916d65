import { expect, test } from 'vitest'
import {
  fullBucket,
  spend,
  spendIfAvailable,
  type RateLimit,
} from '../../../node/network/rate-limit.ts'

const LIMIT: RateLimit = { framesPerSecond: 10, bytesPerSecond: 1000, burstSeconds: 2 }

test('network: rate-limit: a burst passes, what is beyond must wait', () => {
  const full = fullBucket(LIMIT, 0)
  const burst = spend(LIMIT, full, { frames: 20, bytes: 2000 }, 0)
  expect(burst.waitMs).toBe(0)
  expect(spend(LIMIT, burst.bucket, { frames: 1, bytes: 0 }, 0).waitMs).toBe(100)
  expect(spend(LIMIT, burst.bucket, { frames: 0, bytes: 500 }, 0).waitMs).toBe(500)
})

test('network: rate-limit: a debt is paid in time, and never more than a burst is saved', () => {
  const debt = spend(LIMIT, fullBucket(LIMIT, 0), { frames: 0, bytes: 5000 }, 0)
  expect(debt.waitMs).toBe(3000)
  expect(spend(LIMIT, debt.bucket, { frames: 0, bytes: 0 }, 3000).waitMs).toBe(0)
  expect(spend(LIMIT, debt.bucket, { frames: 0, bytes: 0 }, 1_000_000).bucket).toEqual(
    fullBucket(LIMIT, 1_000_000),
  )
})

test('network: rate-limit: a clock that is set back refills nothing', () => {
  const empty = spend(LIMIT, fullBucket(LIMIT, 5000), { frames: 20, bytes: 0 }, 5000)
  const later = spendIfAvailable(LIMIT, empty.bucket, { frames: 1, bytes: 0 }, 0)
  expect(later.granted).toBe(false)
  expect(later.bucket.frames).toBe(0)
})

test('network: rate-limit: what is not there is refused and costs nothing', () => {
  const empty = spend(LIMIT, fullBucket(LIMIT, 0), { frames: 20, bytes: 0 }, 0).bucket
  const refused = spendIfAvailable(LIMIT, empty, { frames: 1, bytes: 0 }, 99)
  expect(refused.granted).toBe(false)
  expect(spendIfAvailable(LIMIT, refused.bucket, { frames: 1, bytes: 0 }, 100).granted).toBe(true)
})
