import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { toHex } from '../../../node/primitives/bytes.ts'
import { present } from '../../../node/primitives/assert.ts'
import { committeeKeyFromSeed, schemeByName } from '../../../node/primitives/io/schemes.ts'
import { addressOf, signDigest } from '../../../node/primitives/io/secp256k1.ts'
import { keyUseOf, votingKeys } from '../../../node/primitives/key-use.ts'
import type { CertificateSchemeName } from '../../../node/primitives/signature.ts'
import { checkSignaturesInline, type SignatureCheck } from '../../../node/shards/io/crypto-check.ts'
import { packChecks, unpackChecks } from '../../../node/shards/io/crypto-message.ts'
import { CryptoPoolError, openCryptoPool } from '../../../node/shards/io/crypto-pool.ts'
import { decodeTransaction, encodeSigned, signingHash } from '../../../node/shards/transaction.ts'

const SECRET = new Uint8Array(32).fill(7)
const pool = openCryptoPool({ threads: 1 })
const threadless = openCryptoPool({ threads: 0 })

afterAll(() => Promise.all([pool.close(), threadless.close()]))

function rawTransfer(nonce: number): Uint8Array {
  const fields = {
    type: 2,
    chainId: 7701,
    nonce,
    maxPriorityFeePerGas: 1n,
    maxFeePerGas: 2n,
    gasLimit: 21_000,
    to: new Uint8Array(20).fill(9),
    value: 1n,
    data: new Uint8Array(0),
    accessList: [],
  } as const
  return encodeSigned(fields, signDigest(signingHash(fields), SECRET))
}

const MESSAGE = new Uint8Array(32).fill(3)

function checksOf(name: CertificateSchemeName): readonly SignatureCheck[] {
  const scheme = schemeByName(name)
  const keys = [1, 2, 3].map((byte) => committeeKeyFromSeed(name, new Uint8Array(32).fill(byte)))
  const publicKeys = votingKeys(keys.map((key) => key.publicKey))
  const signatures = keys.map((key) => scheme.sign(key.secretKey, MESSAGE, keyUseOf(keys.length)))
  const aggregate = present(scheme.aggregate(signatures), 'honest signatures aggregate')
  const one = { publicKeys: publicKeys.slice(0, 1), signatures: signatures.slice(0, 1) }
  const all = { message: MESSAGE, publicKeys }
  const other = new Uint8Array(32).fill(4)
  return [
    { mode: 'single', message: MESSAGE, ...one },
    { mode: 'single', message: other, ...one },
    { mode: 'aggregate', ...all, signatures: [aggregate] },
    { mode: 'aggregate', ...all, message: other, signatures: [aggregate] },
    { mode: 'aggregate-now', ...all, signatures },
    { mode: 'aggregate-now', ...all, signatures: [...signatures].reverse().slice(1) },
    { mode: 'aggregate-now', ...all, message: other, signatures },
    { mode: 'aggregate-now', message: MESSAGE, publicKeys: [], signatures: [] },
    { mode: 'single', message: MESSAGE, publicKeys: one.publicKeys, signatures: [MESSAGE] },
  ]
}

describe('crypto pool: senders', () => {
  test('crypto pool: senders: good transactions name their sender, bad ones nobody, in order', async () => {
    const good = Array.from({ length: 150 }, (_, nonce) => rawTransfer(nonce))
    const raws = [...good.slice(0, 70), new Uint8Array(5), ...good.slice(70), new Uint8Array(0)]
    const answers = await pool.recover(raws)
    expect(answers).toHaveLength(152)
    expect(answers[70]).toBeUndefined()
    expect(answers[151]).toBeUndefined()
    for (const [index, answer] of answers.entries()) {
      if (answer === undefined) continue
      const decoded = decodeTransaction(present(raws[index], 'one answer per input'))
      expect(decoded.ok && toHex(decoded.value.hash)).toBe(toHex(answer.hash))
      expect(toHex(answer.sender)).toBe(toHex(addressOf(SECRET)))
    }
  })

  test('crypto pool: senders: views into a larger buffer are read, and stay usable', async () => {
    const raw = rawTransfer(1)
    const frame = new Uint8Array(raw.length + 64)
    frame.set(raw, 64)
    const view = frame.subarray(64)
    const [answer] = await pool.recover([view])
    expect(toHex(present(answer, 'the signature is good').sender)).toBe(toHex(addressOf(SECRET)))
    expect(toHex(view)).toBe(toHex(raw))
  })

  test('crypto pool: senders: nothing asked is nothing answered', async () => {
    expect(await pool.recover([])).toEqual([])
    expect(await pool.checkSignatures('bls', [])).toEqual([])
  })
})

describe('crypto pool: without threads', () => {
  test('crypto pool: without threads: it answers as a thread does', async () => {
    const raws = Array.from({ length: 70 }, (_, nonce) => rawTransfer(nonce))
    raws.push(new Uint8Array(5))
    expect(await threadless.recover(raws)).toEqual(await pool.recover(raws))
  })

  test('crypto pool: without threads: nothing is checked in the turn that asks', async () => {
    let answered = false
    const asked = threadless.recover([rawTransfer(0)]).then(() => {
      answered = true
    })
    // However many steps of promises: only the event loop's next turn begins the work.
    for (let step = 0; step < 50; step++) await Promise.resolve()
    expect(answered).toBe(false)
    await asked
  })
})

describe('crypto pool: committee signatures', () => {
  test.each(['by-size', 'bls', 'ed25519', 'mock'] as const)(
    'crypto pool: committee signatures: thread and inline give one verdict for %s',
    async (name) => {
      const checks = checksOf(name)
      const inline = checkSignaturesInline(schemeByName(name), checks)
      expect(inline.map((verdict) => verdict.ok)).toEqual([
        true,
        false,
        true,
        false,
        true,
        false,
        false,
        false,
        false,
      ])
      expect(inline[4]?.aggregate).toEqual(checks[2]?.signatures[0])
      expect(await pool.checkSignatures(name, checks)).toEqual(inline)
      expect(await threadless.checkSignatures(name, checks)).toEqual(inline)
    },
  )

  test('crypto pool: committee signatures: checks survive packing', () => {
    const checks = checksOf('bls')
    expect(unpackChecks(structuredClone(packChecks('bls', checks)))).toEqual(checks)
  })
})

describe('crypto pool: faults', () => {
  test('crypto pool: faults: a dead thread fails its calls with a code and the next call works', async () => {
    // Fifty tasks: the thread cannot be through with them before its end reaches it.
    const raw = rawTransfer(0)
    const raws = Array.from({ length: 64 * 50 }, () => raw)
    const underWay = pool.recover(raws)
    const failure = expect(underWay).rejects.toMatchObject({ code: 'crypto-worker-failed' })
    await pool.killWorkers()
    await failure
    await expect(underWay).rejects.toBeInstanceOf(CryptoPoolError)
    expect((await pool.recover(raws)).every((answer) => answer !== undefined)).toBe(true)
  })

  test('crypto pool: faults: a thread that dies idle is replaced', async () => {
    await pool.recover([rawTransfer(0)])
    await pool.killWorkers()
    expect(await pool.recover([rawTransfer(0)])).toHaveLength(1)
  })

  test('crypto pool: faults: a thread that dies before it is ready fails what waits for it, and the next call works', async () => {
    const own = openCryptoPool({ threads: 1 })
    onTestFinished(() => own.close())
    await own.recover([rawTransfer(0)])
    await own.killWorkers()
    const waiting = own.recover([rawTransfer(0)])
    const failure = expect(waiting).rejects.toMatchObject({ code: 'crypto-worker-failed' })
    // The one that has taken the place of the first is still loading its modules.
    await own.killWorkers()
    await failure
    expect(await own.recover([rawTransfer(0)])).toHaveLength(1)
  })

  test('crypto pool: faults: a full queue refuses with a code', async () => {
    const small = openCryptoPool({ threads: 1 })
    const raws = Array.from({ length: 64 * 600 }, () => new Uint8Array(1))
    await expect(small.recover(raws)).rejects.toMatchObject({ code: 'crypto-pool-full' })
    await small.close()
  })

  test('crypto pool: faults: a closed pool refuses with a code', async () => {
    const closed = openCryptoPool({ threads: 1 })
    await closed.close()
    await closed.close()
    await expect(closed.recover([rawTransfer(0)])).rejects.toMatchObject({
      code: 'crypto-pool-closed',
    })
  })
})
