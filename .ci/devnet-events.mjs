/**
 * Checks what `npm start -- --json` said, line by line, after it has ended: the network was ready, a cross-shard transfer settled, nothing
 * ended unasked, nobody saw a violation, the audit is ok, and no process is left.
 *
 * With `--end` it ends what is left instead, for a run that was interrupted.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/** A process that was told to end may still be on its way out. */
const GONE_WITHIN_MS = 10_000
const SHARDS = 4
const VALIDATORS = 16

const isEnding = process.argv[2] === '--end'
const events = readEvents(isEnding ? process.argv[3] : process.argv[2])
const named = (name) => events.filter(({ event }) => event === name)
const pids = named('process').map(({ pid }) => pid)

if (isEnding) for (const pid of pids.filter(isOurs)) process.kill(pid, 'SIGKILL')
else await check()

async function check() {
  const problems = []
  const expect = (condition, sentence) => {
    if (!condition) problems.push(sentence)
  }
  const [ready] = named('ready')
  const [first] = named('first-settled')
  const stopped = events.at(-1)
  const validators = named('process').filter(({ role }) => role === 'validator')
  expect(validators.length === VALIDATORS, `${validators.length} validator processes were started`)
  expect(ready?.shards.length === SHARDS, `the event ready names ${SHARDS} shards`)
  expect(first !== undefined, 'a cross-shard transfer settled')
  expect(first?.from !== first?.to, 'the first settled transfer was between two shards')
  expect(named('violation').length === 0, 'nobody saw a violation')
  expect(named('exit').length === 0, 'no process ended unasked')
  expect(stopped?.event === 'stopped', 'the last event is stopped')
  expect(stopped?.summary?.audit === 'ok', `the audit is ok (it says: ${stopped?.summary?.audit})`)
  expect(stopped?.summary?.cross > 0, 'cross-shard transfers were counted')
  const left = await remaining()
  expect(left.length === 0, `no process is left (there are: ${left.join(' ')})`)
  for (const problem of problems) process.stdout.write(`not so: ${problem}\n`)
  if (problems.length > 0) process.exit(1)
  const { settled, cross, p50Ms, p99Ms, pssMiB } = stopped.summary
  process.stdout.write(
    `ready after ${ready.ms} ms, first cross-shard settlement after ${first.ms} ms, ${settled} settled (${cross} cross), ` +
      `p50 ${p50Ms} ms, p99 ${p99Ms} ms, ${pssMiB} MiB\n`,
  )
}

/** npm prints the script's name and command before its output. */
function readEvents(path) {
  const lines = readFileSync(path, 'utf8').split('\n')
  return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line))
}

async function remaining() {
  const deadlineMs = Date.now() + GONE_WITHIN_MS
  for (;;) {
    const left = pids.filter(isOurs)
    if (left.length === 0 || Date.now() > deadlineMs) return left
    await delay(100)
  }
}

/** Alive and one of Weft's: a process id may have been given to somebody else meanwhile. */
function isOurs(pid) {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    return words.includes('weft') || words.includes('devnet')
  } catch {
    return process.platform !== 'linux'
  }
}
