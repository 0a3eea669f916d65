/**
 * The table of planted bugs (docs/reliability.md): `node test/simulation/planted/main-planted.ts [name...]`. Exits with 1
 * if a bug is missed or a control is not clean.
 */
import { control, hunt } from './hunt.ts'
import type { SceneName } from './planted-bug.ts'
import { PLANTED_BUGS } from './planted-bugs.ts'

const names = process.argv.slice(2).filter((name) => !name.startsWith('--'))
const bugs = PLANTED_BUGS.filter(({ name }) => names.length === 0 || names.includes(name))
const seedsOf = new Map<SceneName, number>()
for (const { scene, seedsMax } of bugs)
  seedsOf.set(scene, Math.max(seedsMax, seedsOf.get(scene) ?? 0))

console.log('| planted bug | rule | scene | seeds | seconds | what the simulator says |')
console.log('| --- | --- | --- | --- | --- | --- |')
let missed = 0
for (const bug of bugs) {
  const { seeds, cpuMs, verdict } = await hunt(bug)
  if (verdict === undefined) missed++
  const said = (verdict ?? 'MISSED').split('\n')[0]?.slice(0, 100) ?? ''
  const seconds = (cpuMs / 1000).toFixed(1)
  console.log(
    `| ${bug.name} | ${bug.rule} | ${bug.scene} | ${seeds} | ${seconds} | ${said.replaceAll('|', '/')} |`,
  )
}
for (const [scene, seeds] of process.argv.includes('--no-controls') ? [] : seedsOf) {
  const { verdict, cpuMs } = await control(scene, seeds)
  if (verdict !== undefined) missed++
  console.log(`control: ${scene}: ${seeds} seeds, ${cpuMs} ms: ${verdict ?? 'clean'}`)
}
process.exitCode = missed === 0 ? 0 : 1
