/** Going on from a final block whose state came from elsewhere (S.8). The engine under test has seat 3. */
import { describe, expect, it } from 'vitest'
import type { ChainBlock } from '../../../node/consensus/message.ts'
import { present } from '../../../node/primitives/assert.ts'
import { blockOn, certificateOf, genesis, proposalOf } from './support/fixtures.ts'
import { createSolo, effectsOf, type Solo } from './support/solo.ts'

function chainOf(count: number): readonly ChainBlock[] {
  const blocks: ChainBlock[] = []
  for (let view = 1; view <= count; view++) blocks.push(blockOn(blocks.at(-1) ?? genesis, view))
  return blocks
}

function at(blocks: readonly ChainBlock[], view: number): ChainBlock {
  return present(blocks[view - 1], 'the chain has this view')
}

function adopt(solo: Solo, block: ChainBlock) {
  const certificate = certificateOf('finalize', proposalOf(block, block.view - 1), 4)
  return solo.feed({ kind: 'adopt', block, certificate })
}

describe('consensus: adopting', () => {
  it('consensus: adopting: the chain goes on from the adopted block, and what is skipped is never asked for', () => {
    const blocks = chainOf(42)
    const solo = createSolo()
    const effects = adopt(solo, at(blocks, 40))
    expect(solo.engine.status()).toMatchObject({
      view: 41,
      deliveredHeight: genesis.height + 40,
      viewsBehind: 0,
    })
    expect(effectsOf(effects, 'finalized').map(({ block }) => block.view)).toEqual([40])
    const floors = effectsOf(effects, 'persist').filter(({ record }) => record.kind === 'floor')
    expect(floors).toMatchObject([{ record: { view: 40, height: genesis.height + 40 } }])
    expect(effectsOf(effects, 'send')).toEqual([])
    const [next, last] = [at(blocks, 41), at(blocks, 42)]
    solo.hearCertificate(certificateOf('finalize', proposalOf(last, 41), 4))
    solo.hear(undefined, { kind: 'block', block: last })
    solo.hear(undefined, { kind: 'block', block: next })
    expect(solo.engine.status().deliveredHeight).toBe(genesis.height + 42)
  })

  it('consensus: adopting: an older block than the delivered one changes nothing', () => {
    const blocks = chainOf(40)
    const solo = createSolo()
    adopt(solo, at(blocks, 40))
    expect(adopt(solo, at(blocks, 30))).toEqual([])
    expect(solo.engine.status().deliveredHeight).toBe(genesis.height + 40)
  })

  it('consensus: adopting: a newer finalization that was known stays the newest', () => {
    const blocks = chainOf(50)
    const solo = createSolo()
    solo.hearCertificate(certificateOf('finalize', proposalOf(at(blocks, 50), 49), 4))
    adopt(solo, at(blocks, 40))
    expect(solo.engine.status()).toMatchObject({ view: 51, lastFinalizedView: 50, viewsBehind: 10 })
  })

  it('consensus: adopting: after a restart the engine stands at the adopted block', () => {
    const block = at(chainOf(40), 40)
    const before = createSolo()
    const records = effectsOf(adopt(before, block), 'persist').map(({ record }) => record)
    const after = createSolo({ journal: records, blocks: [block] })
    expect(after.engine.status()).toMatchObject({ view: 41, deliveredHeight: block.height })
  })
})
