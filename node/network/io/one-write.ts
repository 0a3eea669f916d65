/**
 * Noise whose messages leave in one write. The library hands the socket a list, the two bytes of a length and then the
 * ciphertext in one to three pieces, and libp2p's TCP writes each piece by itself: two to four system calls and packets for
 * one message, and as many wake-ups of the receiver. Here the pieces are joined before the socket sees them; a copy of a
 * message costs far less than a write.
 */
import { noise } from '@chainsafe/libp2p-noise'

type CreateNoise = ReturnType<typeof noise>
type Connection = Parameters<ReturnType<CreateNoise>['secureOutbound']>[0]

export function noiseInOneWrite(): CreateNoise {
  const create = noise()
  return (components) => {
    const encrypter = create(components)
    const secureInbound = encrypter.secureInbound.bind(encrypter)
    const secureOutbound = encrypter.secureOutbound.bind(encrypter)
    encrypter.secureInbound = (connection, options) =>
      secureInbound(joinPieces(connection), options)
    encrypter.secureOutbound = (connection, options) =>
      secureOutbound(joinPieces(connection), options)
    return encrypter
  }
}

/** The same connection; what is sent on it arrives at the socket as one buffer. */
function joinPieces<Some extends Connection>(connection: Some): Some {
  const send = connection.send.bind(connection)
  connection.send = (data) => send(data.subarray())
  return connection
}
