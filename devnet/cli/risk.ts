/**
 * `weft risk`: how likely lots are to put too many bad validators into one committee.
 */
import { InvalidArgumentError, type Command } from 'commander'
import { UsageError } from '../../node/cli/command-error.ts'
import { integerBetween, numberBetween } from '../../node/cli/option-value.ts'
import type { CommitteeRisk, FailureChance } from '../committee-risk.ts'

type RiskOptions = {
  readonly validators: number
  readonly shards: number
  readonly seats?: number
  readonly beaconSeats?: number
  readonly byzantine: number
  readonly epochSeconds: number
  readonly json?: boolean
}

/** Beyond this the integers take seconds; more validators change the figures little. */
const VALIDATORS_MAX = 20_000

export function register(program: Command): void {
  program
    .command('risk')
    .description('The chance that a random committee has too many bad validators')
    .option('--validators <count>', 'validators in all', integerBetween(1, VALIDATORS_MAX), 16)
    .option('--shards <count>', 'committees drawn', integerBetween(1, 4096), 4)
    .option(
      '--seats <count>',
      'seats of one committee (default validators / shards)',
      integerBetween(1, VALIDATORS_MAX),
    )
    .option(
      '--beacon-seats <count>',
      'seats of the beacon, if it is drawn, too (default: it seats all)',
      integerBetween(4, VALIDATORS_MAX),
    )
    .requiredOption(
      '--byzantine <number>',
      'bad validators: a count, or a share below 1',
      countOrShare,
    )
    .option('--epoch-seconds <seconds>', 'how long a draw stands', numberBetween(1, 1e9), 3600)
    .option('--json', 'print JSON')
    .action(risk)
}

function countOrShare(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value < 0) {
    throw new InvalidArgumentError('give a count such as 135 or a share such as 0.33')
  }
  if (value >= 1 && !Number.isInteger(value)) {
    throw new InvalidArgumentError('a count is a whole number; a share is below 1')
  }
  return value
}

async function risk(options: RiskOptions): Promise<void> {
  const { committeeRisk } = await import('../committee-risk.ts')
  const { validators, shards, epochSeconds } = options
  const seats = options.seats ?? Math.floor(validators / shards)
  if (seats < 1) {
    throw new UsageError(`${validators} validators cannot fill ${shards} committees; give --seats`)
  }
  if (seats > validators) {
    throw new UsageError(`a committee of ${seats} needs more than ${validators} validators`)
  }
  const { byzantine: given } = options
  const byzantine = given < 1 ? Math.floor(given * validators) : given
  if (byzantine > validators) {
    throw new UsageError(`${byzantine} bad validators are more than ${validators} in all`)
  }
  const drawn = { validators, byzantine, epochSeconds }
  const answer = committeeRisk({ ...drawn, shards, seats })
  const beaconSeats = Math.min(validators, options.beaconSeats ?? validators)
  const beacon = committeeRisk({ ...drawn, shards: 1, seats: beaconSeats })
  const text =
    options.json === true
      ? JSON.stringify({ ...answer, beacon })
      : describe(answer, beacon, epochSeconds)
  process.stdout.write(`${text}\n`)
}

function describe(answer: CommitteeRisk, beacon: CommitteeRisk, epochSeconds: number): string {
  const { validators, shards, seats, byzantine, faultsTolerated: faults, quorum } = answer
  return [
    `${shards} committees of ${seats}, drawn from ${validators} validators of which ${byzantine} are bad, anew every ${duration(epochSeconds)}.`,
    '',
    `chance that some committee          bad seats   per draw   per year   mean time`,
    row('can be stopped or forked', `>= ${faults + 1}`, answer.forkFailure),
    row('can certify an invalid state', `>= ${quorum}`, answer.quorumFailure),
    '',
    `chance that the beacon's ${beacon.seats} seats`,
    row('can be stopped or forked', `>= ${beacon.faultsTolerated + 1}`, beacon.forkFailure),
    row('can record what is not so', `>= ${beacon.quorum}`, beacon.quorumFailure),
    '',
    biasSentence(answer.biasFactor),
    'Chances of the committees are added, so they are upper bounds. Nothing that cannot be undone should rest on one',
    'committee alone: a shard block counts as settled only when the beacon, which all validators follow, has recorded it.',
  ].join('\n')
}

function biasSentence(factor: number | null): string {
  if (factor === null) return 'Half of the validators are bad: they draw the committees they like.'
  return `By withholding blocks the bad ones choose among ${factor.toFixed(2)} draws on average: chances grow by that factor at most.`
}

function row(what: string, seats: string, chance: FailureChance): string {
  const { perDraw, perYear, yearsToFailure } = chance
  return [
    what.padEnd(34),
    seats.padStart(10),
    shown(perDraw).padStart(10),
    shown(perYear).padStart(10),
    (yearsToFailure === null ? 'never' : duration(yearsToFailure * 365 * 24 * 3600)).padStart(11),
  ].join(' ')
}

/** 0, 0.21, 8.6e-10 */
function shown(chance: number): string {
  if (chance === 0) return '0'
  return chance >= 0.001 ? chance.toPrecision(2) : chance.toExponential(1)
}

const UNITS = [
  ['year', 365 * 24 * 3600],
  ['day', 24 * 3600],
  ['hour', 3600],
  ['minute', 60],
] as const

function duration(seconds: number): string {
  const [unit, size] = UNITS.find(([, span]) => seconds >= span) ?? (['second', 1] as const)
  const count = seconds / size
  const text = count >= 1e4 ? count.toExponential(1) : String(Math.round(count))
  return `${text} ${unit}${text === '1' ? '' : 's'}`
}
