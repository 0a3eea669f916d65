/**
 * Yamux with fewer window updates. The library answers every data frame with one, so that every message costs a second
 * one back: half of all frames of a node were updates. Others (go-yamux, rust-yamux since 0.9) send one when half of the
 * window is used up, which keeps a sender moving just as well. The library has no setting for it; its streams do it here.
 */
import { StreamState, YamuxStream } from '@chainsafe/libp2p-yamux/stream'

const sendAlways = Object.getOwnPropertyDescriptor(YamuxStream.prototype, 'sendWindowUpdate')

/** Changes the class once for all streams of this process; calling it again changes nothing. */
export function updateWindowsAtHalf(): void {
  const send: unknown = sendAlways?.value
  if (typeof send !== 'function') throw new Error('this version of yamux has no sendWindowUpdate')
  YamuxStream.prototype.sendWindowUpdate = function sendAtHalf(this: YamuxStream): void {
    // An update that opens or accepts the stream is a handshake and always goes out.
    const isOpen = this.state === StreamState.Established
    if (isOpen && this['recvWindowCapacity'] > this['recvWindow'] / 2) return
    Reflect.apply(send, this, [])
  }
}
