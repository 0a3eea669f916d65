/**
 * Telling the beacon: what this node has caught is told to every member of the beacon's committee once, and to those who come
 * with a later epoch, as long as it stands in no block (docs/protocol/beacon.md B.15). Whoever has no seat there proposes no
 * block of its own, and the members it told may have none any more when theirs would come.
 */
import type { Context } from './context.ts'
import type { NodeMessage } from './message.ts'

export type Telling<Key> = {
  readonly tell: (key: Key, message: NodeMessage) => void
  /** The committee may be another one: tells its new members what is kept still, and forgets the rest. */
  readonly again: (isKept: (key: Key) => boolean) => void
}

type Told = { readonly message: NodeMessage; readonly members: Set<number> }

/** `others`: on the beacon, without this node. Bounded by what its owner keeps. */
export function createTelling<Key>(
  context: Context,
  others: () => readonly number[],
): Telling<Key> {
  const told = new Map<Key, Told>()

  function send({ message, members }: Told): void {
    const to = others().filter((member) => !members.has(member))
    if (to.length === 0) return
    for (const member of to) members.add(member)
    context.emit({ kind: 'send', to, channel: 'relay', message })
  }

  return {
    tell: (key, message) => {
      const one = { message, members: new Set<number>() }
      told.set(key, one)
      send(one)
    },
    again: (isKept) => {
      for (const [key, one] of told) {
        if (isKept(key)) send(one)
        else told.delete(key)
      }
    },
  }
}
