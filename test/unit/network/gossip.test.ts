import { createPeerScoreParams, validatePeerScoreParams } from '@libp2p/gossipsub/score'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createMessageIdFunction } from '../../../node/network/io/gossip.ts'
import { gossipMessageId } from '../../../node/network/gossip-message-id.ts'
import { CONNECTIONS_MAX, worstCaseBytes } from '../../../node/network/limits.ts'
import { peerScorePolicy, SCORE_THRESHOLDS } from '../../../node/network/peer-score.ts'
import { allTopics } from '../../../node/network/topic.ts'
import { equalBytes } from '../../../node/primitives/bytes.ts'

const TOPICS = allTopics(new Uint8Array(32).fill(7), 2)

test('network: gossip: the fast message id is the defined one', () => {
  const messageId = createMessageIdFunction(TOPICS)
  fc.assert(
    fc.property(fc.constantFrom(...TOPICS), fc.uint8Array({ maxLength: 500 }), (topic, data) => {
      expect(equalBytes(messageId({ topic, data }), gossipMessageId(topic, data))).toBe(true)
    }),
  )
})

test('network: gossip: a different topic or byte is a different message', () => {
  const data = Uint8Array.of(1, 2, 3)
  const ids = [
    gossipMessageId('/weft/a', data),
    gossipMessageId('/weft/b', data),
    gossipMessageId('/weft/', Uint8Array.of('a'.charCodeAt(0), 1, 2, 3)),
    gossipMessageId('/weft/a', Uint8Array.of(1, 2, 4)),
    gossipMessageId('/weft/a', Uint8Array.of(1, 2, 3, 0)),
  ]
  expect(new Set(ids.map(String)).size).toBe(ids.length)
})

test('network: gossip: the score policy is one that gossipsub accepts', () => {
  for (const loopback of [true, false]) {
    const { topics, ...policy } = peerScorePolicy(TOPICS, loopback)
    expect(Object.keys(topics)).toEqual(TOPICS)
    expect(() =>
      validatePeerScoreParams(createPeerScoreParams({ ...policy, topics })),
    ).not.toThrow()
  }
  expect(peerScorePolicy(TOPICS, true).IPColocationFactorWeight).toBe(0)
  expect(peerScorePolicy(TOPICS, false).IPColocationFactorWeight).toBeLessThan(0)
})

test('network: gossip: one invalid message outweighs all good service, two silence', () => {
  const { topics, topicScoreCap } = peerScorePolicy(TOPICS, false)
  const weight = topics[TOPICS[0] ?? '']?.invalidMessageDeliveriesWeight ?? 0
  expect(topicScoreCap + weight).toBeLessThan(0)
  expect(topicScoreCap + weight * 2 ** 2).toBeLessThan(SCORE_THRESHOLDS.graylistThreshold)
})

test('network: limits: the worst case is the one that the security page publishes', () => {
  expect(Math.ceil(worstCaseBytes(CONNECTIONS_MAX) / 2 ** 20)).toBe(508)
})
