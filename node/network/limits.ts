/**
 * Limits of the network part: every buffer, stream, connection and queue that a peer can fill, each with its reason.
 * docs/security.md publishes the worst case computed from them; `worstCaseBytes` is that formula.
 */
import { assert } from '../primitives/assert.ts'
import { FRAME_BYTES_MAX } from '../primitives/limits.ts'

/** Connections of one node: what 512 MiB pay for in the worst case. Twice the bootstrap list, if that is more. */
export const CONNECTIONS_MAX = 32
/** Connections from one address and from one /24 network, on networks that are not loopback (docs/security.md). */
export const CONNECTIONS_PER_ADDRESS_MAX = 4
export const CONNECTIONS_PER_SUBNET_MAX = 16
/** New connections one host may open per second; libp2p's default keeps a stranger from burning our handshakes. */
export const INBOUND_PER_SECOND_PUBLIC = 5
/** On loopback every peer is the same host, and a whole devnet starts in one second. */
export const INBOUND_PER_SECOND_LOOPBACK = 1_000
export const PENDING_INBOUND_PUBLIC = 10
export const PENDING_INBOUND_LOOPBACK = 128

/** Streams a peer may hold open on one connection: identify, ping, hello, 2 gossip, 2 per channel, 5 requests. */
export const INBOUND_STREAMS_MAX = 14
export const OUTBOUND_STREAMS_MAX = 14
/** Per protocol. A channel has two for the moment in which a new stream replaces a broken one. */
export const CHANNEL_STREAMS_MAX = 2
export const HELLO_STREAMS_MAX = 1
export const GOSSIP_STREAMS_MAX = 2
export const REQUESTS_INBOUND_MAX = 5
/** Fewer than a peer accepts: an answered request still counts there until its stream is closed on both sides. */
export const REQUESTS_OUTBOUND_MAX = 4
/** Requests being answered at once over all peers; the answers come from the disk. */
export const REQUESTS_ANSWERING_MAX = 32

/** Yamux: the smallest window the specification allows; a stream nobody reads holds no more than this. */
export const STREAM_WINDOW_BYTES = 256 * 1024
/** One window and one message of the muxer: a paused stream never overflows, an unread one is reset. */
export const STREAM_READ_BUFFER_MAX = STREAM_WINDOW_BYTES + 64 * 1024
/** A frame waits for window updates here; the channel hands over the next batch only when this is empty. */
export const STREAM_WRITE_BUFFER_MAX = 2 * FRAME_BYTES_MAX

/** Frames that wait for one peer on one channel: one full block and a second's votes. The newest is dropped beyond. */
export const SEND_QUEUE_BYTES_MAX = 2 * FRAME_BYTES_MAX
/** Small frames of one turn leave in one write; larger batches only add delay. */
export const SEND_BATCH_BYTES = 64 * 1024
/** What gossip may have waiting for one peer: a block and more. Beyond, the stream is reset, the connection renewed. */
export const GOSSIP_WRITE_BUFFER_MAX = FRAME_BYTES_MAX + 256 * 1024
/** The question of a request: a kind, a range, a few hashes. */
export const REQUEST_BYTES_MAX = 64 * 1024
/** An answer is one frame. */
export const ANSWER_BYTES_MAX = FRAME_BYTES_MAX
/** Hello frames: two hashes, an index and one signature (96 bytes for BLS). */
export const HELLO_BYTES_MAX = 1024

/** Time to prove being on the same network, from the moment the connection is up. */
export const HELLO_TIMEOUT_MS = 10_000
/** A refused peer stays connected, unheard, for so long: it has questions of its own under way. */
export const REFUSAL_LINGER_MS = 1_000
/** A protocol is negotiated in two round trips; gossip opens its streams one after another, so a staller delays others. */
export const NEGOTIATION_TIMEOUT_MS = 5_000
export const DIAL_TIMEOUT_MS = 10_000
/** A question must arrive whole within this time, and its answer be ready within the second. */
export const QUESTION_TIMEOUT_MS = 10_000
export const ANSWER_TIMEOUT_MS = 30_000
/** A peer that has not taken a byte of a full channel for so long is dropped, so that it does not hold our memory. */
export const STALL_TIMEOUT_MS = 20_000
/** A frame that has been half received for so long is an attack or a dead link. */
export const PARTIAL_FRAME_TIMEOUT_MS = 15_000
/** How often the slow checks run (stalls, half frames, lost gossip streams). */
export const SWEEP_INTERVAL_MS = 5_000
/** How often peers that came and went are deleted from the peer store: each costs about a kilobyte until then. */
export const FORGET_INTERVAL_MS = 60_000
/** Half-open connections are found by a ping this often; 240 connections in one test machine make it matter. */
export const PING_INTERVAL_MS = 30_000
/** Peers remembered as refused or banned; the oldest is forgotten first. */
export const BANS_MAX = 4_096
/** Addresses in a list of bootstrap peers. */
export const BOOTSTRAP_MAX = 256

/** Bytes a set of hostile peers can make this node hold, without the process's own working memory. */
export function worstCaseBytes(connections: number): number {
  const unreadStreams = (INBOUND_STREAMS_MAX + GOSSIP_STREAMS_MAX) * STREAM_READ_BUFFER_MAX
  const halfFrames = 2 * FRAME_BYTES_MAX
  const unsent = 2 * (SEND_QUEUE_BYTES_MAX + FRAME_BYTES_MAX) + GOSSIP_WRITE_BUFFER_MAX
  return (
    connections * (unreadStreams + halfFrames + unsent) + REQUESTS_ANSWERING_MAX * ANSWER_BYTES_MAX
  )
}

assert(SEND_BATCH_BYTES < SEND_QUEUE_BYTES_MAX, 'a batch fits the queue')
assert(FRAME_BYTES_MAX + 4 <= SEND_QUEUE_BYTES_MAX, 'the largest frame fits an empty queue')
assert(REQUEST_BYTES_MAX <= STREAM_WINDOW_BYTES, 'a question arrives without a window update')
assert(REQUESTS_OUTBOUND_MAX < REQUESTS_INBOUND_MAX, 'our requests fit what a peer accepts')
