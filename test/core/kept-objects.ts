/** An app's object, and the scope of a session that it is kept in. */
import type { ScopedState } from '../../src/core/state.ts'
import { startProcess } from './samples.ts'

export class AppState {
  items: string[] = []
  filter: { depth: number; tags: Set<string> } = { depth: 0, tags: new Set() }
  seen: Map<string, Date> = new Map()
  bytes: Uint8Array = new Uint8Array(2)
  #touched = 0
  note?: string
  readonly add = (item: string): void => {
    this.#touched++
    this.items.push(item)
  }

  get count(): number {
    return this.items.length + this.#touched * 0
  }
}

/** The scope of a session that was just signed in. */
export async function sessionScope(): Promise<ScopedState> {
  const process = await startProcess()
  const { session } = await process.signIn()
  const state = process.sessions.state.of(process.sessions.capability(session) ?? '')
  if (state === null) throw new Error('The session opens no state.')
  return state.session
}

/** What is stored in the scope, by its keys. */
export async function keptIn(scope: ScopedState): Promise<Record<string, unknown>> {
  return Object.fromEntries([...(await scope.entries())].map(([key, { value }]) => [key, value]))
}
