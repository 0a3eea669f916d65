/**
 * Everything somebody needs to judge or repeat a run: code, machine, load before, options.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const ROOT = join(import.meta.dirname, '..', '..')

export async function describeRun(
  options: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  return {
    startedAt: new Date().toISOString(),
    commit: await git('rev-parse', 'HEAD'),
    changed: (await git('status', '--porcelain')) !== '',
    node: process.version,
    platform: `${platform()} ${release()} ${arch()}`,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryMiB: Math.round(totalmem() / 1024 / 1024),
    loadAverage: loadavg(),
    options,
    configHash: createHash('sha256').update(JSON.stringify(options)).digest('hex'),
  }
}

/** Empty when this is no git work tree. */
async function git(...words: readonly string[]): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('git', words, { cwd: ROOT })
    return stdout.trim()
  } catch {
    return ''
  }
}
