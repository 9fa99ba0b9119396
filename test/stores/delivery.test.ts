import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import { gate, startProcess, withMethods } from '../core/samples.ts'

it('P1: what was read before an end is not shared with who asks after it, though the change is delivered only at that look', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-'))
  const path = join(folder, 'holdfast.db')
  // Changes of others reach a process when it looks whether it is current, and not by itself.
  const open = () => sqliteStore({ path, pollMs: 3_600_000 })
  const [store, elsewhere] = [await open(), await open()]
  try {
    const [wasRead, mayAnswer] = [gate(), gate()]
    let reads = 0
    const home = await startProcess({
      store: withMethods(store, {
        async read(id) {
          reads++
          const found = await store.read(id)
          wasRead.open()
          await mayAnswer.passed
          return found
        },
      }),
    })
    const { credential, session } = await home.signIn()
    const before = home.sessions.load(credential)
    await wasRead.passed
    const other = await startProcess({ store: elsewhere, keyring: home.keyring, clock: home.clock })
    expect(await other.sessions.end(session.sid)).toBe(true)
    const after = home.sessions.load(credential)
    mayAnswer.open()
    await before
    expect(await after).toBeNull()
    expect(reads).toBe(2)
  } finally {
    for (const one of [store, elsewhere]) await one.close()
    rmSync(folder, { recursive: true })
  }
})
