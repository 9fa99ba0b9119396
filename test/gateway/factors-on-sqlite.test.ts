import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, onTestFinished } from 'vitest'
import { memoryStore } from '../../src/stores/memory.ts'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import { describeFactors } from './factor-stores.ts'

describe('a second factor, with the memory store', () =>
  describeFactors(async () => {
    const store = memoryStore()
    return async () => store
  }))

describe('a second factor, with the SQLite store', () =>
  describeFactors(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-factors-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    return () => sqliteStore({ path: join(folder, 'store.db') })
  }))
