/**
 * The append workload: every key is the list of what one sender appended, in nonce order, as the network published it. All
 * reads of a key must be prefixes of one list; that list must hold every acknowledged append at the height it was
 * acknowledged at, nothing that failed, nothing twice, nothing before it was asked for, and in the order of real time.
 */
import type { History, Operation } from './history.ts'
import type { Findings } from './verdict.ts'

type Append = Operation<'append'>

type Read = {
  readonly process: number
  readonly invokeLine: number
  readonly line: number
  readonly height: number
  /** How many elements the key had. */
  readonly length: number
  readonly final: boolean
}

/** One element of the list that all reads of a key agree on. */
type Element = {
  readonly id: string
  /** The first read that shows it. */
  readonly line: number
}

type Key = {
  readonly name: string
  /** Nonce of the first element. */
  readonly first: number
  readonly appends: Append[]
  /** In the order in which they ended. */
  readonly lists: Operation<'list'>[]
}

export function checkAppend({ header, operations }: History, findings: Findings): void {
  const keys = new Map<string, Key>()
  for (const { key, first } of header.append?.keys ?? []) {
    keys.set(key, { name: key, first, appends: [], lists: [] })
  }
  const ids = new Map<string, Append>()
  for (const append of operations.append) {
    const { id, key } = append.asked
    const known = ids.get(id)
    if (known !== undefined) {
      const sentence = `${id} is appended twice by the clients themselves`
      findings.contradict('append/same-id', [known.invokeLine, append.invokeLine], sentence)
    }
    ids.set(id, known ?? append)
    const home = keys.get(key)
    if (home === undefined) reportUnknownKey(findings, key, append.invokeLine)
    else home.appends.push(append)
  }
  for (const list of operations.list) {
    const home = keys.get(list.asked.key)
    if (home === undefined) reportUnknownKey(findings, list.asked.key, list.invokeLine)
    else home.lists.push(list)
  }
  for (const key of keys.values()) checkKey(key, ids, findings)
}

function reportUnknownKey(findings: Findings, key: string, line: number): void {
  findings.contradict('append/unknown-key', [line], `the header does not declare the key ${key}`)
}

function checkKey(key: Key, ids: ReadonlyMap<string, Append>, findings: Findings): void {
  const { elements, reads } = gather(key, findings)
  checkElements(key, elements, ids, findings)
  checkRealTime(key, elements, ids, findings)
  checkSessions(key, reads, findings)
  const ascending = reads.toSorted(
    (left, right) => left.height - right.height || left.line - right.line,
  )
  checkGrowth(key, ascending, findings)
  checkAcknowledged(key, { elements, ascending }, findings)
}

/** The one list behind all reads, and how much of it each read saw. */
function gather(key: Key, findings: Findings) {
  const elements: Element[] = []
  const reads: Read[] = []
  for (const { process, invokeLine, end } of endedInOrder(key.lists)) {
    const { height, from, list, final } = end.value
    if (from > elements.length) {
      const sentence = `${key.name}: a read begins at element ${from}, but only ${elements.length} are known`
      findings.contradict('append/gap', [end.line], sentence)
      continue
    }
    for (const [offset, id] of list.entries()) {
      const known = elements[from + offset]
      if (known === undefined) {
        elements.push({ id, line: end.line })
      } else if (known.id !== id) {
        const sentence = `${key.name}: element ${from + offset} is ${known.id} to one read and ${id} to another`
        findings.contradict('append/fork', [known.line, end.line], sentence)
        break
      }
    }
    const length = from + list.length
    reads.push({ process, invokeLine, line: end.line, height, length, final })
  }
  return { elements, reads }
}

function endedInOrder(lists: readonly Operation<'list'>[]) {
  return lists
    .flatMap(({ process, invokeLine, end }) =>
      end.kind === 'ok' ? [{ process, invokeLine, end }] : [],
    )
    .toSorted((left, right) => left.end.line - right.end.line)
}

function checkElements(
  key: Key,
  elements: readonly Element[],
  ids: ReadonlyMap<string, Append>,
  findings: Findings,
): void {
  const places = new Map<string, number>()
  for (const [index, { id, line }] of elements.entries()) {
    const before = places.get(id)
    if (before !== undefined) {
      const sentence = `${key.name}: ${id} is element ${before} and again element ${index}`
      findings.contradict('append/duplicate', [line], sentence)
      continue
    }
    places.set(id, index)
    const append = ids.get(id)
    if (append === undefined || append.asked.key !== key.name) {
      const sentence = `${key.name}: nobody appended ${id}, which a read shows`
      findings.contradict('append/invented', [line], sentence)
      continue
    }
    const { asked, invokeLine, end } = append
    if (end.kind === 'fail') {
      const sentence = `${key.name}: ${id} failed, and a read shows it`
      findings.contradict('append/failed-visible', [end.line, line], sentence)
    }
    if (invokeLine > line) {
      const sentence = `${key.name}: a read shows ${id} before anybody asked for it`
      findings.contradict('append/before-invoke', [line, invokeLine], sentence)
    }
    if (asked.nonce !== key.first + index) {
      const sentence = `${key.name}: ${id} with nonce ${asked.nonce} stands where nonce ${key.first + index} belongs`
      findings.contradict('append/nonce', [invokeLine, line], sentence)
    }
  }
}

/** What was acknowledged before something else was asked for stands before it. */
function checkRealTime(
  key: Key,
  elements: readonly Element[],
  ids: ReadonlyMap<string, Append>,
  findings: Findings,
): void {
  let latest: Append | undefined
  const seen = new Set<string>()
  for (const { id, line } of elements) {
    const append = ids.get(id)
    // What stands there wrongly has its own rule.
    if (append === undefined || append.asked.key !== key.name || seen.has(id)) continue
    seen.add(id)
    const { end } = append
    if (latest !== undefined && end.kind === 'ok' && end.line < latest.invokeLine) {
      const sentence = `${key.name}: ${id} was acknowledged before ${latest.asked.id} was asked for, but stands behind it`
      findings.contradict('append/real-time', [end.line, latest.invokeLine, line], sentence)
    }
    if (latest === undefined || append.invokeLine > latest.invokeLine) latest = append
  }
}

/** Finality does not go back for one process: the height it reads at never falls. */
function checkSessions(key: Key, reads: readonly Read[], findings: Findings): void {
  const last = new Map<number, Read>()
  for (const read of reads) {
    const before = last.get(read.process)
    if (before !== undefined && before.height > read.height) {
      const sentence = `${key.name}: process ${read.process} reads at height ${read.height} after it read at ${before.height}`
      findings.contradict('append/session', [before.line, read.line], sentence)
    }
    last.set(read.process, read)
  }
}

/** At one height there is one list, and at a higher one it is not shorter. */
function checkGrowth(key: Key, ascending: readonly Read[], findings: Findings): void {
  for (const [index, read] of ascending.entries()) {
    const before = ascending[index - 1]
    if (before === undefined) continue
    const lines = [before.line, read.line]
    if (before.height === read.height && before.length !== read.length) {
      const sentence = `${key.name}: at height ${read.height} it has ${before.length} elements and also ${read.length}`
      findings.contradict('append/fork', lines, sentence)
    } else if (before.length > read.length) {
      const sentence = `${key.name}: ${before.length} elements at height ${before.height}, but ${read.length} at ${read.height}`
      findings.contradict('append/backwards', lines, sentence)
    }
  }
}

function checkAcknowledged(
  key: Key,
  {
    elements,
    ascending,
  }: { readonly elements: readonly Element[]; readonly ascending: readonly Read[] },
  findings: Findings,
): void {
  const places = new Map<string, number>()
  for (const [index, { id }] of elements.entries()) {
    if (!places.has(id)) places.set(id, index)
  }
  const final = ascending.filter((read) => read.final)
  for (const { asked, end } of key.appends) {
    if (end.kind !== 'ok') continue
    const { height } = end.value
    const place = places.get(asked.id) ?? Number.POSITIVE_INFINITY
    const split = firstAtLeast(ascending, height)
    const after = ascending[split]
    const before = ascending[split - 1]
    const missing =
      after !== undefined && after.length <= place
        ? after
        : final.find((read) => read.invokeLine > end.line && read.length <= place)
    if (missing !== undefined) {
      const sentence = `${key.name}: ${asked.id} was acknowledged at height ${height}, and the read at height ${missing.height} lacks it`
      findings.contradict('append/lost', [end.line, missing.line], sentence)
    }
    if (before !== undefined && before.length > place) {
      const sentence = `${key.name}: ${asked.id} was acknowledged at height ${height}, and the read at height ${before.height} shows it already`
      findings.contradict('append/too-early', [end.line, before.line], sentence)
    }
  }
}

/** Index of the first read at `height` or above. */
function firstAtLeast(ascending: readonly Read[], height: number): number {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ascending[middle]?.height ?? 0) < height) low = middle + 1
    else high = middle
  }
  return low
}
