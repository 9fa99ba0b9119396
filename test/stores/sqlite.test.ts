import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SessionStore } from '../../src/core/contracts.ts'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import { startAt } from '../../src/testing/records.ts'
import { describeStore } from './contract.ts'

describeStore('sqliteStore()', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-'))
  const path = join(folder, 'store', 'holdfast.db')
  let at = startAt
  const handles: SessionStore[] = []
  const open = async (): Promise<SessionStore> => {
    const store = await sqliteStore({ path, now: () => at })
    handles.push(store)
    return store
  }
  return {
    store: await open(),
    reopen: open,
    advance(ms) {
      at += ms
    },
    async close() {
      for (const store of handles) await store.close()
      rmSync(folder, { recursive: true })
    },
  }
})
