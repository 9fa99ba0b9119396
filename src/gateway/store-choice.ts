/** From `--store` to a store. */
import type { SessionStore } from '../core/contracts.ts'
import { ConfigError } from '../core/errors.ts'

/** The file of an embedded store; `null` for any other. */
export function storeFile(store: string): string | null {
  return store.startsWith('sqlite:') ? store.slice('sqlite:'.length) : null
}

/** Opens the store. Each store's own module is loaded only where it is asked for. */
export async function openStore(store: string): Promise<SessionStore> {
  if (store === 'memory:') return (await import('../stores/memory.ts')).memoryStore()
  const path = storeFile(store)
  if (path !== null && path !== '') return (await import('../stores/sqlite.ts')).sqliteStore({ path })
  throw new ConfigError(
    'ERR_CONFIG_INVALID',
    `--store ${store.split('@').at(-1)}: use sqlite:<path> (such as sqlite:.holdfast/holdfast.db) or memory:`,
  )
}
