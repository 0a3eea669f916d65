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
