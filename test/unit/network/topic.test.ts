import { expect, test } from 'vitest'
import { allTopics, parseTopic, topicName } from '../../../node/network/topic.ts'

const GENESIS = new Uint8Array(32).map((_byte, index) => index + 0xa0)

test('network: topic: a name holds network, chain and plane, and reads back', () => {
  const name = topicName(GENESIS, 12, 'receipts')
  expect(name).toBe('/weft/a0a1a2a3/12/receipts')
  const value = { network: 'a0a1a2a3', chain: 12, plane: 'receipts' }
  expect(parseTopic(name)).toEqual({ ok: true, value })
})

test('network: topic: all topics of a network are distinct and read back', () => {
  const names = allTopics(GENESIS, 64)
  expect(names).toHaveLength(65 * 4)
  expect(new Set(names).size).toBe(names.length)
  expect(names.slice(0, 5)).toEqual([
    '/weft/a0a1a2a3/0/blk',
    '/weft/a0a1a2a3/0/fin',
    '/weft/a0a1a2a3/0/xlink',
    '/weft/a0a1a2a3/0/evidence',
    '/weft/a0a1a2a3/1/tx',
  ])
  for (const name of names) expect(parseTopic(name).ok, name).toBe(true)
})

test('network: topic: a name that topicName could not have made is refused', () => {
  const foreign = [
    '',
    '/weft/a0a1a2a3/0/tx',
    '/weft/a0a1a2a3/1/xlink',
    '/weft/a0a1a2a3/65/tx',
    '/weft/a0a1a2a3/01/tx',
    '/weft/a0a1a2a3/-1/tx',
    '/weft/A0A1A2A3/1/tx',
    '/weft/a0a1a2/1/tx',
    '/weft/a0a1a2a3/1/tx/',
    '/weft/a0a1a2a3/1/constructor',
    ' /weft/a0a1a2a3/1/tx',
    '/weft/a0a1a2a3/1/tx\n',
  ]
  for (const name of foreign) expect(parseTopic(name).ok, JSON.stringify(name)).toBe(false)
})

test('network: topic: a plane that the chain does not have is our bug', () => {
  expect(() => topicName(GENESIS, 0, 'tx')).toThrow('the chain has this plane')
  expect(() => topicName(GENESIS, 65, 'tx')).toThrow('a chain number')
})
