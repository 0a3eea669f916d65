/** What a check asks of the signature scheme (A.9). */
import { describe, expect, it } from 'vitest'
import { runChecks, verdictOf, verificationOf } from '../../../node/consensus/verification.ts'
import { signingRoot } from '../../../node/crosslink/certificate.ts'
import {
  blockOn,
  certificateOf,
  configOf,
  domain,
  genesis,
  proposalOf,
  scheme,
  voteOf,
} from './support/fixtures.ts'

const config = configOf(4, 0)
const proposal = proposalOf(blockOn(genesis, 1), 0)

describe('consensus: verification', () => {
  it('consensus: verification: a vote is one key, one root, one signature', () => {
    const vote = voteOf('notarize', 2, proposal)
    expect(verificationOf(config, { kind: 'vote', vote })).toEqual({
      publicKeys: [config.committee[2]],
      message: signingRoot(domain, 'notarize', 1, proposal),
      signatures: [vote.signature],
      mode: 'single',
    })
  })

  it('consensus: verification: a certificate is the keys of its bitmap in seat order', () => {
    const certificate = certificateOf('nullify', 5, 4, [3, 0, 2])
    expect(verificationOf(config, { kind: 'certificate', certificate })).toMatchObject({
      publicKeys: [0, 2, 3].map((seat) => config.committee[seat]),
      mode: 'aggregate',
    })
  })

  it('consensus: verification: good votes and certificates pass, and the aggregate comes with the verdict', () => {
    const votes = [0, 1, 3].map((seat) => voteOf('finalize', seat, proposal))
    const certificate = certificateOf('finalize', proposal, 4, [0, 1, 3])
    const verdicts = runChecks(config, scheme, [
      { kind: 'vote', vote: voteOf('nullify', 1, 7) },
      { kind: 'certificate', certificate },
      { kind: 'aggregate', votes },
    ])
    expect(verdicts).toEqual([
      { ok: true },
      { ok: true },
      { ok: true, aggregate: certificate.signature },
    ])
  })

  it('consensus: verification: a signature is good for exactly one vote in one domain', () => {
    const vote = voteOf('notarize', 0, proposal)
    const elsewhere = [
      { ...domain, epoch: domain.epoch + 1 },
      { ...domain, chain: domain.chain + 1 },
      { ...domain, genesisHash: genesis.hash },
    ]
    for (const other of elsewhere) {
      expect(runChecks({ ...config, domain: other }, scheme, [{ kind: 'vote', vote }])).toEqual([
        { ok: false },
      ])
    }
    const changed = [
      { ...vote, kind: 'finalize' as const },
      { ...vote, seat: 1 },
      { ...vote, proposal: { ...proposal, parentView: 9 } },
      { ...vote, view: 2, proposal: { ...proposal, view: 2 } },
    ]
    const checks = changed.map((one) => ({ kind: 'vote', vote: one }) as const)
    expect(runChecks(config, scheme, checks)).toEqual(changed.map(() => ({ ok: false })))
  })

  it('consensus: verification: a certificate that claims other signers fails', () => {
    const certificate = {
      ...certificateOf('nullify', 5, 4, [0, 1, 2]),
      signers: Uint8Array.of(0b1110),
    }
    expect(runChecks(config, scheme, [{ kind: 'certificate', certificate }])).toEqual([
      { ok: false },
    ])
  })

  it('consensus: verification: an aggregate with one bad or malformed signature fails', () => {
    const votes = [0, 1, 2].map((seat) => voteOf('nullify', seat, 5))
    for (const signature of [new Uint8Array(32), new Uint8Array(5)]) {
      const spoilt = votes.map((vote, index) => (index === 1 ? { ...vote, signature } : vote))
      expect(runChecks(config, scheme, [{ kind: 'aggregate', votes: spoilt }])).toEqual([
        { ok: false },
      ])
    }
  })

  it('consensus: verification: a worker answer becomes a verdict', () => {
    const aggregate = Uint8Array.of(1)
    expect(verdictOf({ ok: true, aggregate })).toEqual({ ok: true, aggregate })
    expect(verdictOf({ ok: true })).toEqual({ ok: true })
    expect(verdictOf({ ok: false, aggregate })).toEqual({ ok: false })
  })
})
