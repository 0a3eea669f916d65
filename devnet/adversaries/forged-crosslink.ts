/**
 * Forger of crosslinks: brings the beacon crosslinks whose header names another state, under the certificate of the real
 * header; as a leader of the beacon it puts them into its blocks. All that can be counted or folded is right about them;
 * only the signature is not for this header.
 */
import type { ChainBlock } from '../../node/consensus/message.ts'
import type { Crosslink } from '../../node/crosslink/crosslink.ts'
import { headerBodyHash, shardBlockHash } from '../../node/crosslink/header-codec.ts'
import { present } from '../../node/primitives/assert.ts'
import { BEACON_CHAIN } from '../../node/primitives/identifiers.ts'
import type { ValidatorEffect } from '../../node/validator/contract.ts'
import type { Adversary } from './adversary.ts'
import { flipped, beaconBlockOf, rebuildBeaconBlock, rootIfAfter } from './rebuilt-block.ts'
import type { SeatPowers } from './seat-powers.ts'
import { createTamperer } from './tampered-proposal.ts'

export const forgedCrosslink: Adversary = {
  name: 'forged-crosslink',
  description: 'brings the beacon headers that no committee has signed',
  corrupt: createTamperer(
    (powers, { chain, proposal }) =>
      chain === BEACON_CHAIN ? withForgedCrosslinks(powers, proposal.block) : undefined,
    () => ({ effect: (effect) => [withForgedOffer(effect)] }),
  ),
}

function withForgedOffer(effect: ValidatorEffect): ValidatorEffect {
  if (effect.kind !== 'send' || effect.message.kind !== 'crosslink') return effect
  return { ...effect, message: { kind: 'crosslink', crosslink: forged(effect.message.crosslink) } }
}

function withForgedCrosslinks({ honest }: SeatPowers, block: ChainBlock): ChainBlock | undefined {
  const { header, body } = beaconBlockOf(block)
  if (body.crosslinks.length === 0) return undefined
  const crosslinks = body.crosslinks.map(forged)
  const newest = honest.beacon.newest()
  const tips = new Map(crosslinks.map(({ shard, tip }) => [shard, tip]))
  const shards = newest.shards.map((record) => {
    const tip = tips.get(record.shard)
    if (tip === undefined) return record
    return { ...record, hash: shardBlockHash(tip), stateRoot: tip.stateRoot }
  })
  const stateRoot = rootIfAfter(block, newest, { shards }) ?? header.stateRoot
  return rebuildBeaconBlock(block, () => ({
    header: { ...header, stateRoot },
    body: { ...body, crosslinks },
  }))
}

function forged(crosslink: Crosslink): Crosslink {
  const { certificate, links } = crosslink
  const tip = { ...crosslink.tip, stateRoot: flipped(crosslink.tip.stateRoot) }
  const proposal = present(certificate.proposal, 'a finalization names what it finalizes')
  return {
    ...crosslink,
    tip,
    links: [...links.slice(0, -1), headerBodyHash(tip)],
    certificate: { ...certificate, proposal: { ...proposal, hash: shardBlockHash(tip) } },
  }
}
