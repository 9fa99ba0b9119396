import { expect, it, vi } from 'vitest'
import { StoreError } from '../../src/core/errors.ts'
import { startHarness } from './harness.ts'
import { anna } from './people.ts'
import { Visitor } from './visitor.ts'

it('P2: SECURITY: whoever is removed from the users file is out, also while the store is too full to note it', async () => {
  const to = await startHarness()
  const visitor = new Visitor(to)
  await visitor.enter('anna')
  expect(await visitor.isIn()).toBe(true)
  await to.standings.change(anna, { factorRequired: true })
  // A store that is full still ends sessions.
  to.store.before = async (method) => {
    if (method === 'writeState') throw new StoreError('ERR_STORE_FULL', 'full')
  }
  await to.users.remove('anna')
  await vi.waitFor(async () => expect(await visitor.isIn()).toBe(false), { timeout: 10_000 })
  to.store.before = null
  // What could not be forgotten then is forgotten later.
  await vi.waitFor(async () => expect((await to.standings.of(anna)).factorRequired).toBe(false), {
    timeout: 10_000,
  })
}, 30_000)
