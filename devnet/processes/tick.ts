/**
 * Reports of the traffic process into the tick of a second. Settlement comes in bursts, one per beacon block, so rates are
 * taken over a sliding window; a rate over one second would jump between nothing and double.
 */
import type { TickEvent } from '../event.ts'
import type { TrafficReport } from '../load/message.ts'
import type { SeatMoves } from './seat-watch.ts'

const WINDOW_REPORTS = 6
/** Without epochs no seat moves. */
const AT_REST: SeatMoves = { seatsMoved: 0, syncing: 0 }

export class TickClock {
  #readyMs = 0
  readonly #reports: TrafficReport[] = []

  start(nowMs: number): void {
    this.#readyMs = nowMs
  }

  tick(report: TrafficReport, validatorsUp: number, moves: SeatMoves = AT_REST): TickEvent {
    this.#reports.push(report)
    if (this.#reports.length > WINDOW_REPORTS) this.#reports.shift()
    const first = this.#reports[0] ?? report
    const seconds = (report.atMs - first.atMs) / 1000
    const rate = (now: number, before: number) =>
      seconds === 0 ? 0 : Math.round(((now - before) / seconds) * 10) / 10
    return {
      event: 'tick',
      t: Math.round((report.atMs - this.#readyMs) / 1000),
      shards: report.shards.map(
        ({ shard, height, settledHeight, settledTransactions, pending }) => {
          const before = first.shards[shard - 1]?.settledTransactions ?? 0
          return { shard, height, settledHeight, tps: rate(settledTransactions, before), pending }
        },
      ),
      beaconHeight: report.beaconHeight,
      epoch: report.epoch,
      ...moves,
      settledTps: rate(settledTotal(report), settledTotal(first)),
      settled: settledTotal(report),
      settledAt: Math.max(0, (report.settledAtMs - this.#readyMs) / 1000),
      validatorsUp,
    }
  }
}

function settledTotal({ counts }: TrafficReport): number {
  return counts.settledIntra + counts.settledCross
}
