/**
 * The registry in words, out of the answer of `beacon_getValidators` (docs/protocol/beacon.md B.6).
 */
import { asAmount, asList, asNumber, asRecord, asText } from '../observe/read-answer.ts'
import { alignColumns } from './words.ts'

const WEI_PER_MILLIETHER = 10n ** 15n

export function registryLines(answer: unknown): readonly string[] {
  const registry = asRecord(answer, 'registry')
  const validators = asList(registry['validators'], 'validators')
  const epoch = asNumber(registry['epoch'], 'epoch')
  const header = ['', 'status', 'stake', 'from', 'until', 'beacon', 'shard', 'next epoch', 'peer']
  const rows = validators.map((item) => rowOf(asRecord(item, 'validator')))
  const burnt = etherText(asAmount(registry['burnt'], 'burnt'))
  return [
    ...alignColumns([header, ...rows]),
    `epoch ${epoch} at beacon block ${asNumber(registry['height'], 'height')}; ${burnt} ether of stakes burnt`,
  ]
}

function rowOf(validator: Record<string, unknown>): readonly string[] {
  const exitEpoch = validator['exitEpoch']
  const next = validator['nextShards']
  return [
    `validator ${asNumber(validator['index'], 'index')}`,
    asText(validator['status'], 'status'),
    etherText(asAmount(validator['stake'], 'stake')),
    `epoch ${asNumber(validator['activationEpoch'], 'activationEpoch')}`,
    exitEpoch === null ? '' : `epoch ${asNumber(exitEpoch, 'exitEpoch')}`,
    validator['beacon'] === true ? 'seat' : '',
    shardsText(validator['shards']),
    next === null ? '' : shardsText(next),
    asText(validator['peer'], 'peer'),
  ]
}

function shardsText(shards: unknown): string {
  const numbers = asList(shards, 'shards').map((shard) => asNumber(shard, 'shard'))
  return numbers.length === 0 ? 'none' : numbers.join(' ')
}

/** To a thousandth, rounded down: what was taken shows. */
function etherText(wei: bigint): string {
  const thousandths = wei / WEI_PER_MILLIETHER
  const part = String(thousandths % 1000n).padStart(3, '0')
  return `${thousandths / 1000n}.${part}`
}
