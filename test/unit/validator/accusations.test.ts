/** Accusations on their way into a block: what is told, what is checked, and what is kept for how long (B.6). */
import { describe, expect, it } from 'vitest'
import type { BeaconState } from '../../../node/beacon/state.ts'
import type { Accusation, Statement } from '../../../node/crosslink/accusation.ts'
import { signingRoot } from '../../../node/crosslink/certificate.ts'
import { createAccusations } from '../../../node/validator/accusations.ts'
import { createContext } from '../../../node/validator/context.ts'
import type { ValidatorEffect } from '../../../node/validator/contract.ts'
import { exampleState, keyOf, scheme } from '../beacon/network.ts'
import { hashOf } from '../crosslink/examples.ts'

const genesis = exampleState()
const CHAIN = 1
const VIEW = 3
const SEATS = [4, 5, 6, 7]

function statementOf(validator: number, name: string): Statement {
  const proposal = {
    view: VIEW,
    parentView: 2,
    parentHash: hashOf('parent'),
    hash: hashOf(name),
  }
  const domain = { genesisHash: genesis.genesisHash, chain: CHAIN, epoch: 0 }
  const root = signingRoot(domain, 'notarize', VIEW, proposal)
  return { kind: 'notarize', proposal, signature: scheme.sign(keyOf(validator).secretKey, root) }
}

function accusationOf(validator: number): Accusation {
  const [first, second] = [statementOf(validator, 'one'), statementOf(validator, 'two')]
  return { validator, chain: CHAIN, epoch: 0, view: VIEW, first, second }
}

function open() {
  const owner = createContext()
  owner.begin({ now: 0, wallMs: 0 })
  let head: BeaconState = genesis
  let news = 0
  const accusations = createAccusations(owner.context, {
    head: () => head,
    seatsOf: (chain, epoch) => (chain === CHAIN && epoch === 0 ? SEATS : undefined),
    others: () => [1, 2],
    accepted: () => {
      news++
    },
  })
  const sent = (): readonly ValidatorEffect[] => owner.take()
  /** Says of every check under way that all signatures are good, or that one is not. */
  const judge = (ok: boolean): number => {
    const checks = sent().flatMap((effect) => (effect.kind === 'check' ? [effect] : []))
    for (const { job, questions } of checks)
      owner.answer(
        'check',
        job,
        questions.map((_, index) => ({ ok: ok || index > 0 })),
      )
    return checks.length
  }
  return {
    accusations,
    sent,
    judge,
    newsCount: () => news,
    slash: (validator: number) => {
      const validators = head.validators.map((one, index) =>
        index === validator ? { ...one, status: 'slashed' as const } : one,
      )
      head = { ...head, validators }
    },
  }
}

function evidenceOf(seat: number) {
  const validator = SEATS[seat] ?? -1
  const vote = (name: string) => ({ ...statementOf(validator, name), view: VIEW, seat })
  const domain = { genesisHash: genesis.genesisHash, chain: CHAIN, epoch: 0 }
  return { domain, seat, first: vote('one'), second: vote('two') }
}

describe('accusations', () => {
  it('accusations: B.6: what an engine has caught is told to everybody else once, and kept', () => {
    const { accusations, sent, newsCount } = open()
    accusations.found(evidenceOf(1))
    const told = sent()
    expect(told).toMatchObject([
      { kind: 'send', to: [1, 2], message: { kind: 'accusation', accusation: { validator: 5 } } },
    ])
    accusations.found(evidenceOf(1))
    expect(sent()).toEqual([])
    expect(accusations.all().map(({ validator }) => validator)).toEqual([5])
    expect(newsCount()).toBe(1)
  })

  it('accusations: B.6: of an epoch whose seats are not known nothing is made', () => {
    const { accusations, sent } = open()
    const evidence = evidenceOf(1)
    accusations.found({ ...evidence, domain: { ...evidence.domain, epoch: 4 } })
    accusations.found({ ...evidence, seat: 4 })
    expect([sent(), accusations.all()]).toEqual([[], []])
  })

  it('accusations: B.6: what others bring is kept only if both signatures are good, and not told on', () => {
    const { accusations, judge, sent } = open()
    accusations.offer(accusationOf(6), 1)
    expect(accusations.all()).toEqual([])
    expect(judge(false)).toBe(1)
    expect(accusations.all()).toEqual([])
    accusations.offer(accusationOf(6), 1)
    expect(judge(true)).toBe(1)
    expect(accusations.all()).toEqual([accusationOf(6)])
    expect(sent()).toEqual([])
  })

  it('accusations: B.6: of one accuser one is checked at a time, and what proves nothing is not checked at all', () => {
    const { accusations, judge } = open()
    for (const validator of [4, 5, 6]) accusations.offer(accusationOf(validator), 1)
    accusations.offer(accusationOf(7), 2)
    expect(judge(true)).toBe(2)
    expect(accusations.all().map(({ validator }) => validator)).toEqual([4, 7])
    const { first } = accusationOf(6)
    accusations.offer({ ...accusationOf(6), second: first }, 1)
    accusations.offer({ ...accusationOf(6), validator: 999 }, 1)
    accusations.offer(accusationOf(4), 1)
    expect(judge(true)).toBe(0)
  })

  it('accusations: B.6: it is work until its accused is slashed, and forgotten then', () => {
    const { accusations, slash } = open()
    expect(accusations.review(genesis)).toBe(false)
    accusations.found(evidenceOf(1))
    expect(accusations.review(genesis)).toBe(true)
    slash(5)
    expect(accusations.review(genesis)).toBe(false)
    expect(accusations.all()).toEqual([])
    accusations.found(evidenceOf(1))
    expect(accusations.all()).toEqual([])
  })
})
