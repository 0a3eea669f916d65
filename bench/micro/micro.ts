/**
 * `weft bench micro`: where the time of a transaction goes, stage by stage, on one core and without a network.
 */
import { alignColumns } from '../../devnet/display/words.ts'
import { persistStage } from './persist-stage.ts'
import { timeStage, type StageResult } from './stage.ts'
import { pureStages } from './stages.ts'

export type MicroOptions = {
  /** Part of a stage's name. */
  readonly only?: string
  /** Per stage. */
  readonly milliseconds: number
  readonly json?: boolean
}

export async function micro({ only = '', milliseconds, json }: MicroOptions): Promise<void> {
  const stages = [...pureStages(), await persistStage()]
  const results: StageResult[] = []
  for (const stage of stages) {
    if (stage.name.includes(only)) results.push(await timeStage(stage, milliseconds))
    await stage.close?.()
  }
  const text =
    json === true ? JSON.stringify({ event: 'result', results }) : table(results).join('\n')
  process.stdout.write(`${text}\n`)
}

function table(results: readonly StageResult[]): readonly string[] {
  return alignColumns([
    ['stage', 'median us', 'min', 'max', 'samples', 'per'],
    ...results.map(({ stage, medianUs, minUs, maxUs, samples, unit }) => [
      stage,
      medianUs.toFixed(2),
      minUs.toFixed(2),
      maxUs.toFixed(2),
      String(samples),
      unit,
    ]),
  ])
}
