/**
 * The clients of a simulated network: wallets that sign a plan's orders, ask a node, ask another when nobody answers, and
 * send again what was accepted and is not in a block. They know no node from inside: only answers and final blocks.
 *
 * Invariant: a wallet (one account on one shard) has at most one transaction whose fate it does not know, so a refused
 * nonce is used again and no gap can arise.
 */
import { present } from '../../node/primitives/assert.ts'
import { bigIntToBytes, toHex } from '../../node/primitives/bytes.ts'
import { hashTagged, keccak256 } from '../../node/primitives/hash.ts'
import type { Address, ChainNumber, Hash } from '../../node/primitives/identifiers.ts'
import { signDigest } from '../../node/primitives/io/secp256k1.ts'
import type { Result } from '../../node/primitives/result.ts'
import type { BlockOutcome } from '../../node/shards/executor.ts'
import type { MempoolRejectCode } from '../../node/shards/mempool-admission.ts'
import { encodeSigned, signingHash, type TransactionFields } from '../../node/shards/transaction.ts'
import { encodeGatewayTransfer, GATEWAY_ADDRESS } from '../../node/shards/vm/gateway.ts'
import { personalAccounts } from '../accounts.ts'
import { SIMULATED_CHAIN_ID_BASE } from './network-genesis.ts'
import { FEE_CAP_ON_OPENED } from './network-opening.ts'
import type { NetworkOrder, StakeOrder } from './network-plan.ts'

const ACCOUNTS = personalAccounts()
const NATIVE_GAS = 21_000
const GATEWAY_CALL_GAS = 100_000

/** A client that was not answered, or whose transaction is in no block, tries again after so long. */
const RETRY_MS = 4_000

export type WalletPorts = {
  /** Calls back after so long. */
  readonly later: (delayMs: number, act: () => void) => void
  /** The node to ask, given the one that the order prefers and how often it was tried; undefined: nobody is up. */
  readonly nodeFor: (order: NetworkOrder, tries: number) => number | undefined
  readonly submit: (
    node: number,
    shard: ChainNumber,
    raw: Uint8Array,
    answer: (result: Result<Hash, MempoolRejectCode>) => void,
  ) => void
  /** Calldata of an order that moves stake. */
  readonly stakeCall: (order: StakeOrder) => Uint8Array
  readonly onOffered: (order: OfferedOrder) => void
  readonly onAccepted: (node: number, order: OfferedOrder) => void
}

export type OfferedOrder = {
  readonly order: NetworkOrder
  /** Hex of the transaction's hash. */
  readonly id: string
  readonly sender: Address
  readonly nonce: number
}

export type Wallets = {
  readonly place: (order: NetworkOrder) => void
  /** A final block, from any honest node; each height counts once. */
  readonly observe: (shard: ChainNumber, outcome: BlockOutcome) => void
  /** Orders not refused and not ended. */
  readonly openCount: () => number
  /** One of them, for reports. */
  readonly firstOpen: () => string | undefined
  /** Heights in which everything ended, index = shard - 1. */
  readonly lastHeights: () => readonly number[]
  /** What receivers that nobody signs for must hold. */
  readonly expected: () => ReadonlyMap<string, Owed>
  readonly counts: () => {
    readonly placed: number
    readonly refused: number
    readonly failed: number
  }
}

export type Owed = { readonly shard: ChainNumber; readonly address: Address; amount: bigint }

type Flight = OfferedOrder & {
  readonly raw: Uint8Array
  tries: number
  isAccepted: boolean
  /** A request was sent and not answered: it may have arrived. */
  isDoubtful: boolean
  /** Also when it was refused for good: nothing more is asked. */
  isIncluded: boolean
}

type Wallet = { nonce: number; readonly waiting: NetworkOrder[]; flight: Flight | undefined }

type Office = WalletPorts & {
  readonly shardCount: number
  readonly wallets: Map<string, Wallet>
  readonly flights: Map<string, Flight>
  readonly seen: Set<string>
  readonly heights: number[]
  readonly owed: Map<string, Owed>
  readonly counts: { placed: number; refused: number; failed: number }
}

export function createWallets(shardCount: number, ports: WalletPorts): Wallets {
  const office: Office = {
    ...ports,
    shardCount,
    wallets: new Map(),
    flights: new Map(),
    seen: new Set(),
    heights: Array.from({ length: shardCount }, () => 0),
    owed: new Map(),
    counts: { placed: 0, refused: 0, failed: 0 },
  }
  const waitingCount = (): number =>
    [...office.wallets.values()].reduce((sum, { waiting }) => sum + waiting.length, 0)
  return {
    place: (order) => {
      office.counts.placed++
      const wallet = walletOf(office, order)
      wallet.waiting.push(order)
      proceed(office, wallet)
    },
    observe: (shard, outcome) => observe(office, shard, outcome),
    openCount: () => office.flights.size + waitingCount(),
    firstOpen: () => {
      for (const flight of office.flights.values()) return describe(flight)
      return undefined
    },
    lastHeights: () => office.heights,
    expected: () => office.owed,
    counts: () => office.counts,
  }
}

function describe({ order, nonce, isAccepted, isIncluded, id }: Flight): string {
  const state = isIncluded ? 'included' : isAccepted ? 'accepted' : 'not accepted'
  return `transfer ${id.slice(0, 16)} of account ${order.sender} nonce ${nonce} from shard ${order.shard} to ${order.destination}, ${state}`
}

function walletOf({ wallets }: Office, { shard, sender }: NetworkOrder): Wallet {
  const key = `${shard}/${sender}`
  const known = wallets.get(key) ?? { nonce: 0, waiting: [], flight: undefined }
  wallets.set(key, known)
  return known
}

/** The next order, if the fate of the one before is known. */
function proceed(office: Office, wallet: Wallet): void {
  if (wallet.flight !== undefined) return
  const order = wallet.waiting.shift()
  if (order === undefined) return
  const flight = sign(office, order, wallet.nonce)
  wallet.flight = flight
  office.flights.set(flight.id, flight)
  office.onOffered(flight)
  ask(office, wallet, flight)
}

function ask(office: Office, wallet: Wallet, flight: Flight): void {
  const { order, raw } = flight
  if (flight.isIncluded) return
  const node = office.nodeFor(order, flight.tries++)
  office.later(RETRY_MS, () => ask(office, wallet, flight))
  if (node === undefined) return
  const wasDoubtful = flight.isDoubtful
  flight.isDoubtful = true
  office.submit(node, order.shard, raw, (result) => {
    if (flight.isIncluded || (flight.isAccepted && !result.ok)) return
    if (result.ok || KNOWN.has(result.reject.code)) return accept(office, wallet, { flight, node })
    // Others wait for what opened shards are funded with, so "try again in a few seconds" is done.
    if (isFunding(order) && result.reject.code === 'shard-congested')
      flight.isDoubtful = wasDoubtful
    // Whoever did not answer before may have it, so it is not given up.
    else if (!wasDoubtful) refuse(office, wallet, flight)
  })
}

/** Money that a payer of an opened shard sends itself there. */
function isFunding({ to, shard, destination }: NetworkOrder): boolean {
  return to === 'self' && shard !== destination
}

/** The node has it, or a block has. */
const KNOWN: ReadonlySet<string> = new Set<MempoolRejectCode>(['already-known', 'nonce-too-low'])

function accept(
  office: Office,
  wallet: Wallet,
  { flight, node }: { readonly flight: Flight; readonly node: number },
): void {
  office.onAccepted(node, flight)
  if (flight.isAccepted) return
  flight.isAccepted = true
  release(office, wallet, flight)
}

/** Its fate is known: the wallet goes on with the next nonce. */
function release(office: Office, wallet: Wallet, flight: Flight): void {
  if (wallet.flight !== flight) return
  wallet.flight = undefined
  wallet.nonce = flight.nonce + 1
  proceed(office, wallet)
}

function refuse(office: Office, wallet: Wallet, flight: Flight): void {
  office.counts.refused++
  office.flights.delete(flight.id)
  flight.isIncluded = true
  wallet.flight = undefined
  proceed(office, wallet)
}

/** Nobody signs for them, so what they hold is what they were sent. */
function receiverOf({ sender }: NetworkOrder): Address {
  return hashTagged('receiver', bigIntToBytes(BigInt(sender), 8)).slice(0, 20)
}

function targetOf(order: NetworkOrder): Address {
  if (order.to === 'bounce') return GATEWAY_ADDRESS
  return order.to === 'self' ? accountOf(order.sender).address : receiverOf(order)
}

function accountOf(sender: number): (typeof ACCOUNTS)[number] {
  return present(ACCOUNTS[sender], 'there are ten accounts')
}

function sign({ stakeCall, shardCount }: Office, order: NetworkOrder, nonce: number): Flight {
  const { shard, sender, destination, amount, stake } = order
  const crosses = destination !== shard
  const target = targetOf(order)
  const chainId = SIMULATED_CHAIN_ID_BASE + shard
  const fields: TransactionFields = {
    type: 2,
    chainId,
    nonce,
    maxPriorityFeePerGas: 10n ** 9n,
    maxFeePerGas: shard > shardCount ? FEE_CAP_ON_OPENED : 10n ** 12n,
    gasLimit: crosses ? GATEWAY_CALL_GAS : NATIVE_GAS,
    to: crosses ? GATEWAY_ADDRESS : target,
    value: BigInt(amount),
    data: !crosses
      ? new Uint8Array(0)
      : stake === undefined
        ? encodeGatewayTransfer(SIMULATED_CHAIN_ID_BASE + destination, target)
        : stakeCall(stake),
    accessList: [],
  }
  const account = accountOf(sender)
  const raw = encodeSigned(fields, signDigest(signingHash(fields), account.secretKey))
  return {
    order,
    nonce,
    raw,
    id: toHex(keccak256(raw)),
    sender: account.address,
    tries: 0,
    isAccepted: false,
    isDoubtful: false,
    isIncluded: false,
  }
}

function observe(office: Office, shard: ChainNumber, outcome: BlockOutcome): void {
  const { height } = outcome.header
  const key = `${shard}/${height}`
  if (office.seen.has(key)) return
  office.seen.add(key)
  for (const [index, hash] of outcome.transactionHashes.entries()) {
    const flight = office.flights.get(toHex(hash))
    if (flight === undefined) continue
    include(office, flight, outcome.results[index]?.status === 1)
    office.heights[shard - 1] = height
  }
  for (const { receipt, outcome: end } of outcome.consumed) {
    const flight = office.flights.get(toHex(receipt.originTransaction))
    if (flight === undefined) continue
    if (receipt.kind === 'transfer' && end === 'applied') owe(office, flight.order)
    if (end === 'applied') finish(office, flight)
    office.heights[shard - 1] = height
  }
}

function include(office: Office, flight: Flight, isSuccess: boolean): void {
  const { order } = flight
  flight.isIncluded = true
  flight.isAccepted = true
  const wallet = walletOf(office, order)
  release(office, wallet, flight)
  if (!isSuccess) {
    office.counts.failed++
    return finish(office, flight)
  }
  // What becomes of stake is the registry's business, and counted with all money.
  if (order.stake !== undefined) return finish(office, flight)
  if (order.destination !== order.shard) return
  owe(office, order)
  finish(office, flight)
}

function finish({ flights }: Office, { id }: Flight): void {
  flights.delete(id)
}

/** What a client sends itself it spends, too. */
function owe({ owed }: Office, order: NetworkOrder): void {
  if (order.to === 'self') return
  const address = receiverOf(order)
  const { destination: shard } = order
  const key = `${shard}/${toHex(address)}`
  const known = owed.get(key) ?? { shard, address, amount: 0n }
  known.amount += BigInt(order.amount)
  owed.set(key, known)
}
