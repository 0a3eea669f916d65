/**
 * One stage of a transaction's life, and the clock that times it: many calls after a warm-up, their median and extremes.
 * What a call needs is prepared before its clock runs.
 *
 * What computes is timed by the processor time of its thread, so that a busy machine changes little; what waits for a disk
 * is timed by the wall.
 */
import { spreadOf } from '../sweep/statistics.ts'

export type Stage = {
  readonly name: string
  /** What is done once, in words. */
  readonly unit: string
  /** How many units one prepared call does. */
  readonly unitsPerCall: number
  /** Makes one call; only the call itself is timed. One that gives a promise waits for something. */
  readonly prepare: () => () => void | Promise<void>
  readonly close?: () => Promise<void>
}

export type StageResult = {
  readonly stage: string
  readonly unit: string
  readonly samples: number
  /** Per unit, microseconds. */
  readonly medianUs: number
  readonly minUs: number
  readonly maxUs: number
}

const WARM_UP_MS = 300
/** The system counts a thread's time in steps of up to 4 ms: one sample has to be long against that. */
const SAMPLE_MS = 80
const SAMPLES_MIN = 5
/** Prepared calls wait in memory until their sample begins. */
const CALLS_PER_SAMPLE_MAX = 500

export async function timeStage(stage: Stage, budgetMs: number): Promise<StageResult> {
  const callMs = await estimate(stage)
  const calls = Math.min(CALLS_PER_SAMPLE_MAX, Math.max(1, Math.ceil(SAMPLE_MS / callMs)))
  const samples: number[] = []
  for (let spentMs = 0; samples.length < SAMPLES_MIN || spentMs < budgetMs;) {
    const elapsedMs = await sample(stage, calls)
    samples.push((elapsedMs * 1000) / (calls * stage.unitsPerCall))
    spentMs += elapsedMs
  }
  const { median, min, max } = spreadOf(samples)
  const { name, unit } = stage
  return { stage: name, unit, samples: samples.length, medianUs: median, minUs: min, maxUs: max }
}

/** The fastest call of the warm-up. */
async function estimate(stage: Stage): Promise<number> {
  let fastest = Number.POSITIVE_INFINITY
  for (const untilMs = performance.now() + WARM_UP_MS; performance.now() < untilMs;) {
    const call = stage.prepare()
    const startMs = performance.now()
    await call()
    fastest = Math.min(fastest, performance.now() - startMs)
  }
  return Math.max(0.001, fastest)
}

async function sample(stage: Stage, count: number): Promise<number> {
  const calls = Array.from({ length: count }, () => stage.prepare())
  const startMs = performance.now()
  const startCpuMs = threadCpuMs()
  let waits = false
  for (const call of calls) {
    const running = call()
    if (running === undefined) continue
    waits = true
    await running
  }
  return waits ? performance.now() - startMs : threadCpuMs() - startCpuMs
}

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
