/**
 * Running a task in a pool that may lose its threads. Piscina 5.3 replaces a thread that dies, but not one that dies before it
 * was ready: what waits for it waits for ever, and nobody is told. Here it is told.
 */
import type { Piscina } from 'piscina'

/** As `pool.run`; rejects also when no thread is left. The next task that is run starts a new one. */
export async function runInPool<Task, Answer>(
  pool: Piscina<Task, Answer>,
  task: Task,
  options?: Parameters<Piscina<Task, Answer>['run']>[1],
): Promise<Answer> {
  const { promise: bereft, reject } = Promise.withResolvers<never>()
  const onDestroy = (): void => {
    // Told before the replacement is started, which happens in the same turn.
    queueMicrotask(() => {
      if (pool.threads.length === 0) reject(new Error('the last thread died before it was ready'))
    })
  }
  // One listener per task that waits; how many may wait is the callers' to bound.
  pool.setMaxListeners(0)
  pool.on('workerDestroy', onDestroy)
  try {
    return await Promise.race([pool.run(task, options), bereft])
  } finally {
    pool.off('workerDestroy', onDestroy)
  }
}
