/**
 * Bytes into lines, with a bound: a file without line ends must not fill the memory before the checker can refuse it.
 */
import { LINE_CHARACTERS_MAX } from './line.ts'

/** Lines without their ends. One that grows beyond the limit is given as far as it was read, and is the last. */
export async function* readLines(chunks: AsyncIterable<Buffer | string>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of chunks) {
    rest += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })
    const lines = rest.split('\n')
    rest = lines.pop() ?? ''
    yield* lines
    if (rest.length > LINE_CHARACTERS_MAX) break
  }
  if (rest !== '') yield rest
}
