/**
 * What a receipt costs beside a transaction, measured with the code of a node on this machine: the ceiling of payments
 * between shards is drawn with it (docs/measuring.md). A receipt carries no signature to check.
 */
import { present } from '../../node/primitives/assert.ts'
import { timeStage } from '../micro/stage.ts'
import { pureStages } from '../micro/stages.ts'

const BUDGET_MS = 200
/** What every member of a committee does for a transaction of its own shard. */
const TRANSACTION_STAGES = ['decode', 'recover', 'admit', 'execute']

export async function measureReceiptRatio(): Promise<number> {
  const stages = pureStages()
  const medianUs = async (name: string): Promise<number> => {
    const stage = present(
      stages.find((one) => one.name === name),
      'the stage exists',
    )
    return (await timeStage(stage, BUDGET_MS)).medianUs
  }
  let transactionUs = 0
  for (const name of TRANSACTION_STAGES) transactionUs += await medianUs(name)
  return (await medianUs('receipt')) / transactionUs
}
