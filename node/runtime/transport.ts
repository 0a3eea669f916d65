/**
 * The validator's messages on the network port: validators by peer name, messages by bytes, foreign bytes by decoding.
 */
import type { BeaconValidator } from '../beacon/state.ts'
import type { Network, NetworkEvents, PeerName } from '../network/network.ts'
import type { ChannelName, NodeMessage } from '../validator/message.ts'
import type { ValidatorEvent } from '../validator/contract.ts'
import { decodeNodeMessage, encodeNodeMessage, type WireContext } from '../validator/wire.ts'

export type Transport = {
  readonly events: Pick<NetworkEvents, 'onFrame' | 'onGossip' | 'onValidator' | 'onPeer'>
  readonly attach: (network: Network) => void
  readonly send: (to: readonly number[], channel: ChannelName, message: NodeMessage) => void
  readonly reply: (peer: PeerName, channel: ChannelName, message: NodeMessage) => void
  readonly publish: (topic: string, message: NodeMessage) => void
  /** Peers that proved to be this validator. */
  readonly peerOf: (validator: number) => PeerName | undefined
  readonly malformedCount: () => number
}

export function createTransport(
  validators: readonly BeaconValidator[],
  wire: WireContext,
  post: (event: ValidatorEvent) => void,
): Transport {
  const validatorOf = new Map<PeerName, number>()
  let network: Network | undefined
  let malformed = 0

  function receive(peer: PeerName, bytes: Uint8Array, gossip: boolean): boolean {
    const message = decodeNodeMessage(bytes, wire)
    if (!message.ok) {
      malformed++
      return false
    }
    const validator = validatorOf.get(peer)
    post({ kind: 'message', peer, validator, message: message.value, gossip })
    return true
  }

  return {
    events: {
      onFrame: (peer, _channel, bytes) => {
        receive(peer, bytes, false)
      },
      onGossip: (peer, _topic, bytes) => (receive(peer, bytes, true) ? 'accept' : 'reject'),
      onValidator: (peer, validator) => {
        validatorOf.set(peer, validator)
        post({ kind: 'validator-connected', validator })
      },
      onPeer: (peer, connected) => {
        if (!connected) validatorOf.delete(peer)
      },
    },
    attach: (attached) => {
      network = attached
    },
    send: (to, channel, message) => {
      const bytes = encodeNodeMessage(message)
      for (const validator of to) {
        const peer = validators[validator]?.peer
        if (peer !== undefined) network?.send(peer, channel, bytes)
      }
    },
    reply: (peer, channel, message) => network?.send(peer, channel, encodeNodeMessage(message)),
    publish: (topic, message) => network?.publish(topic, encodeNodeMessage(message)),
    peerOf: (validator) => validators[validator]?.peer,
    malformedCount: () => malformed,
  }
}
