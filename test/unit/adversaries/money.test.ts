/** Vices that are after money: what stands in their blocks, and why nobody honest takes it. */
import { describe, expect, test } from 'vitest'
import { FORGED_AMOUNT } from '../../../devnet/adversaries/forged-receipt.ts'
import { toHex } from '../../../node/primitives/bytes.ts'
import { recoverAddress } from '../../../node/primitives/io/secp256k1.ts'
import { decodeTransaction, signingHash } from '../../../node/shards/transaction.ts'
import { shardBlockOf } from '../../../node/validator/shard-block.ts'
import { blocksSaid, play, refusalsWith, type Stage } from './stage.ts'

function shardBlocks(stage: Stage) {
  return blocksSaid(stage, false).map(({ chain, block }) => ({ chain, ...shardBlockOf(block) }))
}

function signerOf(raw: Uint8Array): Uint8Array | undefined {
  const decoded = decodeTransaction(raw)
  if (!decoded.ok) return undefined
  const { signature, yParity } = decoded.value
  return recoverAddress(signingHash(decoded.value), signature, yParity)
}

function balanceOf(stage: Stage, chain: number, address: Uint8Array): bigint | undefined {
  const node = stage.trial.world.validator(0).beacon.head().committees[chain]?.[1] ?? -1
  const answer = stage.trial.world.executor(node, chain).runNow({
    kind: 'accounts',
    at: { kind: 'finalized' },
    addresses: [address],
  })
  return answer.kind === 'accounts' ? answer.accounts[0]?.balance : undefined
}

describe('adversaries: money', () => {
  test('adversaries: overspender: proposes transfers of an account that has nothing', () => {
    const stage = play('overspender')
    const unpaid = shardBlocks(stage).flatMap(({ chain, body }) =>
      body.transactions
        .map(signerOf)
        .filter((signer) => signer !== undefined && balanceOf(stage, chain, signer) === 0n),
    )
    expect(unpaid.length).toBeGreaterThan(0)
    expect(refusalsWith(stage, 'insufficient-funds')).toBeGreaterThan(2)
  })

  test('adversaries: forged-receipt: consumes and spends what no shard has sent', () => {
    const stage = play('forged-receipt')
    const receipts = shardBlocks(stage).flatMap(({ body }) =>
      body.inbox.flatMap(({ batches }) => batches.flatMap((batch) => batch.receipts)),
    )
    const forged = receipts.filter(({ amount }) => amount === FORGED_AMOUNT)
    expect(forged.length).toBeGreaterThan(0)
    const thief = forged[0]?.to ?? new Uint8Array(20)
    const spent = shardBlocks(stage).some(({ body }) =>
      body.transactions.some((raw) => toHex(signerOf(raw) ?? raw) === toHex(thief)),
    )
    expect(spent).toBe(true)
    // Where the source has sent nothing new, the beacon's real record asks for no item at all.
    const refusals = ['branch-mismatch', 'inbox-needless'].map((code) => refusalsWith(stage, code))
    expect(Math.max(...refusals)).toBeGreaterThan(2)
    for (const chain of [1, 2]) expect(balanceOf(stage, chain, thief)).toBe(0n)
  })

  test('adversaries: replayed-receipt: consumes batches again that are behind its cursor', () => {
    const stage = play('replayed-receipt')
    expect(refusalsWith(stage, 'sequence-mismatch')).toBeGreaterThan(2)
    const pushed = stage.said.flatMap(({ message }) =>
      message.kind === 'receipts'
        ? message.batches.map((batch) => `${batch.source}/${batch.startSequence}`)
        : [],
    )
    expect(new Set(pushed).size).toBeLessThan(pushed.length)
  })

  test('adversaries: inbox-skipper: leaves out batches that are due', () => {
    const stage = play('inbox-skipper')
    const skipped = shardBlocks(stage).flatMap(({ body }) =>
      body.inbox.filter(({ tailDigests }) => tailDigests.length > 0),
    )
    expect(skipped.length).toBeGreaterThan(0)
    expect(refusalsWith(stage, 'inbox-skipped')).toBeGreaterThan(2)
  })
})
