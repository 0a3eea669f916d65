/**
 * Campaign figures and failures as text: aligned columns, and for every failure the one command that replays it.
 */
import type { CampaignFigures } from './campaign.ts'
import type { ConsensusOutcome } from './consensus-world.ts'

const COLUMNS = [
  { title: 'campaign', width: -22 },
  { title: 'seeds', width: 6 },
  { title: 'broken', width: 7 },
  { title: 'stuck', width: 6 },
  { title: 'restarts', width: 9 },
  { title: 'evidence', width: 9 },
  { title: 'recovery p50', width: 13 },
  { title: 'max', width: 9 },
  { title: 'events', width: 10 },
  { title: 'wall', width: 9 },
] as const

export function reportHeading(): string {
  return row(COLUMNS.map(({ title }) => title))
}

export function reportLine(figures: CampaignFigures): string {
  return row([
    figures.campaign,
    `${figures.seeds}`,
    `${figures.violations}`,
    `${figures.stuck}`,
    `${figures.restarts}`,
    `${figures.evidence}`,
    milliseconds(figures.recoveryP50Ms),
    milliseconds(figures.recoveryMaxMs),
    `${figures.steps}`,
    milliseconds(figures.wallMs),
  ])
}

/** What went wrong, and the command that shows it again, event by event. */
export function failureText(outcome: ConsensusOutcome): string {
  const { campaign, seed, violation, heights, endedAtMs } = outcome
  const what =
    violation === undefined
      ? `stuck: heights ${heights.join(' ')} after ${endedAtMs} ms`
      : `${violation.rule} at ${violation.atMs} ms: ${violation.sentence}`
  return `${campaign} seed ${seed}: ${what}\n  replay: ${replayCommand(campaign, seed)}`
}

function replayCommand(campaign: string, seed: number): string {
  return `weft sim --only ${campaign} --seed ${seed} --trace`
}

function milliseconds(value: number | undefined): string {
  return value === undefined ? '-' : `${value} ms`
}

function row(cells: readonly string[]): string {
  return cells
    .map((cell, index) => {
      const width = COLUMNS[index]?.width ?? 0
      return width < 0 ? cell.padEnd(-width) : cell.padStart(width)
    })
    .join('')
}
