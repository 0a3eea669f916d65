/** How many seeds a simulation test runs: `SEEDS=500 vitest run --project simulation` for a night. */
const SEEDS_DEFAULT = 30

export function seedCount(): number {
  return Number(process.env['SEEDS'] ?? SEEDS_DEFAULT)
}
