/**
 * The table of planted bugs (docs/reliability.md): `node test/simulation/planted/main-planted.ts [name...]`. With
 * `--no-controls` the same seeds are not run without a bug. Exits with 1 if a bug is missed or a control is not clean.
 */
import process from 'node:process'
import { runCampaign } from '../../../devnet/simulator/campaign.ts'
import { control, hunt, type Catch } from './hunt.ts'
import type { SceneName } from './planted-bug.ts'
import { PLANTED_BUGS } from './planted-bugs.ts'
import { PLANTED_FAULTS, type PlantedFault } from './planted.ts'

const VERDICT_LENGTH = 90

const names = process.argv.slice(2).filter((name) => !name.startsWith('--'))
const isWanted = ({ name }: { readonly name: string }): boolean =>
  names.length === 0 || names.includes(name)
const bugs = PLANTED_BUGS.filter(isWanted)
const caught: Catch[] = []

console.log('| planted bug | rule | where | seeds | CPU s | what the simulator says |')
console.log('| --- | --- | --- | ---: | ---: | --- |')
for (const fault of PLANTED_FAULTS.filter(isWanted)) {
  tell(fault.name, fault.rule, `committee: ${fault.shape.name}`, huntFault(fault))
}
const seedsNeeded = new Map<SceneName, number>()
for (const bug of bugs) {
  const end = await hunt(bug)
  tell(bug.name, bug.rule, bug.scene, end)
  seedsNeeded.set(bug.scene, Math.max(end.seeds, seedsNeeded.get(bug.scene) ?? 0))
}
const seconds = caught.map(({ cpuMs }) => cpuMs / 1000).sort((left, right) => left - right)
const missed = caught.filter(({ verdict }) => verdict === undefined).length
console.log(
  `${caught.length - missed} of ${caught.length} caught; CPU seconds to catch: median ${seconds[seconds.length >> 1]}, longest ${seconds.at(-1)}`,
)
const unclean = process.argv.includes('--no-controls') ? 0 : await runControls()
process.exitCode = missed + unclean === 0 ? 0 : 1

function tell(name: string, rule: string, where: string, end: Catch): void {
  caught.push(end)
  const said = (end.verdict ?? 'MISSED').split('\n')[0] ?? ''
  const short = said.replaceAll('|', '/').slice(0, VERDICT_LENGTH)
  console.log(
    `| ${name} | ${rule} | ${where} | ${end.seeds} | ${(end.cpuMs / 1000).toFixed(1)} | ${short} |`,
  )
}

/** Planted by a switch of the engine or of a disk, not by a patch. */
function huntFault({ shape, rules, ignoredRules = [], seedsMax }: PlantedFault): Catch {
  const before = process.threadCpuUsage()
  const options = { rules, ignoredRules, stopAtFailure: true }
  const { firstFailure } = runCampaign(shape, { first: 1, count: seedsMax }, options)
  const { user, system } = process.threadCpuUsage(before)
  const cpuMs = Math.round((user + system) / 1000)
  if (firstFailure === undefined) return { seeds: seedsMax, cpuMs, verdict: undefined }
  const { violation, seed } = firstFailure
  const broken = violation && `${violation.rule} at ${violation.atMs} ms: ${violation.sentence}`
  return { seeds: seed, cpuMs, verdict: broken ?? 'stuck' }
}

/** The same seeds of the same scenes without a bug; how many are not clean. */
async function runControls(): Promise<number> {
  let uncleanCount = 0
  for (const [scene, seedsMax] of seedsNeeded) {
    const { seeds, cpuMs, verdict } = await control(scene, seedsMax)
    if (verdict !== undefined) uncleanCount++
    console.log(`control: ${scene}: ${seeds} seeds, ${cpuMs} ms CPU: ${verdict ?? 'clean'}`)
  }
  return uncleanCount
}
