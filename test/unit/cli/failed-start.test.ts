/**
 * A node that cannot start must end and not wait: whoever started it over an IPC channel listens for its end, and a process
 * that listens to that channel in turn is kept alive by it.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createDevnetGenesis } from '../../../devnet/genesis.ts'
import { DEFAULT_PARAMETERS } from '../../../devnet/parameters.ts'
import { genesisToJson } from '../../../node/runtime/genesis-file.ts'

const LAUNCHER = join(import.meta.dirname, '..', '..', '..', 'weft.mjs')

test('cli: node run: a node that cannot start ends with a sentence and exit code 1, though its starter listens', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'weft-failed-start-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const parameters = { ...DEFAULT_PARAMETERS, shards: 1, validators: 4, scheme: 'ed25519' } as const
  const { genesis } = await createDevnetGenesis(parameters, 1)
  const genesisFile = join(directory, 'genesis.json')
  await writeFile(genesisFile, JSON.stringify(genesisToJson(genesis)))
  const config = join(directory, 'config.json')
  await writeFile(
    config,
    JSON.stringify({
      dataDirectory: join(directory, 'data'),
      genesisFile,
      validator: { index: 0, secretKeyFile: join(directory, 'no-such.key') },
      p2p: {
        identityFile: join(directory, 'identity'),
        listen: '/ip4/127.0.0.1/tcp/0',
        bootstrap: [],
      },
      rpc: { host: '127.0.0.1', port: 0 },
    }),
  )
  const child = spawn(process.execPath, [LAUNCHER, 'node', 'run', '--config', config], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let errors = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    errors += chunk.toString()
  })
  const code = await new Promise((resolve) => child.once('close', resolve))
  expect(code, errors).toBe(1)
  expect(errors).toContain('no-such.key')
})
