/** The server could not start listening; the message says what to do. */
export class RpcListenError extends Error {
  override readonly name = 'RpcListenError'
  readonly code = 'rpc-listen-failed'
  readonly host: string
  readonly port: number

  constructor(address: { readonly host: string; readonly port: number }, cause: unknown) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
    super(sentenceFor(address, reason), { cause })
    this.host = address.host
    this.port = address.port
  }
}

function sentenceFor({ host, port }: { host: string; port: number }, reason: string): string {
  const where = `${host}:${port}`
  switch (reason) {
    case 'EADDRINUSE':
      return `RPC cannot listen on ${where}: another program uses this port; stop it or choose another rpc.port (0 picks a free one)`
    case 'EACCES':
      return `RPC cannot listen on ${where}: this user may not use the port; choose an rpc.port above 1023`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `RPC cannot listen on ${where}: this machine has no such address; set rpc.host to one it has, such as 127.0.0.1`
    default:
      return `RPC cannot listen on ${where}: ${reason || 'the system refused'}; check rpc.host and rpc.port`
  }
}
