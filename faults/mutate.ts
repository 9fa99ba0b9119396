/** Runs the suite on broken copies of the sources; each has to be found out. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Mutation, mutated, mutations } from './mutations.ts'
import { run } from './run.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const copied = ['src', 'faults', 'package.json', 'dist/client']

/** A copy of what a replica runs, without one guard. */
function brokenCopy(mutation: Mutation): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-mutation-'))
  for (const path of copied) cpSync(join(root, path), join(folder, path), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  const file = join(folder, mutation.file)
  writeFileSync(file, mutated(readFileSync(file, 'utf8'), mutation))
  return folder
}

const seconds = 15
const tries = 3

/** What the suite says of one broken copy: the violations that were looked for, at the first seed that shows them. */
async function found(mutation: Mutation, isOnLoopback: boolean): Promise<string | null> {
  const folder = brokenCopy(mutation)
  try {
    for (let seed = 1; seed <= tries; seed++) {
      const { store, faults, breaks } = mutation
      const options = { store, seed, seconds, root: folder, faults, people: 8, pauseMs: 40, isOnLoopback }
      const { violations } = await run(options)
      const matching = violations.filter(({ promise }) => breaks.includes(promise))
      if (matching.length > 0)
        return `seed ${seed}: ${matching.length} violations, such as ${matching[0]?.promise}: ${matching[0]?.what}`
    }
    return null
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** `true` if each mutation was found out. */
export async function checkMutations(
  tell: (line: string) => void,
  only: string,
  isOnLoopback: boolean,
): Promise<boolean> {
  let missed = 0
  for (const mutation of mutations) {
    const name = `${mutation.name} (${mutation.store})`
    if (!name.includes(only)) continue
    const how = await found(mutation, isOnLoopback)
    if (how === null) missed++
    tell(`${name}: ${how ?? 'NOT FOUND'}`)
  }
  return missed === 0
}
