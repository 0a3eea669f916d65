/** The flags of every process of a devnet but the supervisor's own. */

/**
 * Many nodes share one machine, so each is kept small. Measured with 4 nodes under load, MiB per node: 152 with the defaults
 * for the rest, 137 with a small young generation, 122 with one malloc arena in addition (threads otherwise get one each);
 * after a minute of load 168, or 150 with a heap that grows by 30 % at a time, for the same processor time. Parallel
 * collectors of many processes only contend. The cap on the heap is far above use; it also makes the heap grow slower.
 * Those figures are for a young generation of 2 MiB; 4 and 8 MiB were tried to start faster, with no clear difference.
 * The compile cache is good only for processes with the same flags, so all of a devnet have these.
 */
export const NODE_FLAGS = [
  '--max-semi-space-size=4',
  '--single-threaded-gc',
  '--heap-growing-percent=30',
  '--max-old-space-size=512',
]
