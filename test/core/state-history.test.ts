import { join } from 'node:path'
import { memoryStore } from '../../src/stores/memory.ts'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import { describeTabs } from './state-histories.ts'

describeTabs(
  'memory',
  async (_, { now }) => {
    const store = memoryStore({ now })
    return [store, store]
  },
  300,
)

describeTabs(
  'SQLite',
  async (folder, { now }) => {
    const path = join(folder, 'holdfast.db')
    return [await sqliteStore({ path, now }), await sqliteStore({ path, now })]
  },
  100,
)
