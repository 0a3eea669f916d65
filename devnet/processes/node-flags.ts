/** The flags of every process of a devnet but the supervisor's own. */

/**
 * Many nodes share one machine, so each is kept small. Measured with 16 nodes under 300 transfers per second on 2 cores: a
 * young generation of 4 MiB or of 16 takes the same processor time, and the larger one 500 MiB more in all; growing the
 * heap by 30 % at a time or as V8 likes makes no difference there. Parallel collectors of many processes only contend. The
 * cap on the heap is far above use; it also makes the heap grow slower. Without the optimizing compilers the nodes take as
 * much or more (maglev off: a tenth more). The compile cache is good only for processes with the same flags, so all of a
 * devnet have these.
 */
export const NODE_FLAGS = [
  '--max-semi-space-size=4',
  '--single-threaded-gc',
  '--heap-growing-percent=30',
  '--max-old-space-size=512',
]
