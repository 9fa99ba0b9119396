/** Takes anonymous work along into the session that somebody has just signed in to. */
import type { OpenScope } from './state-scope.ts'

export interface CarryOver {
  /** The tabs of the anonymous session, the one last written first. */
  readonly tabs: readonly string[]
  /** Notes a tab in the new session. */
  note(tab: string): Promise<boolean>
  from(kind: 'session' | 'tab' | 'page', part: string): OpenScope
  to(kind: 'session' | 'tab' | 'page', part: string): OpenScope
}

// A sign-in must not be made slow by who filled fifty tabs to the brim.
const mostCharacters = 16 * 1024 * 1024
// A write that came meanwhile is seen by the next pass; a page that goes on writing is not waited for.
const mostPasses = 3

/** Copies the anonymous session's scopes, sealed anew. What was written to them meanwhile is copied too. */
export async function carryOver({ tabs, note, from, to }: CarryOver): Promise<void> {
  let room = mostCharacters

  async function copy(kind: 'session' | 'tab' | 'page', part: string): Promise<void> {
    const [source, target] = [from(kind, part), to(kind, part)]
    const versions = new Map<string, number>()
    for (let pass = 0; pass < mostPasses; pass++) {
      const entries = await source.read()
      const changed = [...entries].filter(([key, { version }]) => versions.get(key) !== version)
      const removed = [...versions.keys()].filter((key) => !entries.has(key))
      const size = changed.reduce((sum, [, { text }]) => sum + text.length, 0)
      if (changed.length + removed.length === 0 || size > room) return
      room -= size
      await target.writeValues([
        ...changed.map(([key, { text }]) => ({ key, text })),
        ...removed.map((key) => ({ key, text: null })),
      ])
      for (const [key, { version }] of changed) versions.set(key, version)
      for (const key of removed) versions.delete(key)
    }
  }

  await copy('session', '')
  for (const tab of tabs) {
    await note(tab)
    await copy('tab', tab)
    await copy('page', tab)
  }
}
