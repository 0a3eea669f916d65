/** What the simulations of `weft sim` print alike. */

export function printLine(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Simulated time in ms, node (`-`: the network), what it did. */
export function printEvent(now: number, node: number, line: string): void {
  const who = node < 0 ? '-' : `n${node}`
  printLine(`${String(now).padStart(7)} ${who.padEnd(4)}${line}`)
}

/** Milliseconds since the last call. */
export function startStopwatch(): () => number {
  let lastMs = performance.now()
  return () => {
    const nowMs = performance.now()
    const elapsedMs = Math.round(nowMs - lastMs)
    lastMs = nowMs
    return elapsedMs
  }
}
