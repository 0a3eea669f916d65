/**
 * The file behind `weft sim --record`: what of a range was played by this commit, and a line for every part that is done.
 */
import { execFile } from 'node:child_process'
import { appendFile, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { UsageError } from '../../node/cli/command-error.ts'
import { parseRecord, type CampaignPart } from '../simulator/campaign-record.ts'

export type Sources = Pick<CampaignPart, 'commit' | 'changed'>

export type CampaignFile = {
  readonly sources: Sources
  /** Parts of this campaign and commit. */
  readonly played: () => readonly CampaignPart[]
  readonly add: (part: CampaignPart) => Promise<void>
}

export async function openCampaignFile(path: string, campaign: string): Promise<CampaignFile> {
  const sources = await readSources()
  const parts = (await readParts(path)).filter(
    (part) => part.campaign === campaign && part.commit === sources.commit && !part.changed,
  )
  return {
    sources,
    played: () => parts,
    add: async (part) => {
      parts.push(part)
      // On a line of its own, also behind one that a kill cut short.
      await appendFile(path, `\n${JSON.stringify(part)}\n`)
    },
  }
}

async function readParts(path: string): Promise<CampaignPart[]> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch {
    return []
  }
  try {
    return [...parseRecord(text)]
  } catch (error) {
    throw new UsageError(`${path} is no record of a campaign: ${String(error)}`)
  }
}

/** Which sources were played. A tree without git has no commit. */
async function readSources(): Promise<Sources> {
  const [commit, changes] = await Promise.all([
    git('rev-parse', 'HEAD'),
    git('status', '--short', '--untracked-files=no'),
  ])
  return { commit: commit ?? 'unknown', changed: changes !== '' }
}

async function git(...words: readonly string[]): Promise<string | undefined> {
  try {
    const cwd = fileURLToPath(new URL('../..', import.meta.url))
    const { stdout } = await promisify(execFile)('git', words, { cwd })
    return stdout.trim()
  } catch {
    return undefined
  }
}
