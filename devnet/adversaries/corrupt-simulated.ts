/**
 * Vices in the simulator, where messages pass by reference: what a corrupted node says is made bytes and read again, as on a
 * real wire, and what nobody can read is not delivered. So no vice can hand over an object that no bytes stand for.
 */
import { present } from '../../node/primitives/assert.ts'
import type { ValidatorEffect } from '../../node/validator/contract.ts'
import type { NodeMessage } from '../../node/validator/message.ts'
import type { Validator } from '../../node/validator/validator.ts'
import { decodeNodeMessage, encodeNodeMessage } from '../../node/validator/wire.ts'
import type { AdversarySeat } from './adversary.ts'
import { corrupted } from './corruption.ts'
import { adversaryNamed } from './registry.ts'

/** `plan.corrupt` of a simulated sharded network. */
export function corruptSimulated(vice: string, honest: Validator, seat: AdversarySeat): Validator {
  return asBytes(present(adversaryNamed(vice), `the vice ${vice} exists`).corrupt(honest, seat))
}

/** What this machine says, as its receivers read it. */
export function asBytes(speaker: Validator): Validator {
  const carried = new WeakMap<NodeMessage, NodeMessage | undefined>()
  const carry = (message: NodeMessage): NodeMessage | undefined => {
    if (carried.has(message)) return carried.get(message)
    const decoded = decodeNodeMessage(encodeNodeMessage(message), speaker.wire)
    const read = decoded.ok ? decoded.value : undefined
    carried.set(message, read)
    return read
  }
  return corrupted(speaker, { effect: (effect) => spoken(effect, carry) })
}

function spoken(
  effect: ValidatorEffect,
  carry: (message: NodeMessage) => NodeMessage | undefined,
): readonly ValidatorEffect[] {
  if (effect.kind !== 'send' && effect.kind !== 'reply' && effect.kind !== 'publish') {
    return [effect]
  }
  const message = carry(effect.message)
  return message === undefined ? [] : [{ ...effect, message }]
}
