import { expect, it, onTestFinished } from 'vitest'
import { postgresStore } from '../../src/stores/postgres.ts'
import { created } from '../../src/testing/records.ts'
import { startPostgres } from './postgres-server.ts'

it('P5: while a standby that must confirm is away, tries to sign in take no connections away from those who are in', async () => {
  const most = 30
  const server = await startPostgres([`max_connections=${most}`, 'superuser_reserved_connections=3'])
  onTestFinished(() => server.remove())
  const store = await postgresStore({ url: server.url('alone') })
  onTestFinished(() => store.close())
  const { id } = await created(store)
  await server.set('synchronous_standby_names', '*')
  for (let round = 0; round < 10; round++) {
    const hits = Array.from({ length: 5 }, (_none, which) => store.hit(`hit ${round} ${which}`, 60_000))
    // Strangers make them: they are counted all the same, and wait for nobody.
    expect(await Promise.all(hits)).toEqual([1, 1, 1, 1, 1])
    const onces = Array.from({ length: 3 }, (_none, which) => store.once(`once ${round} ${which}`, 60_000))
    await Promise.allSettled(onces)
    expect((await store.read(id))?.state).toBe('live')
  }
  await server.seen(`wait_event = 'SyncRep'`, false)
}, 90_000)
