/** Selective sender: everything it says is correct, but each message reaches only a random half of those it is for. */
import type { Adversary } from './adversary.ts'
import { corrupted } from './corruption.ts'
import { sendTo } from './seat-powers.ts'

export const selectiveSender: Adversary = {
  name: 'selective-sender',
  description: 'sends each message to a random half of its receivers only',
  corrupt: (honest, { random }) =>
    corrupted(honest, {
      effect: (effect) => {
        if (effect.kind !== 'send') return [effect]
        return sendTo(
          effect.to.filter(() => random.chance(1, 2)),
          effect.message,
        )
      },
    }),
}
