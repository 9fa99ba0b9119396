/** Follows one scope through the store's change feed, where keys are images and nothing says what they hold now. */
import type { SessionStore, StateEntry, StateScope, StoreChange } from './contracts.ts'
import type { StateText, StateTextEvent } from './state.ts'
import type { StateSeal } from './state-seal.ts'

export interface WatchedScope {
  readonly store: SessionStore
  readonly scope: StateScope
  readonly seal: StateSeal
  /** The session whose end ends the watch; `null` for none. */
  readonly sid: string | null
  isLive(): Promise<boolean>
  read(images?: readonly string[]): Promise<ReadonlyMap<string, StateEntry>>
}

/** Calls the listener, in order, for what changes in the scope from now on. Returns how to stop. */
export function watchScope(
  { store, scope, seal, sid, isLive, read }: WatchedScope,
  listener: (event: StateTextEvent) => void,
): () => void {
  /** The keys of images that were seen: of a deleted entry nothing else is left to tell it by. */
  const keys = new Map<string, string>()
  let isOver = false
  // One after the other: what changed first is told first, and no reading overtakes another.
  let queue: Promise<void> = learn()

  function tell(event: StateTextEvent): void {
    if (!isOver) listener(event)
  }

  function stop(): void {
    isOver = true
    stopWatching()
  }

  async function learn(): Promise<void> {
    try {
      for (const [image, { value }] of await read()) remember(image, value)
    } catch {
      // The store cannot tell: deletions of keys that were never seen since go unnamed, which is what is promised.
    }
  }

  function remember(image: string, box: Uint8Array): { key: string; text: string } | null {
    const entry = seal.open(image, box)
    if (entry !== null) keys.set(image, entry.key)
    return entry
  }

  /** The key of an image and what it holds now; `null` for one that was deleted before anybody here saw it. */
  function itemOf(image: string, stored: StateEntry | undefined): [string, StateText | null] | null {
    if (stored !== undefined) {
      const entry = remember(image, stored.value)
      return entry === null ? null : [entry.key, { text: entry.text, version: stored.version }]
    }
    const key = keys.get(image)
    keys.delete(image)
    return key === undefined ? null : [key, null]
  }

  async function look(images: readonly string[]): Promise<void> {
    const found = await read(images)
    const items = images.map((image) => itemOf(image, found.get(image))).filter((item) => item !== null)
    if (items.length > 0) tell({ kind: 'changed', items: new Map(items) })
  }

  async function checkLife(isGap: boolean): Promise<void> {
    if (sid !== null && !(await isLive())) {
      tell({ kind: 'ended' })
      stop()
    } else if (isGap) tell({ kind: 'gap' })
  }

  function after(act: () => Promise<void>): void {
    queue = queue.then(act).catch(() => tell({ kind: 'gap' }))
  }

  function follow(change: StoreChange): void {
    if (change.kind === 'state') {
      if (change.scope.sid === scope.sid && change.scope.name === scope.name) after(() => look(change.keys))
    } else if (change.kind === 'ended') {
      if (change.sid === sid) after(() => checkLife(false))
    } else if (change.kind !== 'changed') after(() => checkLife(change.kind === 'gap'))
  }

  const stopWatching = store.watch(follow)
  return stop
}
