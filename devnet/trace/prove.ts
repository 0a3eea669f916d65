/**
 * All proofs of a life: what was told of each block (proofs.ts), then the way from each block to the validators of the
 * genesis: crosslink, the shard committee's certificate, the beacon block, the beacon's certificate.
 */
import { decodeBeaconBlock, type BeaconBlock } from '../../node/beacon/block.ts'
import { drawCommittees, epochSeed } from '../../node/beacon/committee.ts'
import { genesisHash, type Genesis } from '../../node/beacon/genesis.ts'
import { beaconBlockHash, shardBlockHash } from '../../node/crosslink/header-codec.ts'
import type { ShardHeader } from '../../node/crosslink/header.ts'
import { present } from '../../node/primitives/assert.ts'
import { equalBytes, fromHex } from '../../node/primitives/bytes.ts'
import { BEACON_CHAIN } from '../../node/primitives/identifiers.ts'
import { votingKeys } from '../../node/primitives/key-use.ts'
import { schemeByName } from '../../node/primitives/io/schemes.ts'
import { certificateProblem } from '../audit/certificates.ts'
import type { BeaconCopy } from '../audit/facts.ts'
import { readBeaconCopy } from '../audit/rpc-answers.ts'
import type { NetworkClients } from '../audit/rpc-source.ts'
import { quantity } from './gather.ts'
import type { Life, PlacedBlock } from './life.ts'
import {
  nameOf,
  proveArrival,
  proveCrosslink,
  proveHeader,
  proveInclusion,
  proveSending,
  type Claim,
} from './proofs.ts'

/** A beacon block without a certificate of its own has one soon after it: views that end without a block are rare. */
const DESCENDANTS_MAX = 32

type Proving = {
  readonly network: NetworkClients
  readonly genesis: Genesis | undefined
  readonly beaconBlocks: Map<number, BeaconCopy | undefined>
  /** Already proved: several steps of a life may stand in one block. */
  readonly done: Set<string>
}

export async function proveLife(
  network: NetworkClients,
  genesis: Genesis | undefined,
  life: Life,
): Promise<readonly Claim[]> {
  const proving: Proving = { network, genesis, beaconBlocks: new Map(), done: new Set() }
  const hash = present(fromHex(life.transaction.hash), 'a hash in hexadecimal')
  const { inclusion, sending, arrival, bounce, refund } = life
  const claims: Claim[] = []
  if (inclusion !== undefined) {
    claims.push(...proveInclusion(inclusion, hash), ...(await proveBlock(proving, inclusion)))
  }
  if (sending !== undefined) {
    claims.push(...proveSending(sending, hash), ...(await proveBlock(proving, sending)))
  }
  if (arrival !== undefined && sending !== undefined) {
    claims.push(...proveArrival(arrival, sending.receipt), ...(await proveBlock(proving, arrival)))
  }
  if (bounce !== undefined) {
    claims.push(...proveSending(bounce, hash), ...(await proveBlock(proving, bounce)))
  }
  if (refund !== undefined && bounce !== undefined) {
    claims.push(...proveArrival(refund, bounce.receipt), ...(await proveBlock(proving, refund)))
  }
  return claims
}

type Headed = PlacedBlock & { readonly header: ShardHeader }

async function proveBlock(proving: Proving, block: Headed): Promise<readonly Claim[]> {
  if (proving.done.has(block.hash)) return []
  proving.done.add(block.hash)
  const header = proveHeader(block)
  const { settlement } = block
  if (settlement === undefined) {
    const claim = `${nameOf(block)} is final`
    return [
      header,
      { claim, ok: undefined, detail: 'no finalized beacon block has recorded it yet' },
    ]
  }
  const beacon = await beaconBlockAt(proving, settlement.beaconHeight)
  if (beacon === undefined) {
    const claim = `${nameOf(block)} is recorded by beacon block ${settlement.beaconHeight}`
    return [header, { claim, ok: false, detail: 'no node gives that block' }]
  }
  return [
    header,
    proveCrosslink(block, beacon),
    ...proveShardCertificate(proving, block, beacon),
    ...(await proveBeaconBlock(proving, beacon)),
  ]
}

function proveShardCertificate(
  { genesis, done }: Proving,
  { shard }: Headed,
  beacon: BeaconBlock,
): readonly Claim[] {
  const crosslink = beacon.body.crosslinks.find((one) => one.shard === shard)
  if (crosslink === undefined) return []
  const { tip, certificate } = crosslink
  const hash = shardBlockHash(tip)
  const name = `${shard}:${tip.height}`
  if (done.has(name)) return []
  done.add(name)
  const claim = `${nameOf({ shard, height: tip.height })} is finalized by its committee`
  if (genesis === undefined) return [unsigned(claim)]
  if (tip.epoch > 0) return [rotated(claim, tip.epoch)]
  const problem = certificateProblem(
    { ...committeeOf(genesis, shard), epoch: tip.epoch, hash },
    certificate,
    schemeByName(genesis.certificateScheme),
  )
  return [
    { claim, ok: problem === undefined, detail: problem ?? signersWords(certificate.signers) },
  ]
}

/** By its own certificate, or by that of a descendant to which it is linked. */
async function proveBeaconBlock(proving: Proving, block: BeaconBlock): Promise<readonly Claim[]> {
  const { genesis, done } = proving
  const { height } = block.header
  if (done.has(`0:${height}`)) return []
  done.add(`0:${height}`)
  const claim = `beacon block ${height} is finalized by the validators of the genesis`
  if (genesis === undefined) return [unsigned(claim)]
  // B.15: from then on a draw of another epoch decides.
  if (genesis.beaconSeats !== undefined && block.header.epoch > 0)
    return [rotated(claim, block.header.epoch)]
  let tip = block
  for (let step = 0; step < DESCENDANTS_MAX; step++) {
    const hash = beaconBlockHash(tip.header)
    const certificate = proving.beaconBlocks.get(tip.header.height)?.certificate
    if (certificate !== undefined) {
      const problem = certificateProblem(
        { ...committeeOf(genesis, BEACON_CHAIN), epoch: tip.header.epoch, hash },
        certificate,
        schemeByName(genesis.certificateScheme),
      )
      const through =
        step === 0
          ? 'its own certificate'
          : `the certificate of block ${tip.header.height}, ${step} links on`
      return [{ claim, ok: problem === undefined, detail: problem ?? through }]
    }
    const next = await beaconBlockAt(proving, tip.header.height + 1)
    if (next === undefined || !equalBytes(next.header.parentHash, hash)) break
    tip = next
  }
  return [{ claim, ok: undefined, detail: 'no certificate of it or of a descendant is there yet' }]
}

async function beaconBlockAt(proving: Proving, height: number): Promise<BeaconBlock | undefined> {
  const { beaconBlocks, network } = proving
  if (!beaconBlocks.has(height)) {
    const copy = await network.ask({
      path: '/',
      method: 'beacon_getBlock',
      params: [[quantity(height)]],
      read: ([answer]) => ({ copy: readBeaconCopy(answer) }),
    })
    beaconBlocks.set(height, copy?.copy)
  }
  const bytes = beaconBlocks.get(height)?.bytes
  const block = bytes && decodeBeaconBlock(bytes)
  return block?.ok === true ? block.value : undefined
}

/** Committees of epoch 0, drawn from the genesis seed. */
function committeeOf(genesis: Genesis, chain: number) {
  const committees = drawCommittees({
    seed: epochSeed(genesis.seed, 0),
    validatorCount: genesis.validators.length,
    shardCount: genesis.shardCount,
    beaconSeats: genesis.beaconSeats,
  })
  const seats = committees[chain] ?? []
  const keys = votingKeys(
    seats.map((index) => present(genesis.validators[index], 'seats are validators').publicKey),
  )
  return { genesisHash: genesisHash(genesis), chain, keys }
}

/** Who sits in later epochs follows from every beacon block before. */
function rotated(claim: string, epoch: number): Claim {
  const detail = `seats of epoch ${epoch} follow from all beacon blocks before it: \`weft audit\` checks their signatures`
  return { claim, ok: undefined, detail }
}

function unsigned(claim: string): Claim {
  return {
    claim,
    ok: undefined,
    detail: 'signatures need the genesis: name its file with --genesis',
  }
}

function signersWords(signers: Uint8Array): string {
  let count = 0
  for (const byte of signers) for (let bit = 0; bit < 8; bit++) count += (byte >> bit) & 1
  return `${count} signatures in one certificate`
}
