/**
 * `--rpc URL...`: nodes named by a person, who may have copied the address of one shard; the node's own is its origin.
 */
import { InvalidArgumentError } from 'commander'

/** For commander: called once per word, with what the words before gave. */
export function collectNodeUrls(text: string, previous: readonly string[] = []): readonly string[] {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new InvalidArgumentError('Expected an address such as http://127.0.0.1:8545.')
  }
  return previous.includes(url.origin) ? previous : [...previous, url.origin]
}
