/**
 * What processes cost, from the operating system's own accounting (/proc): memory as PSS, which shares out the pages that
 * many copies of one program have in common, and processor time as user + system. Elsewhere than on Linux there is no
 * /proc; the figures are then undefined, and whoever prints them says so.
 */
import { readFile } from 'node:fs/promises'

/** Linux counts in ticks of 1/100 s; this has been a constant of its interface for decades (USER_HZ). */
const TICKS_PER_SECOND = 100

/** Fields of /proc/<pid>/stat after the name, which may itself hold spaces and parentheses; field 3 comes first. */
async function readStatFields(pid: number): Promise<readonly string[] | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')
}

/** User + system seconds of a process with all its threads, ended ones included. */
export async function readCpuSeconds(pid: number): Promise<number | undefined> {
  const fields = await readStatFields(pid)
  return fields === undefined ? undefined : cpuSecondsOf(fields)
}

/** utime is field 14 and stime field 15 of the line; 11 and 12 after the name and the state. */
export function cpuSecondsOf(fields: readonly string[]): number {
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/**
 * When the process started, in ticks since boot: with the pid it names one process for ever. One that has ended keeps its
 * number until its parent asks for its end; that is no process any more.
 */
export async function readStartTicks(pid: number): Promise<number | undefined> {
  const fields = await readStatFields(pid)
  return fields === undefined || fields[0] === 'Z' ? undefined : Number(fields[19])
}

/** MiB. */
export async function readPssMiB(pid: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => undefined)
  const kilobytes = /^Pss:\s+(\d+) kB/m.exec(text ?? '')?.[1]
  return kilobytes === undefined ? undefined : Number(kilobytes) / 1024
}

/** Sum over the processes that still exist. */
export async function sumOver(
  pids: readonly number[],
  read: (pid: number) => Promise<number | undefined>,
): Promise<number> {
  const figures = await Promise.all(pids.map(read))
  return figures.reduce<number>((total, figure) => total + (figure ?? 0), 0)
}

export type MachineTicks = {
  /** Of processes that yield to all others (positive niceness). */
  readonly nice: number
  readonly idle: number
  readonly steal: number
  readonly total: number
}

/** The first line of /proc/stat: what all processors did since boot. */
export async function readMachineTicks(): Promise<MachineTicks | undefined> {
  const text = await readFile('/proc/stat', 'utf8').catch(() => undefined)
  return text === undefined ? undefined : parseMachineTicks(text)
}

/** user nice system idle iowait irq softirq steal; guest times are part of user already. */
export function parseMachineTicks(text: string): MachineTicks {
  const fields = (text.split('\n')[0] ?? '').trim().split(/\s+/).slice(1, 9).map(Number)
  const total = fields.reduce((sum, field) => sum + field, 0)
  return {
    nice: fields[1] ?? 0,
    idle: (fields[3] ?? 0) + (fields[4] ?? 0),
    steal: fields[7] ?? 0,
    total,
  }
}
