/** The flags of every process of a devnet but the supervisor's own. */

/**
 * Many nodes share one machine, so each is kept small, but not so small that the collector runs all the time: a transaction
 * lives for about a second, and with a young generation of 4 MiB those that are under way were copied again and again. With
 * 16 MiB, and a heap that grows as V8 likes, the stages of a transaction took 36 us on a node instead of 46. A node that
 * has little to do does not grow to that. Parallel collectors of many processes only contend. The cap on the heap is far
 * above use. Without the optimizing compilers the nodes take as much or more (maglev off: a tenth more). The compile cache
 * is good only for processes with the same flags, so all of a devnet have these.
 *
 * Left alone, V8 collects all of old space when a little more than what is in use (30 MiB on the main thread, 18 on a
 * shard's) has become garbage beside it: on the main thread every 15 s at 150 transfers per second. Where old space may grow to
 * 96 MiB first, a node takes 4 to 8 % less processor time and, when both are full, some 0.1 GiB more memory (docs/measuring.md).
 */
export const NODE_FLAGS = [
  '--max-semi-space-size=16',
  '--single-threaded-gc',
  '--initial-old-space-size=96',
  '--max-old-space-size=512',
]
