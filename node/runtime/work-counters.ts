/**
 * What a node has done since it started, in numbers that do not depend on how fast the machine is: signatures checked,
 * transactions executed, bytes sent by plane. Beside the clock they tell why a version is faster, on any machine.
 *
 * They are counted where the driver asks for the work, so no machine and no thread knows of them.
 */
import { unreachable } from '../primitives/assert.ts'
import type { ConsensusMessage } from '../consensus/message.ts'
import { BEACON_CHAIN, type ChainNumber } from '../primitives/identifiers.ts'
import type { ExecutionResponse } from '../shards/executor.ts'
import type { NodeMessage } from '../validator/message.ts'
import type { DriverPorts, Signer } from './driver.ts'

/** What bytes are sent for. Gossip is counted by the network, where it is relayed. */
export type Plane =
  | 'transactions'
  | 'blocks'
  | 'votes'
  | 'beacon'
  | 'crosslinks'
  | 'receipts'
  | 'sync'

export type Work =
  /** Senders recovered from signatures of transactions. */
  | 'senders-recovered'
  /** Votes, certificates and reveals checked. */
  | 'committee-signatures-checked'
  /** Of users, built or verified; the same transaction on two forks counts twice. */
  | 'transactions-executed'
  | 'receipts-executed'
  | 'blocks-executed'

export type WorkCounters = {
  readonly done: Record<Work, number>
  /** That the vote guard has granted since the start, by chain. */
  readonly votes: Map<ChainNumber, number>
  readonly bytesSent: Record<Plane, number>
}

export function createWorkCounters(): WorkCounters {
  return {
    done: {
      'senders-recovered': 0,
      'committee-signatures-checked': 0,
      'transactions-executed': 0,
      'receipts-executed': 0,
      'blocks-executed': 0,
    },
    votes: new Map(),
    bytesSent: {
      transactions: 0,
      blocks: 0,
      votes: 0,
      beacon: 0,
      crosslinks: 0,
      receipts: 0,
      sync: 0,
    },
  }
}

const CONSENSUS_PLANES: Readonly<Record<ConsensusMessage['kind'], Plane>> = {
  proposal: 'blocks',
  block: 'blocks',
  vote: 'votes',
  certificate: 'votes',
  'get-certificate': 'votes',
  'get-block': 'sync',
  'get-range': 'sync',
  range: 'sync',
}

export function planeOf(message: NodeMessage): Plane {
  switch (message.kind) {
    case 'consensus':
      return message.chain === BEACON_CHAIN ? 'beacon' : CONSENSUS_PLANES[message.message.kind]
    case 'transactions':
      return 'transactions'
    case 'crosslink':
      return 'crosslinks'
    case 'accusation':
    case 'fork-proof':
      return 'beacon'
    case 'receipts':
    case 'get-receipts':
      return 'receipts'
    case 'get-chunk':
    case 'chunk':
    case 'ready':
      return 'sync'
    default:
      return unreachable(message)
  }
}

/** The same signer, counting: a validator that has never voted in a chain is not yet of its committee. */
export function countVotes({ votes }: WorkCounters, signer: Signer): Signer {
  const { guard } = signer
  return {
    ...signer,
    guard: {
      condition: () => guard.condition(),
      close: () => guard.close(),
      authorize: async (requests) => {
        const verdicts = await guard.authorize(requests)
        for (const [index, { chain }] of requests.entries()) {
          if (verdicts[index] === 'granted') votes.set(chain, (votes.get(chain) ?? 0) + 1)
        }
        return verdicts
      },
    },
  }
}

type CountedPorts = Pick<DriverPorts, 'recover' | 'check' | 'executors'>

/** The same ports, counting. */
export function countWork({ done }: WorkCounters, ports: CountedPorts): CountedPorts {
  return {
    recover: (raws) => {
      done['senders-recovered'] += raws.length
      return ports.recover(raws)
    },
    check: (questions) => {
      done['committee-signatures-checked'] += questions.length
      return ports.check(questions)
    },
    executors: {
      get: (shard) => {
        const executor = ports.executors.get(shard)
        return (
          executor && {
            run: async (request) => {
              const response = await executor.run(request)
              countExecution(done, response)
              return response
            },
          }
        )
      },
    },
  }
}

function countExecution(done: WorkCounters['done'], response: ExecutionResponse): void {
  if (response.kind !== 'built' && response.kind !== 'verified') return
  done['blocks-executed']++
  done['transactions-executed'] += response.outcome.results.length
  done['receipts-executed'] += response.outcome.consumed.length
}
