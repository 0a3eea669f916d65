/** How messages reach the socket. */
import { Socket } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { numbered, startTestNode } from './test-node.ts'
import { until } from './until.ts'

/** The smallest message of Noise: two bytes of length, no content, sixteen bytes of tag. */
const NOISE_BYTES_MIN = 18

test('network: one write: no write carries only a part of a message', async () => {
  const left = await startTestNode()
  const right = await startTestNode({ bootstrap: [left.address] })
  await until('both see each other', () => {
    return left.seen.connected.has(right.peer) && right.seen.connected.has(left.peer)
  })
  const write = vi.spyOn(Socket.prototype, 'write')
  onTestFinished(() => write.mockRestore())
  const sizes = [8, 1500, 20_000, 300_000]
  for (const size of sizes) left.network.send(right.peer, 'consensus', new Uint8Array(size).fill(1))
  right.network.send(left.peer, 'relay', numbered(1))
  await until('all frames are there', () => {
    return right.seen.frames.length === sizes.length && left.seen.frames.length === 1
  })
  const messages = write.mock.calls.map(([bytes]) => bytes as Uint8Array)
  expect(messages.length).toBeGreaterThan(3)
  for (const bytes of messages) expect(bytes.length).toBeGreaterThanOrEqual(NOISE_BYTES_MIN)
  // One message of Noise may be long; then a write has many, and begins with the length of the first.
  for (const bytes of messages) {
    let end = 0
    while (end < bytes.length) end += 2 + ((bytes[end] ?? 0) << 8) + (bytes[end + 1] ?? 0)
    expect(end).toBe(bytes.length)
  }
})
