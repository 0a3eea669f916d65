/**
 * Two nodes over real TCP: frames, requests, their order and their limits.
 */
import { expect, test } from 'vitest'
import { RequestError } from '../../node/network/io/requests.ts'
import { equalBytes } from '../../node/primitives/bytes.ts'
import { present } from '../../node/primitives/assert.ts'
import { FRAME_BYTES_MAX } from '../../node/primitives/limits.ts'
import { REQUEST_BYTES_MAX } from '../../node/network/limits.ts'
import { REQUEST_RATE } from '../../node/network/rate-limit.ts'
import { hexes, numbered, startTestNode, type TestNode, type TestNodeOptions } from './test-node.ts'
import { until } from './until.ts'

async function startPair(
  first: TestNodeOptions = {},
  second: TestNodeOptions = {},
): Promise<readonly [TestNode, TestNode]> {
  const left = await startTestNode(first)
  const right = await startTestNode({ bootstrap: [left.address], ...second })
  await until('both see each other', () => {
    return left.seen.connected.has(right.peer) && right.seen.connected.has(left.peer)
  })
  return [left, right]
}

test('network: frames: many small frames arrive in order on both channels', async () => {
  const [left, right] = await startPair()
  for (let index = 0; index < 500; index++) {
    left.network.send(right.peer, 'consensus', numbered(index))
    left.network.send(right.peer, 'relay', numbered(1000 + index))
    right.network.send(left.peer, 'consensus', numbered(2000 + index))
  }
  await until('all frames are there', () => {
    return right.seen.frames.length === 1000 && left.seen.frames.length === 500
  })
  const consensus = right.seen.frames.filter(({ channel }) => channel === 'consensus')
  const relay = right.seen.frames.filter(({ channel }) => channel === 'relay')
  expect(hexes(consensus)).toEqual(hexes(consensus).toSorted())
  expect(hexes(relay)).toEqual(hexes(relay).toSorted())
  expect(new Set(right.seen.frames.map(({ from }) => from))).toEqual(new Set([left.peer]))
  expect(left.network.stats().framesSent).toEqual({ consensus: 500, relay: 500 })
})

test('network: frames: a frame of the largest size arrives unchanged among small ones', async () => {
  const [left, right] = await startPair()
  const large = new Uint8Array(FRAME_BYTES_MAX)
  for (let index = 0; index < large.length; index++) large[index] = (index * 31) & 0xff
  left.network.send(right.peer, 'consensus', numbered(1))
  left.network.send(right.peer, 'consensus', large)
  left.network.send(right.peer, 'consensus', numbered(2))
  await until('three frames are there', () => right.seen.frames.length === 3)
  const sizes = right.seen.frames.map(({ bytes }) => bytes.length)
  expect(sizes).toEqual([8, FRAME_BYTES_MAX, 8])
  const received = present(right.seen.frames[1], 'the second frame is there')
  expect(equalBytes(received.bytes, large)).toBe(true)
})

test('network: frames: a frame beyond the queue or to a stranger is dropped and counted', async () => {
  const [left, right] = await startPair()
  const megabyte = new Uint8Array(FRAME_BYTES_MAX)
  for (let index = 0; index < 5; index++) left.network.send(right.peer, 'relay', megabyte)
  left.network.send('12D3KooWNobody', 'relay', numbered(1))
  expect(left.network.stats().framesDropped).toBe(4)
  await until('the queued frames arrive', () => right.seen.frames.length === 2)
})

test('network: requests: an answer of the largest size comes back', async () => {
  const answer = new Uint8Array(FRAME_BYTES_MAX).fill(7)
  const asked: Uint8Array[] = []
  const onRequest = (_from: string, bytes: Uint8Array): Promise<Uint8Array> => {
    asked.push(bytes)
    return Promise.resolve(answer)
  }
  const [left, right] = await startPair({ onRequest })
  const received = await right.network.request(left.peer, numbered(42), 20_000)
  expect(equalBytes(received, answer)).toBe(true)
  expect(asked).toEqual([numbered(42)])
})

test('network: requests: each refusal has its code', async () => {
  const never = new Promise<Uint8Array>(() => {})
  const onRequest = (_from: string, bytes: Uint8Array): Promise<Uint8Array | undefined> =>
    bytes[3] === 1 ? never : Promise.resolve(undefined)
  const [left, right] = await startPair({ onRequest })
  const codeOf = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => 'answered',
      (error: unknown) => (error instanceof RequestError ? error.code : error),
    )
  const { network } = right
  expect(await codeOf(network.request(left.peer, numbered(0), 10_000))).toBe('refused')
  expect(await codeOf(network.request(left.peer, numbered(1), 100))).toBe('timeout')
  expect(await codeOf(network.request('12D3KooWNobody', numbered(1), 100))).toBe('not-connected')
  expect(await codeOf(network.request(left.peer, new Uint8Array(70_000), 100))).toBe('too-large')
  const open = Array.from({ length: 7 }, () => codeOf(network.request(left.peer, numbered(1), 500)))
  expect((await Promise.all(open)).filter((code) => code === 'busy')).toHaveLength(3)
})

test('network: requests: many answered one after another leave no stream behind', async () => {
  const [left, right] = await startPair({ onRequest: (_from, bytes) => Promise.resolve(bytes) })
  for (let index = 0; index < 40; index++) {
    expect(await right.network.request(left.peer, numbered(index), 10_000)).toEqual(numbered(index))
  }
})

test('network: requests: a peer that asks too often is refused, others are not', async () => {
  const [left, right] = await startPair({ onRequest: () => Promise.resolve(numbered(0)) })
  const other = await startTestNode({ bootstrap: [left.address] })
  await until('the other is there', () => other.seen.connected.has(left.peer))
  const question = new Uint8Array(REQUEST_BYTES_MAX)
  const ask = async (): Promise<boolean> => {
    try {
      await right.network.request(left.peer, question, 10_000)
      return true
    } catch {
      return false
    }
  }
  let answered = 0
  // The largest questions, asked faster than the rate: the bytes of the burst are used up.
  const most = (REQUEST_RATE.bytesPerSecond * REQUEST_RATE.burstSeconds) / question.length
  let isRefused = false
  while (!isRefused && answered < most * 20) {
    const round = await Promise.all([ask(), ask(), ask(), ask()])
    isRefused = round.includes(false)
    answered += round.filter(Boolean).length
  }
  expect(isRefused).toBe(true)
  expect(answered).toBeGreaterThanOrEqual(most)
  expect(await other.network.request(left.peer, question, 10_000)).toEqual(numbered(0))
})
