/** From `--store` to a store. */
import type { SessionStore } from '../core/contracts.ts'
import { ConfigError } from '../core/errors.ts'

/** What keeps a store from working, and what it cannot promise; each with what to do. */
export interface StoreExamination {
  readonly faults: readonly string[]
  readonly warnings: readonly string[]
}

/** The file of an embedded store; `null` for any other. */
export function storeFile(store: string): string | null {
  return store.startsWith('sqlite:') ? store.slice('sqlite:'.length) : null
}

function isRedis(store: string): boolean {
  return /^rediss?(?:\+\w+)?:\/\//.test(store)
}

function isPostgres(store: string): boolean {
  return /^postgres(?:ql)?:\/\//.test(store)
}

/** The store as it may be shown: without user and password, which may hold any character before the last @. */
export function shownStore(store: string): string {
  return store.replace(/\/\/.*@/s, '//').replace(/\?.*$/s, '')
}

/** Opens the store. Each store's own module is loaded only where it is asked for. */
export async function openStore(store: string): Promise<SessionStore> {
  if (store === 'memory:') return (await import('../stores/memory.ts')).memoryStore()
  if (isRedis(store)) return (await import('../stores/redis.ts')).redisStore({ url: store })
  if (isPostgres(store)) return (await import('../stores/postgres.ts')).postgresStore({ url: store })
  const path = storeFile(store)
  if (path !== null && path !== '') return (await import('../stores/sqlite.ts')).sqliteStore({ path })
  throw new ConfigError(
    'ERR_CONFIG_INVALID',
    `--store ${shownStore(store)}: use sqlite:<path> (such as sqlite:.holdfast/holdfast.db), redis://…, postgres://… or memory:`,
  )
}

/** Looks at a store that other machines share; `null` for one that is this machine's own. */
export async function examineStore(store: string): Promise<StoreExamination | null> {
  if (isRedis(store)) return (await import('../stores/redis-buckets.ts')).examineRedis(store)
  if (isPostgres(store)) return (await import('../stores/postgres-examination.ts')).examinePostgres(store)
  return null
}

/** What an open store says that it cannot promise. */
export function warningsOf(store: SessionStore): readonly string[] {
  const { warnings } = store as SessionStore & { readonly warnings?: readonly string[] }
  return warnings ?? []
}
