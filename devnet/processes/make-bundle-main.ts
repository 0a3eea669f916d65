/**
 * The process that makes the programs of a devnet and, by loading them once, fills the compile cache that
 * NODE_COMPILE_CACHE names. Argument: the directory of the bundle.
 */
import { pathToFileURL } from 'node:url'
import { present } from '../../node/primitives/assert.ts'
import { filesOfBundle, PROGRAMS } from './bundle.ts'
import { makeBundle } from './make-bundle.ts'

const directory = present(process.argv[2], 'the directory of the bundle is the argument')
await makeBundle(directory)
const files = filesOfBundle(directory)
const names = Object.keys(PROGRAMS) as (keyof typeof PROGRAMS)[]
// A program refuses to run without its parent and a thread outside its pool, but what they import is compiled by then.
await Promise.allSettled(names.map((name) => import(pathToFileURL(files[name]).href)))
// Whatever one of them has started is not wanted here.
process.exit(0)
