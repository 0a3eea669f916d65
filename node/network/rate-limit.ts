/**
 * Token buckets: what one peer may send on one channel, in frames and in bytes per second.
 *
 * Policy on overflow: **nothing is dropped, reading stops.** The bucket may go into debt by the chunk just read; the
 * stream is then paused until the debt is paid. The muxer's window closes, the sender's own queue fills, and what
 * overflows is the sender's. An honest peer that catches up is slowed, a flooding one harms itself. Requests are
 * different: each costs a read from the disk, so beyond the quota they are refused at once.
 */
import type { StreamChannel } from './network.ts'

export type RateLimit = {
  readonly framesPerSecond: number
  readonly bytesPerSecond: number
  /** The bucket holds this many seconds of the rate. */
  readonly burstSeconds: number
}

export type Bucket = { readonly frames: number; readonly bytes: number; readonly atMs: number }

const MEBIBYTE = 1024 * 1024

/** Votes of 128 seats in every view and a full block per view fit ten times over. */
export const CHANNEL_RATES: Readonly<Record<StreamChannel, RateLimit>> = {
  consensus: { framesPerSecond: 4_000, bytesPerSecond: 16 * MEBIBYTE, burstSeconds: 2 },
  relay: { framesPerSecond: 2_000, bytesPerSecond: 16 * MEBIBYTE, burstSeconds: 2 },
}

/** Requests of one peer; the answers are up to a frame each, so bytes are those of the questions. */
export const REQUEST_RATE: RateLimit = {
  framesPerSecond: 32,
  bytesPerSecond: MEBIBYTE,
  burstSeconds: 2,
}

export function fullBucket(limit: RateLimit, now: number): Bucket {
  return {
    frames: limit.framesPerSecond * limit.burstSeconds,
    bytes: limit.bytesPerSecond * limit.burstSeconds,
    atMs: now,
  }
}

function refill(limit: RateLimit, bucket: Bucket, now: number): Bucket {
  // The clock may be set back; time that runs backwards refills nothing.
  const seconds = Math.max(0, now - bucket.atMs) / 1000
  const full = fullBucket(limit, now)
  return {
    frames: Math.min(full.frames, bucket.frames + seconds * limit.framesPerSecond),
    bytes: Math.min(full.bytes, bucket.bytes + seconds * limit.bytesPerSecond),
    atMs: now,
  }
}

/** Takes what has just been read, into debt if it must; `waitMs` is how long to stop reading (0: read on). */
export function spend(
  limit: RateLimit,
  bucket: Bucket,
  cost: { readonly frames: number; readonly bytes: number },
  now: number,
): { readonly bucket: Bucket; readonly waitMs: number } {
  const filled = refill(limit, bucket, now)
  const frames = filled.frames - cost.frames
  const bytes = filled.bytes - cost.bytes
  const waitSeconds = Math.max(0, -frames / limit.framesPerSecond, -bytes / limit.bytesPerSecond)
  return { bucket: { frames, bytes, atMs: now }, waitMs: Math.ceil(waitSeconds * 1000) }
}

/** Takes only what is there; false leaves the bucket as it was, but for the refill. */
export function spendIfAvailable(
  limit: RateLimit,
  bucket: Bucket,
  cost: { readonly frames: number; readonly bytes: number },
  now: number,
): { readonly bucket: Bucket; readonly granted: boolean } {
  const filled = refill(limit, bucket, now)
  if (filled.frames < cost.frames || filled.bytes < cost.bytes) {
    return { bucket: filled, granted: false }
  }
  const rest = { frames: filled.frames - cost.frames, bytes: filled.bytes - cost.bytes, atMs: now }
  return { bucket: rest, granted: true }
}
