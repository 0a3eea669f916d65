/**
 * Gossip policy: mesh degrees, decoding limits and peer scores (gossipsub v1.1, P1 to P7), as plain data.
 *
 * A peer's score decides only about gossip. Committees talk by direct streams, so a score never silences a validator.
 */
import { FRAME_BYTES_MAX } from '../primitives/limits.ts'

/** Small meshes: every copy beyond the first is wasted work, and blocks are few and large. */
export const MESH = { D: 4, Dlo: 3, Dhi: 5, Dscore: 2, Dout: 1, Dlazy: 3 } as const

export const HEARTBEAT_INTERVAL_MS = 1_000
/** A pruned pair may graft again after this; short, because start-up prunes many pairs and meshes are small. */
export const PRUNE_BACKOFF_MS = 15_000

/** One RPC carries at most one block with its envelope. */
export const GOSSIP_RPC_BYTES_MAX = FRAME_BYTES_MAX

/** Bounds the objects that one RPC can make the decoder build (CVE-2026-46679). */
export const DECODE_LIMITS = {
  maxSubscriptions: 256,
  maxMessages: 128,
  maxIhaveMessageIDs: 5_000,
  maxIwantMessageIDs: 5_000,
  maxIdontwantMessageIDs: 512,
  maxControlMessages: 64,
  maxPeerInfos: 16,
} as const

/** Below: no gossip, no own messages to it, nothing from it. One invalid message costs the mesh, two everything. */
export const SCORE_THRESHOLDS = {
  gossipThreshold: -40,
  publishThreshold: -60,
  graylistThreshold: -80,
  acceptPXThreshold: 1_000,
  opportunisticGraftThreshold: 2,
} as const

const SCORE_DECAY_INTERVAL_MS = 10_000

/** P1 and P2 are small and capped; P3 is off (quiet topics are honest); P4, invalid messages, is squared. */
const TOPIC_SCORE = {
  topicWeight: 1,
  timeInMeshWeight: 0.01,
  timeInMeshQuantum: 1_000,
  timeInMeshCap: 300,
  firstMessageDeliveriesWeight: 0.2,
  firstMessageDeliveriesDecay: 0.9,
  firstMessageDeliveriesCap: 20,
  meshMessageDeliveriesWeight: 0,
  meshMessageDeliveriesDecay: 0.5,
  meshMessageDeliveriesCap: 1,
  meshMessageDeliveriesThreshold: 1,
  meshMessageDeliveriesWindow: 10,
  meshMessageDeliveriesActivation: 5_000,
  meshFailurePenaltyWeight: 0,
  meshFailurePenaltyDecay: 0.5,
  invalidMessageDeliveriesWeight: -30,
  // 0.9 every 10 s: an invalid message is forgiven after about five minutes.
  invalidMessageDeliveriesDecay: 0.9,
} as const

export type PeerScorePolicy = {
  readonly topics: Readonly<Record<string, typeof TOPIC_SCORE>>
  readonly topicScoreCap: number
  readonly IPColocationFactorWeight: number
  readonly IPColocationFactorThreshold: number
  readonly behaviourPenaltyWeight: number
  readonly behaviourPenaltyThreshold: number
  readonly behaviourPenaltyDecay: number
  readonly decayInterval: number
  readonly decayToZero: number
  readonly retainScore: number
}

/**
 * On a loopback network P6 (many peers on one address) and P7 (promises broken by a machine that is merely overloaded)
 * are off: with P6 on, every mesh of more than ten local nodes stays empty, silently.
 */
export function peerScorePolicy(topics: readonly string[], loopback: boolean): PeerScorePolicy {
  return {
    topics: Object.fromEntries(topics.map((topic) => [topic, TOPIC_SCORE])),
    // Good service never outweighs one invalid message (-30).
    topicScoreCap: 10,
    IPColocationFactorWeight: loopback ? 0 : -5,
    IPColocationFactorThreshold: 4,
    behaviourPenaltyWeight: loopback ? 0 : -1,
    behaviourPenaltyThreshold: 6,
    behaviourPenaltyDecay: 0.9,
    decayInterval: SCORE_DECAY_INTERVAL_MS,
    decayToZero: 0.1,
    retainScore: 3_600_000,
  }
}
