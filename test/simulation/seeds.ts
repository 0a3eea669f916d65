/** How many seeds a simulation test runs: `SEEDS=500 vitest run --project simulation` for a night. */
const SEEDS_DEFAULT = 30

/** `atLeast`: what the test runs whatever is asked for. */
export function seedCount(atLeast = 0): number {
  return Math.max(atLeast, Number(process.env['SEEDS'] ?? SEEDS_DEFAULT))
}
