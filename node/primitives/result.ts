/**
 * Results: what a peer or a user sent may be bad, and that is expected. Such functions return a value
 * and never throw; the reject carries a code (a string literal) and its facts.
 */

export type Reject<Code extends string = string> = {
  readonly code: Code
  /** One sentence for a person; codes are for programs. */
  readonly detail: string
}

export type Result<T, Code extends string = string> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reject: Reject<Code> }

export function accepted<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value }
}

export function rejected<Code extends string>(
  code: Code,
  detail: string,
): { readonly ok: false; readonly reject: Reject<Code> } {
  return { ok: false, reject: { code, detail } }
}
