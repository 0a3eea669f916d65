import { expect, test } from 'vitest'
import {
  bindingMessage,
  decodeAnswer,
  decodeQuestion,
  encodeAnswer,
  encodeQuestion,
} from '../../../node/network/handshake.ts'
import { toHex } from '../../../node/primitives/bytes.ts'

const GENESIS = new Uint8Array(32).fill(1)
const OTHER = new Uint8Array(32).fill(2)
const NONCE = new Uint8Array(32).fill(3)
const PROOF = { validator: 7, signature: new Uint8Array(96).fill(4) }

function codeOf(result: { ok: true } | { ok: false; reject: { code: string } }): string {
  return result.ok ? 'accepted' : result.reject.code
}

test('network: handshake: question and answer read back', () => {
  const question = { genesisHash: GENESIS, nonce: NONCE }
  expect(decodeQuestion(encodeQuestion(question), GENESIS)).toEqual({ ok: true, value: question })
  for (const proof of [undefined, PROOF]) {
    const answer = { genesisHash: GENESIS, proof }
    expect(decodeAnswer(encodeAnswer(answer), GENESIS)).toEqual({ ok: true, value: answer })
  }
})

test('network: handshake: another network and another version are refused by name', () => {
  const question = encodeQuestion({ genesisHash: OTHER, nonce: NONCE })
  const answer = encodeAnswer({ genesisHash: OTHER, proof: PROOF })
  expect(codeOf(decodeQuestion(question, GENESIS))).toBe('other-network')
  expect(codeOf(decodeAnswer(answer, GENESIS))).toBe('other-network')
  // A version with a layout of its own: only the number is looked at.
  expect(codeOf(decodeQuestion(Uint8Array.of(0, 2), GENESIS))).toBe('other-version')
  expect(codeOf(decodeAnswer(Uint8Array.of(0, 9, 1, 2, 3), GENESIS))).toBe('other-version')
})

test('network: handshake: every cut and every extra byte is malformed', () => {
  const question = encodeQuestion({ genesisHash: GENESIS, nonce: NONCE })
  const answer = encodeAnswer({ genesisHash: GENESIS, proof: PROOF })
  for (let size = 0; size < answer.length; size++) {
    expect(codeOf(decodeAnswer(answer.subarray(0, size), GENESIS)), `${size}`).toBe('malformed')
    if (size >= question.length) continue
    expect(codeOf(decodeQuestion(question.subarray(0, size), GENESIS)), `${size}`).toBe('malformed')
  }
  expect(codeOf(decodeQuestion(Uint8Array.of(...question, 0), GENESIS))).toBe('malformed')
  expect(codeOf(decodeAnswer(Uint8Array.of(...answer, 0), GENESIS))).toBe('malformed')
})

test('network: handshake: the signed message depends on each thing it binds', () => {
  const binding = {
    genesisHash: GENESIS,
    validator: 7,
    claimant: '12D3KooWClaimant',
    asker: '12D3KooWAsker',
    nonce: NONCE,
  }
  const variants = [
    binding,
    { ...binding, genesisHash: OTHER },
    { ...binding, validator: 8 },
    { ...binding, claimant: '12D3KooWOther' },
    { ...binding, asker: '12D3KooWOther' },
    { ...binding, claimant: binding.asker, asker: binding.claimant },
    { ...binding, claimant: '12D3KooWClaimant12D3', asker: 'KooWAsker' },
    { ...binding, nonce: OTHER },
  ]
  const messages = variants.map((variant) => toHex(bindingMessage(variant)))
  expect(new Set(messages).size).toBe(variants.length)
  expect(messages.every((message) => message.length === 64)).toBe(true)
})
