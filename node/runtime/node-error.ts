/**
 * Why a node does not start or cannot go on, in one sentence that says what to do.
 */

export type NodeErrorCode =
  | 'genesis-invalid'
  | 'key-unreadable'
  | 'key-mismatch'
  | 'identity-mismatch'
  | 'validator-unknown'
  | 'shard-unknown'
  | 'store-incomplete'

export class NodeError extends Error {
  override readonly name = 'NodeError'
  readonly code: NodeErrorCode

  constructor(code: NodeErrorCode, sentence: string, options?: ErrorOptions) {
    super(sentence, options)
    this.code = code
  }
}

/** To vote on a hole would be to disagree with the committee for no reason that anybody could see. */
export function storeIncomplete(missing: string, directory: string): NodeError {
  const sentence =
    `the store in ${directory} lacks a record that it had: ${missing}. The disk or a copy of it lost data; this node ` +
    'does not start on what is left. Remove the folders chain and state-* in that directory, keep the file vote-guard, ' +
    'and start again: the node fetches its chains from the others'
  return new NodeError('store-incomplete', sentence)
}
