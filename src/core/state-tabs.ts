/** Which tabs of a session keep state: so that it can be carried over, and does not pile up for as long as it lives. */
import type { OpenScope } from './state-scope.ts'

/** The tabs of one session. */
export interface TabRegister {
  /** Notes that state of a tab is about to be written; `false`: the session has ended. */
  note(tab: string): Promise<boolean>
  /** The tabs that keep state, the one last noted first. */
  list(): Promise<readonly string[]>
}

export interface TabRegisterOptions {
  readonly sid: string
  /** Where the register is kept. */
  readonly index: OpenScope
  /** Removes what is kept of a tab. */
  remove(tab: string): Promise<void>
  /** When this process noted which tab of which session, shared by all registers. */
  readonly noted: Map<string, number>
  readonly now: () => number
}

// A tab that was closed is not told from one that sleeps: the least recently written goes first.
const mostTabs = 50
const notedAgainAfter = 3_600_000
const mostRemembered = 10_000

export function tabRegister({ sid, index, remove, noted, now }: TabRegisterOptions): TabRegister {
  async function list(): Promise<readonly string[]> {
    const tabs = [...(await index.read())].sort(([, a], [, b]) => Number(b.text) - Number(a.text))
    return tabs.map(([tab]) => tab)
  }

  async function makeRoom(): Promise<void> {
    for (const tab of (await list()).slice(mostTabs)) {
      await remove(tab)
      await index.writeValues([{ key: tab, text: null }])
      noted.delete(JSON.stringify([sid, tab]))
    }
  }

  return {
    list,

    async note(tab) {
      const name = JSON.stringify([sid, tab])
      const at = now()
      if (at - (noted.get(name) ?? Number.NEGATIVE_INFINITY) < notedAgainAfter) return true
      const { outcome } = await index.writeValues([{ key: tab, text: String(at) }])
      if (outcome !== 'written') return false
      noted.delete(name)
      noted.set(name, at)
      const [oldest = ''] = noted.keys()
      if (noted.size > mostRemembered) noted.delete(oldest)
      await makeRoom()
      return true
    },
  }
}
