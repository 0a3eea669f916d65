/**
 * `node test/fault/main-power-cuts.ts --cuts 20`: a network under load in which the disk of one validator loses its power
 * again and again, and with it whatever was not synced (docs/reliability.md, "Kills and power cuts").
 *
 * Each time: the process is stopped, so that it can promise nothing more; a canary is written and not synced; the power goes;
 * the process is killed; the disk is mounted again. The canary must be gone, or this was no power cut. The vote guard on the
 * disk must know every vote that the node had signed. Then the node starts, votes, reaches the head, and in the end the
 * verdict of every kill campaign must be empty. Needs root, Linux and loop devices; elsewhere it says so and ends.
 */
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { genesisHash } from '../../node/beacon/genesis.ts'
import { assert, present } from '../../node/primitives/assert.ts'
import { fromHex } from '../../node/primitives/bytes.ts'
import { sha256 } from '../../node/primitives/hash.ts'
import { createPrng } from '../../node/primitives/prng.ts'
import { openVoteGuard } from '../../node/storage/io/vote-guard.ts'
import type { SeenVote } from '../../devnet/faults/contradiction.ts'
import {
  openMortalRun,
  SMALL,
  type MortalRun,
  type Recovery,
} from '../../devnet/faults/mortal-run.ts'
import { describeRecoveries } from '../../devnet/faults/recovery-figures.ts'
import { DEFAULT_PARAMETERS } from '../../devnet/parameters.ts'
import { filesOf } from '../../devnet/processes/data-directory.ts'
import { createLoopDisk, sizesBelow, type LoopDisk } from './loop-disk.ts'

const VICTIM = 3
const DISK_MIB = 512
/** A sync that the stopped process had under way is over by then. */
const SETTLE_MS = 30
/** The longest wait before a cut, counted from the recovery before. */
const BEFORE_CUT_MS = 3_000

type Loss = {
  readonly bytes: number
  readonly forgottenVotes: number
  readonly signedVotes: number
}

async function cutPower(run: MortalRun, disk: LoopDisk): Promise<Loss> {
  const { network } = run
  process.kill(network.pid(VICTIM), 'SIGSTOP')
  await delay(SETTLE_MS)
  const canary = join(disk.mountPoint, 'canary')
  await writeFile(canary, 'not synced')
  const before = await sizesBelow(disk.mountPoint)
  await disk.cut()
  await network.crash(VICTIM)
  await disk.restore()
  const content = await readFile(canary, 'utf8').catch(() => '')
  assert(content === '', 'a power cut loses what was not synced')
  await rm(canary, { force: true })
  const after = await sizesBelow(disk.mountPoint)
  const bytes = [...before].reduce(
    (sum, [path, size]) => sum + Math.max(0, size - (after.get(path) ?? 0)),
    0,
  )
  const signed = (await network.votes(VICTIM)).filter(({ from }) => from === 'self')
  const guard = join(disk.mountPoint, 'vote-guard')
  const forgottenVotes = await countForgotten(guard, signed, genesisHash(network.directory.genesis))
  return { bytes, forgottenVotes, signedVotes: signed.length }
}

/** Votes against which the guard on the disk would let the node sign the opposite. A copy is asked: asking changes it. */
async function countForgotten(
  path: string,
  signed: readonly SeenVote[],
  genesis: Uint8Array,
): Promise<number> {
  const copy = `${path}.copy`
  await copyFile(path, copy)
  const guard = await openVoteGuard(copy, genesis, { create: false })
  try {
    const opposites = signed.map(({ chain, epoch, kind, view, root }) => {
      const signingRoot = present(fromHex(root), 'the witness writes hex')
      if (kind === 'nullify') return { chain, epoch, kind: 'finalize', view, signingRoot } as const
      return { chain, epoch, kind, view, signingRoot: sha256(signingRoot) }
    })
    let forgotten = 0
    for (const opposite of opposites) {
      const [verdict] = await guard.authorize([opposite])
      if (verdict === 'granted') forgotten++
    }
    return forgotten
  } finally {
    await guard.close()
    await rm(copy)
  }
}

async function campaign(run: MortalRun, disk: LoopDisk, cuts: number): Promise<boolean> {
  const dice = createPrng('power cuts')
  const losses: Loss[] = []
  const recoveries: Recovery[] = []
  for (let number = 1; number <= cuts; number++) {
    await delay(dice.below(BEFORE_CUT_MS))
    const loss = await cutPower(run, disk)
    const recovery = await run.revive(VICTIM)
    losses.push(loss)
    recoveries.push(recovery)
    process.stdout.write(
      `cut ${number}/${cuts}: ${loss.bytes} bytes lost, ${loss.forgottenVotes} of ${loss.signedVotes} votes forgotten; ` +
        `voting after ${recovery.votingMs} ms, at head after ${recovery.headMs} ms\n`,
    )
  }
  const forgotten = losses.reduce((sum, loss) => sum + loss.forgottenVotes, 0)
  const verdict = await run.verdict()
  process.stdout.write(`${describeRecoveries(recoveries)}\n`)
  process.stdout.write(
    `${losses.filter(({ bytes }) => bytes > 0).length} cuts lost bytes of the node, ${losses.reduce((sum, { bytes }) => sum + bytes, 0)} in all; ` +
      `${run.book.blockCount} finalized blocks confirmed; load average ${loadavg()[2]?.toFixed(1)}\n`,
  )
  const wrongs = forgotten === 0 ? verdict : [...verdict, `${forgotten} votes were forgotten`]
  process.stdout.write(wrongs.length === 0 ? 'ok\n' : `${wrongs.join('\n')}\n`)
  return wrongs.length === 0
}

async function main(cuts: number): Promise<void> {
  const path = await mkdtemp(join(tmpdir(), 'weft-power-'))
  let disk: LoopDisk | undefined
  const run = await openMortalRun({
    path,
    parameters: { ...DEFAULT_PARAMETERS, ...SMALL },
    logLevel: 'info',
    hearsOthers: true,
    ratePerSecond: 20,
    crossShard: 0,
    prepare: async () => {
      disk = await createLoopDisk(join(path, 'disk'), filesOf(path).node(VICTIM).data, DISK_MIB)
    },
  })
  try {
    const isWell = await campaign(run, present(disk, 'the disk was prepared'), cuts)
    process.exitCode = isWell ? 0 : 1
  } finally {
    await run.stop()
    await disk?.remove()
    await rm(path, { recursive: true, force: true })
  }
}

const { values } = parseArgs({ options: { cuts: { type: 'string', default: '20' } } })
if (process.platform === 'linux' && process.getuid?.() === 0) await main(Number(values.cuts))
else process.stdout.write('power cuts need root and Linux, for a loop device: nothing was tried\n')
