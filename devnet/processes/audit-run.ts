/**
 * The audit of a running network: moves the auditor's books to a fresh cut, asks every shard for its supply at exactly that
 * cut, and compares the sum with genesis (audit.ts).
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Genesis } from '../../node/beacon/genesis.ts'
import {
  auditCut,
  genesisPerShard,
  genesisStakes,
  type AuditReport,
  type ShardSupply,
} from '../audit.ts'
import { ChainFollower } from '../observe/chain-follower.ts'
import { loadLedger, saveLedger } from '../observe/ledger-file.ts'
import { receiptCounts, valueInFlight } from '../observe/ledger.ts'
import { readSupply, type BeaconCut, type Committees } from '../observe/read-answer.ts'
import { createRpcClient } from '../observe/rpc-client.ts'
import { faultsTolerated } from '../parameters.ts'

export type AuditPlan = {
  readonly genesis: Genesis
  readonly endpoints: readonly string[]
  readonly ledgerFile: string
  /** Gives up after this long; the network may be dead. */
  readonly timeoutMs: number
}

const POLL_MS = 100
const REQUEST_TIMEOUT_MS = 5000

/** The report, or undefined when the network did not answer in time. */
export async function auditNetwork(plan: AuditPlan): Promise<AuditReport | undefined> {
  const { genesis, endpoints } = plan
  const ledger = await loadLedger(plan.ledgerFile, genesis.shardCount)
  const violations: string[] = []
  let newest: BeaconCut | undefined
  const follower = new ChainFollower({
    endpoints,
    shardCount: genesis.shardCount,
    beaconFaults: faultsTolerated(genesis.validators.length),
    ledger,
    pollMs: POLL_MS,
    events: {
      onFinalized: () => {},
      onSettled: (cut) => {
        newest = cut
      },
      // The audit counts what is recorded.
      onTakenBack: () => {},
      onViolation: (sentence) => violations.push(sentence),
    },
  })
  follower.start()
  const deadlineMs = Date.now() + plan.timeoutMs
  try {
    while (Date.now() < deadlineMs) {
      const cut = newest
      newest = undefined
      // Books and supplies must speak of one cut: taken in one turn, before the follower moves on.
      const { stake: held, burnt } = ledger.beacon.flows
      const stakes = { genesis: genesisStakes(genesis), held, burnt }
      const books = { inFlight: valueInFlight(ledger), stakes, receipts: receiptCounts(ledger) }
      const supplies =
        cut === undefined ? undefined : await readSupplies(cut, follower.committees(), endpoints)
      if (cut !== undefined && supplies !== undefined) {
        await follower.stop()
        await saveLedger(plan.ledgerFile, ledger)
        const heights = cut.shards.map(({ height }) => height)
        const perShard = genesisPerShard(genesis, heights.length)
        return auditCut({ genesis: perShard, supplies, heights, ...books, violations })
      }
      await delay(POLL_MS)
    }
    return undefined
  } finally {
    await follower.stop()
  }
}

/** Supplies at the heights of the cut; undefined when a shard has moved on or does not answer. */
async function readSupplies(
  cut: BeaconCut,
  committees: Committees,
  endpoints: readonly string[],
): Promise<readonly ShardSupply[] | undefined> {
  const supplies = await Promise.all(
    cut.shards.map(async ({ shard, height }) => {
      const members = committees[shard - 1] ?? []
      // B.7: of a shard that is retired nobody is a member; some of all still hold it.
      for (const member of members.length > 0 ? members : endpoints.keys()) {
        const supply = await askSupply(endpoints[member] ?? '', shard, height)
        if (supply !== undefined) return supply
      }
      return undefined
    }),
  )
  const found = supplies.filter((supply) => supply !== undefined)
  return found.length === cut.shards.length ? found : undefined
}

async function askSupply(
  url: string,
  shard: number,
  height: number,
): Promise<ShardSupply | undefined> {
  const client = createRpcClient(url, { timeoutMs: REQUEST_TIMEOUT_MS })
  try {
    const params = [`0x${height.toString(16)}`]
    return readSupply(shard, await client.call(`/shard/${shard}`, 'shard_supply', params))
  } catch {
    // The next member is asked.
    return undefined
  } finally {
    client.close()
  }
}
