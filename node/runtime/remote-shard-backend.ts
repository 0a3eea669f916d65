/**
 * A shard this node does not hold: transactions are checked and published on its topic; reads are answered by a member
 * over the network (`NetworkBackend.forward`), so every local read knows nothing.
 */
import type { ShardBackend } from '../rpc/backend.ts'

export function createRemoteShardBackend(submit: ShardBackend['submit']): ShardBackend {
  const unknown = (): Promise<undefined> => Promise.resolve(undefined)
  return {
    block: unknown,
    transaction: unknown,
    accounts: unknown,
    submit,
    message: unknown,
    supply: unknown,
    arrival: unknown,
    channels: unknown,
    admittedAtMs: () => undefined,
  }
}
