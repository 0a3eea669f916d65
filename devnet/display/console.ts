/**
 * Events onto a stream: JSON lines for programs, sentences and a table for people. On a terminal the table is drawn over
 * itself and sentences appear above it; in a log a line stands every ten seconds.
 */
import type { DevnetEvent, TickEvent } from '../event.ts'
import { farewell, liveTable, sentenceOf, tickLine, welcome } from './words.ts'

export type Screen = {
  readonly isTerminal: boolean
  readonly write: (text: string) => void
}

const LINE_EVERY_S = 10

export function jsonConsole(screen: Screen): (event: DevnetEvent) => void {
  return (event) => screen.write(`${JSON.stringify(event)}\n`)
}

export function wordConsole(screen: Screen, validators: number): (event: DevnetEvent) => void {
  /** Lines of the table that stands at the bottom of the terminal now. */
  let tableLines = 0

  function say(lines: readonly string[]): void {
    erase()
    screen.write(`${lines.join('\n')}\n`)
  }

  function erase(): void {
    if (tableLines > 0) screen.write(`\u001b[${tableLines}A\u001b[J`)
    tableLines = 0
  }

  function draw(tick: TickEvent): void {
    if (!screen.isTerminal) {
      if (tick.t % LINE_EVERY_S === 0) say([tickLine(tick)])
      return
    }
    const lines = liveTable(tick, validators)
    say(lines)
    tableLines = lines.length
  }

  return (event) => {
    if (event.event === 'tick') return draw(event)
    if (event.event === 'ready') return say(welcome(event))
    if (event.event === 'stopped') return say(farewell(event.summary))
    const sentence = sentenceOf(event)
    if (sentence !== undefined) say([sentence])
  }
}
