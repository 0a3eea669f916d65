/**
 * Prints `PASSED FAILED` out of a report of vitest's JSON reporter. A test that was skipped, or is still to be written, counts as
 * failed: the house has no such tests.
 */
import { readFileSync } from 'node:fs'

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = report
for (const count of [numPassedTests, numFailedTests, numPendingTests, numTodoTests]) {
  if (!Number.isSafeInteger(count)) throw new Error('not a report of vitest')
}
process.stdout.write(`${numPassedTests} ${numFailedTests + numPendingTests + numTodoTests}\n`)
