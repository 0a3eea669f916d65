/**
 * The record of a campaign: one line of JSON per part that was played, so that a long campaign can be stopped at any time,
 * gone on with, and shown afterwards. A part is played whole or not at all; the same seeds of the same commit are not
 * played again.
 */
import { z } from 'zod'
import { createEventHash } from './event-hash.ts'

const partSchema = z.object({
  event: z.literal('part'),
  campaign: z.string(),
  commit: z.string(),
  /** The sources differed from the commit. */
  changed: z.boolean(),
  startedAt: z.string(),
  first: z.int(),
  last: z.int(),
  seeds: z.int(),
  /** Every seed was played twice, and gave the same event hash. */
  twice: z.boolean(),
  failed: z.array(z.int()),
  events: z.int(),
  settled: z.int(),
  /** That the beacons have begun, of all seeds together; absent in old lines. */
  epochs: z.int().optional(),
  virtualMs: z.int(),
  wallMs: z.int(),
  cpuMs: z.int(),
  jobs: z.int(),
  /** Over the event hashes of its seeds, in their order. */
  hash: z.string(),
})

export type CampaignPart = z.infer<typeof partSchema>

export type SeedRange = { readonly first: number; readonly count: number }

/** Lines that a kill cut short are left out; throws ZodError for lines that are something else. */
export function parseRecord(text: string): readonly CampaignPart[] {
  const parts: CampaignPart[] = []
  for (const line of text.split('\n')) {
    const value = parsedLine(line)
    if (value !== undefined) parts.push(partSchema.parse(value))
  }
  return parts
}

function parsedLine(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

/** What is left of a range, in parts of at most so many seeds. */
export function partsToPlay(
  range: SeedRange,
  seedsMax: number,
  played: readonly CampaignPart[],
): readonly SeedRange[] {
  const parts: SeedRange[] = []
  const end = range.first + range.count
  for (let first = range.first; first < end;) {
    const known = played.find((part) => part.first <= first && first <= part.last)
    if (known !== undefined) {
      first = known.last + 1
      continue
    }
    const next = Math.min(end, ...played.map((part) => part.first).filter((at) => at > first))
    const count = Math.min(seedsMax, next - first)
    parts.push({ first, count })
    first += count
  }
  return parts
}

export type CampaignSum = {
  readonly parts: number
  readonly seeds: number
  readonly failed: readonly number[]
  readonly virtualMs: number
  readonly wallMs: number
  readonly cpuMs: number
  /** Over the hashes of the parts, in the order of their seeds. */
  readonly hash: string
}

export function sumOfParts(parts: readonly CampaignPart[]): CampaignSum {
  const hash = createEventHash()
  const ordered = parts.toSorted((left, right) => left.first - right.first)
  for (const part of ordered) {
    hash.absorb(part.first)
    hash.absorb(Number.parseInt(part.hash.slice(0, 8), 16))
    hash.absorb(Number.parseInt(part.hash.slice(8), 16))
  }
  const total = (read: (part: CampaignPart) => number): number =>
    ordered.reduce((sum, part) => sum + read(part), 0)
  return {
    parts: ordered.length,
    seeds: total(({ seeds }) => seeds),
    failed: ordered.flatMap(({ failed }) => failed),
    virtualMs: total(({ virtualMs }) => virtualMs),
    wallMs: total(({ wallMs }) => wallMs),
    cpuMs: total(({ cpuMs }) => cpuMs),
    hash: hash.digest(),
  }
}
