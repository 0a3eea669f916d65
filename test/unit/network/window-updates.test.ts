/**
 * Yamux streams answer with a window update when half of the window is used up, not at every frame. That long transfers go
 * on under it is tested over real connections (test/network/exchange.test.ts).
 */
import { StreamState, YamuxStream } from '@chainsafe/libp2p-yamux/stream'
import { expect, test } from 'vitest'
import { updateWindowsAtHalf } from '../../../node/network/io/window-updates.ts'

const WINDOW = 1000

/** What the updates of a stream say that has so many bytes of its window left. */
function updatesAt(capacity: number, state: StreamState): readonly number[] {
  const sent: number[] = []
  const stream = Object.create(YamuxStream.prototype) as YamuxStream
  Object.assign(stream, {
    state,
    recvWindow: WINDOW,
    recvWindowCapacity: capacity,
    maxStreamWindowSize: WINDOW,
    epochStart: 0,
    getRTT: () => -1,
    sendFrame: ({ length }: { readonly length: number }) => sent.push(length),
  })
  stream.sendWindowUpdate()
  return sent
}

test('network: window updates: none before half of the window is used, then one for all of it', () => {
  updateWindowsAtHalf()
  expect(updatesAt(WINDOW - 1, StreamState.Established)).toEqual([])
  expect(updatesAt(WINDOW / 2 + 1, StreamState.Established)).toEqual([])
  expect(updatesAt(WINDOW / 2, StreamState.Established)).toEqual([WINDOW / 2])
  expect(updatesAt(0, StreamState.Established)).toEqual([WINDOW])
})

test('network: window updates: the ones that open and accept a stream always go out', () => {
  updateWindowsAtHalf()
  expect(updatesAt(WINDOW, StreamState.Init)).toEqual([0])
  expect(updatesAt(WINDOW, StreamState.SYNReceived)).toEqual([0])
})

test('network: window updates: a paused stream asks for nothing', () => {
  updateWindowsAtHalf()
  expect(updatesAt(0, StreamState.Paused)).toEqual([])
})
