/**
 * A peer that speaks libp2p but nothing of ours by itself: what hostile peers in the tests are made of.
 */
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import type { generateKeyPair } from '@libp2p/crypto/keys'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2p } from 'libp2p'
import { onTestFinished } from 'vitest'
import { encodeFrames } from '../../node/network/frame.ts'
import { encodeAnswer } from '../../node/network/handshake.ts'
import { HELLO_PROTOCOL } from '../../node/network/io/hello.ts'
import { GENESIS, type AtEnd, type TestNode } from './test-node.ts'

type Connection = ReturnType<Libp2p['getConnections']>[number]
export type Stream = Awaited<ReturnType<Connection['newStream']>>

type PrivateKey = Awaited<ReturnType<typeof generateKeyPair>>

export type RawPeer = {
  readonly name: string
  readonly libp2p: Libp2p
  readonly connection: Connection
}

/** Connects to `target`. With `hello` it says what an honest observer says, so that it is admitted. */
export async function connectRawPeer(
  target: TestNode,
  options: { readonly hello: boolean; readonly gossip?: boolean; readonly privateKey?: PrivateKey },
  atEnd: AtEnd = onTestFinished,
): Promise<RawPeer> {
  const gossip = options.gossip === true ? { gossip: gossipsub() } : {}
  const { privateKey } = options
  const libp2p = await createLibp2p({
    ...(privateKey === undefined ? {} : { privateKey }),
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify(), ...gossip },
    connectionMonitor: { enabled: false },
  })
  atEnd(async () => {
    await libp2p.stop()
  })
  if (options.hello) {
    await libp2p.handle(HELLO_PROTOCOL, async (stream) => {
      stream.send(encodeFrames([encodeAnswer({ genesisHash: GENESIS, proof: undefined })]))
      await stream.close()
    })
  }
  const connection = await libp2p.dial(multiaddr(target.address))
  return { name: libp2p.peerId.toString(), libp2p, connection }
}

/** Opens a channel and waits until the node reads from it. */
export async function openChannel(peer: RawPeer, protocol: string): Promise<Stream> {
  const stream = await peer.connection.newStream(protocol)
  await new Promise<void>((resolve, reject) => {
    stream.addEventListener('message', () => resolve(), { once: true })
    stream.addEventListener('close', () => reject(new Error('closed before it was ready')))
  })
  return stream
}
