import { setTimeout as wait } from 'node:timers/promises'
import type { SessionStore, StoreChange } from '../core/contracts.ts'

/** A new, empty store under test, with the clock it runs on. */
export interface OpenedStore {
  readonly store: SessionStore
  /** A second handle on the same data, as another process would have; absent if the store lives in one process. */
  reopen?(): Promise<SessionStore>
  /** Moves the clock of all handles forward. */
  advance(ms: number): void
  /** Closes all handles and removes the data. */
  close(): Promise<void>
}

/** Opens a store for one test. */
export type OpenStore = () => Promise<OpenedStore>

/** Runs a test on a new store and cleans up after it. */
export function withStore(
  open: OpenStore,
  test: (store: SessionStore, opened: OpenedStore) => Promise<void>,
): () => Promise<void> {
  return async () => {
    const opened = await open()
    try {
      await test(opened.store, opened)
    } finally {
      await opened.close()
    }
  }
}

/** Runs a test on a new store and a second handle on its data: the store itself where there is only one process. */
export function withTwo(
  open: OpenStore,
  test: (one: SessionStore, two: SessionStore, opened: OpenedStore) => Promise<void>,
): () => Promise<void> {
  return withStore(open, async (store, opened) => {
    await test(store, (await opened.reopen?.()) ?? store, opened)
  })
}

/** Resolves when the store vouches that its watchers have seen everything acknowledged so far. */
export async function current(store: SessionStore): Promise<void> {
  for (let attempt = 0; !store.isCurrent(); attempt++) {
    if (attempt === 500) throw new Error('The store did not become current within 5 s.')
    await wait(10)
  }
}

/** Collects what the store tells its watchers from now on. */
export function changesOf(store: SessionStore): StoreChange[] {
  const changes: StoreChange[] = []
  store.watch((change) => changes.push(change))
  return changes
}

export async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = []
  for await (const item of items) found.push(item)
  return found
}

/** What was answered how often. */
export function tally<Answer>(answers: readonly Answer[]): Map<Answer, number> {
  const counts = new Map<Answer, number>()
  for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1)
  return counts
}

/** The answers to `count` calls made at the same time. */
export function atOnce<Answer>(
  count: number,
  call: (index: number) => Promise<Answer>,
): Promise<readonly Answer[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => call(index)))
}
