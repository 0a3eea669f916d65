/** Vices of members who vote and speak: votes that contradict each other, crosslinks that are not so, noise. */
import { describe, expect, test } from 'vitest'
import { adversaryNamed, ADVERSARY_NAMES } from '../../../devnet/adversaries/registry.ts'
import { corruptFor } from '../../../devnet/adversaries/corrupt-process.ts'
import { crosslinkCheck } from '../../../node/beacon/transition.ts'
import type { Crosslink } from '../../../node/crosslink/crosslink.ts'
import { createMockScheme } from '../../../node/primitives/mock-signature.ts'
import { createPrng } from '../../../node/primitives/prng.ts'
import { decodeNodeMessage, encodeNodeMessage } from '../../../node/validator/wire.ts'
import { keyOf } from '../../simulation/sharded/genesis.ts'
import { isSignedBy, play, proposalsSaid, refusalsWith, votesSaid, type Stage } from './stage.ts'

/** Views of a chain that one seat voted both to give up and to finalize, signatures checked. */
function contradictions(stage: Stage): ReadonlySet<string> {
  const kinds = new Map<string, Set<string>>()
  for (const one of votesSaid(stage)) {
    if (!isSignedBy(stage, one)) continue
    const key = `${one.node}/${one.chain}/${one.vote.view}`
    kinds.set(key, (kinds.get(key) ?? new Set()).add(one.vote.kind))
  }
  const both = [...kinds].filter(([, seen]) => seen.has('nullify') && seen.has('finalize'))
  return new Set(both.map(([key]) => key))
}

function crosslinksSaid(stage: Stage): readonly Crosslink[] {
  return stage.said.flatMap(({ message }) => {
    return message.kind === 'crosslink' ? [message.crosslink] : []
  })
}

function isGenuine(stage: Stage, crosslink: Crosslink): boolean {
  const demand = crosslinkCheck(stage.trial.world.validator(0).beacon.head(), crosslink)
  const [signature] = demand?.signatures ?? []
  if (demand === undefined || signature === undefined) return false
  return createMockScheme().verifyAggregate(demand.publicKeys, demand.message, signature)
}

/** Evidence names the byzantine, and nobody else. */
function expectOnlyGuilty(stage: Stage): void {
  const { committees } = stage.trial.world.validator(0).beacon.head()
  expect(stage.accused.length).toBeGreaterThan(0)
  for (const { domain, seat } of stage.accused) {
    expect(stage.byzantine).toContain(committees[domain.chain]?.[seat])
  }
}

describe('adversaries: votes', () => {
  test('adversaries: vote-for-everything: votes to finalize and to give up what it hears of', () => {
    const stage = play('vote-for-everything')
    expect(contradictions(stage).size).toBeGreaterThan(10)
    expectOnlyGuilty(stage)
  })

  test('adversaries: nullify-and-finalize: contradicts itself in every view it finalizes', () => {
    const stage = play('nullify-and-finalize')
    expect(contradictions(stage).size).toBeGreaterThan(10)
    expectOnlyGuilty(stage)
  })

  test('adversaries: wrong-epoch-voter: signs for the next epoch and for other chains', () => {
    const stage = play('wrong-epoch-voter')
    const votes = votesSaid(stage)
    const early = votes.filter(({ epoch }) => epoch === 1)
    expect(early.length).toBeGreaterThan(10)
    for (const one of early) expect(isSignedBy(stage, one, 1)).toBe(true)
    const mislabelled = votes.filter(
      (one) => one.epoch === 0 && !isSignedBy(stage, one) && isSignedBy(stage, one, 1),
    )
    expect(mislabelled.length).toBeGreaterThan(10)
    expect(stage.accused).toEqual([])
  })
})

describe('adversaries: accusations', () => {
  test('adversaries: false-accuser: accuses the honest in messages and in blocks, and nobody is slashed for it', () => {
    const stage = play('false-accuser')
    const accused = stage.said.flatMap(({ message }) =>
      message.kind === 'accusation' ? [message.accusation.validator] : [],
    )
    expect(accused.length).toBeGreaterThan(10)
    expect(accused.some((validator) => stage.honest.includes(validator))).toBe(true)
    expect(stage.said.some(({ message }) => message.kind === 'fork-proof')).toBe(true)
    expect(refusalsWith(stage, 'a reveal or a certificate does not verify')).toBeGreaterThan(0)
    const { validators } = stage.trial.world.validator(0).beacon.head()
    expect(validators.every(({ status }) => status === 'active')).toBe(true)
  })
})

describe('adversaries: crosslinks', () => {
  test('adversaries: forged-crosslink: brings headers under certificates of others', () => {
    const stage = play('forged-crosslink')
    const crosslinks = crosslinksSaid(stage)
    expect(crosslinks.length).toBeGreaterThan(2)
    for (const crosslink of crosslinks) expect(isGenuine(stage, crosslink)).toBe(false)
    expect(refusalsWith(stage, 'a reveal or a certificate does not verify')).toBeGreaterThan(2)
  })

  test('adversaries: stale-crosslink: brings genuine crosslinks a second time', () => {
    const stage = play('stale-crosslink')
    const crosslinks = crosslinksSaid(stage)
    for (const crosslink of crosslinks) expect(isGenuine(stage, crosslink)).toBe(true)
    const heights = crosslinks.map(({ shard, tip }) => `${shard}/${tip.height}`)
    expect(new Set(heights).size).toBeLessThan(heights.length)
    expect(refusalsWith(stage, 'tip-not-ahead')).toBeGreaterThan(2)
  })
})

describe('adversaries: noise', () => {
  test('adversaries: garbage-sender: a part of what it sends cannot be read, the rest is refused', () => {
    const stage = play('garbage-sender')
    const { wire } = stage.trial.world.validator(0)
    const unreadable = stage.said.filter(
      ({ message }) => !decodeNodeMessage(encodeNodeMessage(message), wire).ok,
    )
    expect(unreadable.length).toBeGreaterThan(5)
    const kinds = new Set(unreadable.map(({ message }) => message.kind))
    expect(kinds.has('consensus')).toBe(true)
    expect(stage.accused).toEqual([])
  })

  test('adversaries: spammer: says everything four times and floods its shard', () => {
    const stage = play('spammer', { orders: 20 })
    const [first] = proposalsSaid(stage)
    const same = stage.said.filter(({ message }) => message === first?.message)
    expect(same.length).toBe(4)
    const floods = stage.said.filter(({ message }) => message.kind === 'transactions')
    expect(floods.length).toBeGreaterThan(50)
    expect(stage.accused).toEqual([])
  })
})

describe('adversaries: registry', () => {
  test('adversaries: registry: names are unique, in kebab case, and explained', () => {
    expect(ADVERSARY_NAMES.length).toBe(20)
    expect(new Set(ADVERSARY_NAMES).size).toBe(20)
    for (const name of ADVERSARY_NAMES) {
      expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/)
      expect(adversaryNamed(name)?.description.length).toBeGreaterThan(10)
    }
    expect(adversaryNamed('honest')).toBeUndefined()
  })

  test('adversaries: process: a corrupted process says loudly what it is', () => {
    const { trial } = play('silent-leader', { orders: 0 })
    const { secretKey } = keyOf(0)
    const seat = {
      genesis: trial.genesis,
      validator: 0,
      scheme: createMockScheme(),
      secretKey,
      random: createPrng(1),
    }
    const lines: string[] = []
    corruptFor('equivocator', seat, (line) => lines.push(line))
    expect(lines.join()).toMatch(/^this validator is BYZANTINE: equivocator: shows/)
    expect(() => corruptFor('honesty', seat, () => undefined)).toThrow(/there is no vice honesty/)
  })
})
