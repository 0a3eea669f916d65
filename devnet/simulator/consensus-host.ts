/**
 * One simulated validator: a real engine with everything around it modelled. It honours the contract between engine and
 * host: effects happen in order; whatever was to be persisted is durable before the next signature or message; results
 * come back as inputs after a while. It can crash between any two effects, and then has only its disk.
 *
 * Where the engine breaks its own side of the contract (asks to verify a child before its parent, sets a deadline that
 * never moves, signs what the guard must refuse) the host says so to the referee under the rule `host`.
 */
import { present, unreachable } from '../../node/primitives/assert.ts'
import { OBSERVER_SEAT, type Seat } from '../../node/primitives/identifiers.ts'
import type { Prng } from '../../node/primitives/prng.ts'
import type { Engine } from '../../node/consensus/engine.ts'
import type {
  EngineEffect,
  EngineInput,
  SignatureCheck,
  CheckVerdict,
} from '../../node/consensus/engine-contract.ts'
import type { ChainBlock, ConsensusMessage } from '../../node/consensus/message.ts'
import type { UnsignedVote, Vote } from '../../node/consensus/vote.ts'
import type { Observation } from './checkers/observation.ts'
import type { CrashPlan, Latencies, Span } from './consensus-plan.ts'
import { seenCertificate, certificatesIn, statementOf } from './consensus-seen.ts'
import type { Retention } from './disk.ts'
import type { Scheduler } from './scheduler.ts'
import { createToyApplication } from './toy-application.ts'
import { isGenuine } from './toy-chain.ts'
import { createValidatorDisk } from './validator-disk.ts'
import { createVoteGuard } from './vote-guard.ts'
