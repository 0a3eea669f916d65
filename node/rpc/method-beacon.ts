/**
 * `beacon_*` methods about the past: blocks of the beacon, and where it recorded a block of a shard. `raw` and `certificate`
 * are the bytes themselves, so that a client with the genesis can check them and need not believe the fields.
 */
import { shardBlockHash } from '../crosslink/header-codec.ts'
import type { BeaconBlockView, CrosslinkPlace } from './backend.ts'
import { answer } from './error-code.ts'
import { formatData } from './hexadecimal.ts'
import { networkMethod, type Method } from './method.ts'
import { blockParameter, integerParameter, LATEST, optional } from './parameter.ts'

export const BEACON_METHODS: readonly Method[] = [
  networkMethod({
    name: 'beacon_getBlock',
    summary:
      'A finalized beacon block with its crosslinks, its bytes and its certificate; null when there is none.',
    cost: 5,
    parameters: [optional(blockParameter('block'), LATEST)],
    run: async ({ backend }, [selector]) => {
      const found = await backend.beaconBlock(selector)
      return answer(found === undefined ? null : formatBeaconBlock(found))
    },
  }),
  networkMethod({
    name: 'beacon_getCrosslink',
    summary:
      'The finalized beacon block that recorded a block of a shard; null until one has, or when it is too old.',
    cost: 5,
    parameters: [integerParameter('shard'), integerParameter('height')],
    run: async ({ backend }, [shard, height]) => {
      const place = await backend.crosslinkOf(shard, height)
      return answer(place === undefined ? null : { shard, height, ...formatPlace(place) })
    },
  }),
]

function formatBeaconBlock({ hash, block, bytes, certificate }: BeaconBlockView): object {
  const { header, body } = block
  return {
    height: header.height,
    hash: formatData(hash),
    parentHash: formatData(header.parentHash),
    epoch: header.epoch,
    view: header.view,
    proposerSeat: header.proposerSeat,
    timestampMs: header.timestampMs,
    stateRoot: formatData(header.stateRoot),
    crosslinks: body.crosslinks.map(({ shard, tip, links }) => ({
      shard,
      fromHeight: tip.height - links.length + 1,
      tipHeight: tip.height,
      tipHash: formatData(shardBlockHash(tip)),
    })),
    raw: formatData(bytes),
    certificate: certificate === undefined ? null : formatData(certificate),
  }
}

function formatPlace(place: CrosslinkPlace): object {
  return {
    beaconHeight: place.beaconHeight,
    beaconHash: formatData(place.beaconHash),
    timestampMs: place.timestampMs,
    fromHeight: place.fromHeight,
    tipHeight: place.tipHeight,
    tipHash: formatData(place.tipHash),
  }
}
