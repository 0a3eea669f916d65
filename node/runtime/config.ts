/**
 * The configuration of one node: one JSON file, checked before anything starts. A bad file is refused with one sentence
 * per problem that names the field.
 */
import { z } from 'zod'

const nodeConfigSchema = z.strictObject({
  /** Directory of this node's databases, vote guard and lock file; created if absent. */
  dataDirectory: z.string().min(1),
  genesisFile: z.string().min(1),
  /** Absent: an observer. The file holds the committee secret key, 32 bytes of hex, mode 0600. */
  validator: z
    .strictObject({
      index: z.int().min(0),
      secretKeyFile: z.string().min(1),
      /** The operator's word that this key never signed a vote on this network: allows a new vote guard. */
      neverVotedBefore: z.boolean().optional(),
    })
    .optional(),
  p2p: z.strictObject({
    /** libp2p identity: file with a protobuf Ed25519 private key in hex; created if absent. */
    identityFile: z.string().min(1),
    /** Multiaddr, for example /ip4/127.0.0.1/tcp/9000 (port 0: any free port). */
    listen: z.string().startsWith('/'),
    /** Multiaddrs with /p2p/ ids of peers to dial and keep. */
    bootstrap: z.array(z.string().startsWith('/')).max(256),
  }),
  rpc: z.strictObject({ host: z.string().min(1), port: z.int().min(0).max(65535) }),
  /** Shards to follow in addition to the ones the validator has a seat in. */
  followShards: z.array(z.int().min(1)).max(64).default([]),
  /** Fetch no snapshot, execute every block since genesis: for whoever wants all of them on the disk (state-sync.md S.1). */
  fullHistory: z.boolean().default(false),
  /** Changes of the set of shards that this validator asks for in the beacon blocks it proposes (docs/protocol/beacon.md B.7). */
  shardChanges: z
    .array(
      z.strictObject({
        kind: z.enum(['open', 'retire']),
        shard: z.int().min(1).max(64),
      }),
    )
    .max(64)
    .default([]),
  /** Threads that check signatures; 0: the main thread does, for many nodes on few cores. */
  cryptoThreads: z.int().min(0).max(64).default(1),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
})

export type NodeConfig = z.infer<typeof nodeConfigSchema>

/** Checks a parsed JSON value; the problems name the field and say what was expected. */
export function parseNodeConfig(
  value: unknown,
):
  | { readonly ok: true; readonly config: NodeConfig }
  | { readonly ok: false; readonly problems: readonly string[] } {
  const parsed = nodeConfigSchema.safeParse(value)
  if (parsed.success) return { ok: true, config: parsed.data }
  const problems = parsed.error.issues.map((issue) => {
    const field = issue.path.length === 0 ? 'the file' : issue.path.join('.')
    return `${field}: ${issue.message}`
  })
  return { ok: false, problems }
}
