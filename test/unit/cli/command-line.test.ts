import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import type { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CommandError, UsageError } from '../../../node/cli/command-error.ts'
import { register as registerGenesis } from '../../../node/cli/commands/genesis.ts'
import { register as registerKeys } from '../../../node/cli/commands/keys.ts'
import { runCommandLine, type Register } from '../../../node/cli/main.ts'
import { withAccountsApart } from '../../../node/runtime/genesis-accounts.ts'
import { genesisFileText, readGenesisFile } from '../../../node/runtime/genesis-file.ts'
import { integerBetween, listOf, numberBetween } from '../../../node/cli/option-value.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')

async function run(words: readonly string[], ...registrations: readonly Register[]) {
  let out = ''
  let errors = ''
  const code = await runCommandLine(words, registrations, {
    writeOut: (text) => {
      out += text
    },
    writeError: (text) => {
      errors += text
    },
  })
  return { code, out, errors }
}

function failing(error: Error): Register {
  return (program: Command) => {
    program
      .command('fail')
      .option('--json')
      .option('--count <n>', 'a number', integerBetween(1, 9))
      .action(() => {
        throw error
      })
  }
}

describe('cli: exit codes', () => {
  test('cli: exit codes: what failed is 1, with one sentence', async () => {
    const { code, errors, out } = await run(['fail'], failing(new CommandError('the disk is full')))
    expect({ code, errors, out }).toEqual({ code: 1, errors: 'weft: the disk is full\n', out: '' })
  })

  test('cli: exit codes: what makes no sense is 2', async () => {
    const wrong = failing(new UsageError('say how many'))
    expect((await run(['fail'], wrong)).code).toBe(2)
    expect((await run(['fail', '--count', '10'], wrong)).code).toBe(2)
    expect((await run(['fail', '--surprise'], wrong)).code).toBe(2)
    expect((await run(['dance'], wrong)).code).toBe(2)
  })

  test('cli: exit codes: help is 0 and a bad value names its range', async () => {
    const wrong = failing(new UsageError('never'))
    expect((await run(['fail', '--help'], wrong)).code).toBe(0)
    const { errors } = await run(['fail', '--count', 'many'], wrong)
    expect(errors).toContain('Expected a whole number from 1 to 9.')
  })

  test('cli: exit codes: with --json the error is an event too', async () => {
    const { out } = await run(['fail', '--json'], failing(new CommandError('no')))
    expect(JSON.parse(out)).toEqual({ event: 'error', message: 'no' })
  })

  test('cli: exit codes: a bug is not made to look like a refusal', async () => {
    await expect(run(['fail'], failing(new TypeError('bug')))).rejects.toThrow('bug')
  })
})

describe('cli: option values', () => {
  test('cli: option values: numbers outside their range and words are refused', () => {
    expect(integerBetween(1, 64)('64')).toBe(64)
    for (const text of ['0', '65', '1.5', '-1', '1e1', '']) {
      expect(() => integerBetween(1, 64)(text), text).toThrow('Expected a whole number')
    }
    expect(numberBetween(0, 1)('0.25')).toBe(0.25)
    expect(() => numberBetween(0, 1)('1.01')).toThrow('Expected a number')
  })

  test('cli: option values: lists keep their order and refuse repetition', () => {
    expect(listOf(integerBetween(1, 64))('4, 1,2')).toEqual([4, 1, 2])
    expect(() => listOf(integerBetween(1, 64))('1,1')).toThrow('different values')
  })
})

describe('cli: keys and genesis', () => {
  let directory: string
  const payout = `0x${'ab'.repeat(20)}`

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'weft-cli-test-'))
  })

  afterAll(async () => {
    await rm(directory, { recursive: true, force: true })
  })

  async function createValidators(): Promise<string[]> {
    const files: string[] = []
    for (const name of ['a', 'b', 'c', 'd']) {
      const out = join(directory, name)
      const words = ['keys', 'new', '--out', out, '--payout', payout, '--scheme', 'ed25519']
      expect((await run(words, registerKeys)).code).toBe(0)
      files.push(join(out, 'validator.json'))
    }
    return files
  }

  test('cli: keys and genesis: four validators make a genesis that checks, from public halves alone', async () => {
    const files = await createValidators()
    const out = join(directory, 'genesis.json')
    const fund = ['--fund', `${payout}=100`]
    const words = ['genesis', 'create', '--validator', ...files, ...fund, '--out', out]
    expect((await run(words, registerGenesis)).code).toBe(0)
    expect((await run(['genesis', 'check', out], registerGenesis)).code).toBe(0)
    const text = await readFile(out, 'utf8')
    const secret = (await readFile(join(directory, 'a', 'committee.key'), 'utf8')).trim()
    expect(text).not.toContain(secret)
  })

  test('cli: keys and genesis: accounts that stand apart are checked against what the genesis names', async () => {
    const listed = await readGenesisFile(join(directory, 'genesis.json'))
    const { genesis, files } = withAccountsApart(listed)
    const out = join(directory, 'apart.json')
    await writeFile(out, genesisFileText(genesis))
    for (const { name, bytes } of files) await writeFile(join(directory, name), bytes)
    expect((await run(['genesis', 'check', out], registerGenesis)).code).toBe(0)
    await writeFile(join(directory, 'accounts-1.bin'), new Uint8Array(52).fill(1))
    const refused = await run(['genesis', 'check', out], registerGenesis)
    expect(refused.code).not.toBe(0)
    expect(refused.errors).toContain(join(directory, 'accounts-1.bin'))
  })

  test('cli: keys and genesis: secrets are readable by their owner only and never overwritten', async () => {
    const out = join(directory, 'once')
    const words = ['keys', 'new', '--out', out, '--payout', payout]
    expect((await run(words, registerKeys)).code).toBe(0)
    for (const name of ['committee.key', 'identity.key']) {
      expect((await stat(join(out, name))).mode & 0o777).toBe(0o600)
    }
    const again = await run(words, registerKeys)
    expect(again.code).toBe(1)
    expect(again.errors).toContain('exists already')
  })

  test('cli: keys and genesis: a validator that does not prove its key is refused', async () => {
    const out = join(directory, 'genesis.json')
    const genesis = JSON.parse(await readFile(out, 'utf8')) as {
      validators: { possession: string }[]
    }
    for (const validator of genesis.validators) validator.possession = `0x${'11'.repeat(64)}`
    const forged = join(directory, 'forged.json')
    await writeFile(forged, JSON.stringify(genesis))
    const { code, errors } = await run(['genesis', 'check', forged], registerGenesis)
    expect(code).toBe(1)
    expect(errors).toContain('validator 0 does not prove')
  })
})

describe('cli: launcher', () => {
  function weft(...words: readonly string[]) {
    return spawnSync(process.execPath, [join(ROOT, 'weft.mjs'), ...words], { encoding: 'utf8' })
  }

  test('cli: launcher: every command of every row is there', () => {
    const { status, stdout } = weft('--help')
    expect(status).toBe(0)
    for (const name of ['node', 'keys', 'genesis', 'devnet', 'sim', 'bench']) {
      expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'))
    }
  })

  test('cli: launcher: exit codes and sentences reach the shell', () => {
    const { status, stderr } = weft('devnet', 'up', '--shards', '4', '--validators', '6')
    expect(status).toBe(2)
    expect(stderr).toMatch(/^weft: 6 validators over 4 shards .*use --validators 16/)
  })

  test('cli: launcher: a node without its config file says which option is missing', () => {
    expect(weft('node', 'run').status).toBe(2)
    const { status, stderr } = weft('node', 'run', '--config', '/nowhere/config.json')
    expect(status).toBe(1)
    expect(stderr).toContain('cannot read the config file /nowhere/config.json')
  })
})
