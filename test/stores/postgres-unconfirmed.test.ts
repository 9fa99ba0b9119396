import { setTimeout as wait } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { postgresStore } from '../../src/stores/postgres.ts'
import { created } from '../../src/testing/records.ts'
import { startPostgres } from './postgres-server.ts'

it('P1: a sign-out that no standby has is not acknowledged, however often it is asked for, and whatever was restarted', async () => {
  const primary = await startPostgres(['wal_level=replica', 'max_wal_senders=4'])
  onTestFinished(() => primary.remove())
  const standby = await startPostgres(['hot_standby=on'], primary)
  onTestFinished(() => standby.remove())
  const confirming = ['synchronous_standby_names=*']
  await primary.stop()
  await primary.start(confirming)
  const inSync = `SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'`
  while ((await primary.sql(inSync)).length === 0) await wait(5)
  const store = await postgresStore({ url: primary.url('unconfirmed') })
  onTestFinished(() => store.close())
  const { sid } = await created(store)
  const end = (): Promise<string> =>
    store.end(sid).then(
      () => 'acknowledged',
      ({ code }: { code: string }) => code,
    )
  await standby.kill()
  expect(await end()).toMatch(/^ERR_STORE_/)
  await primary.kill()
  await primary.start(confirming)
  // The first end is in the tables now: what was written ahead was written here.
  const rows = `SELECT 1 FROM unconfirmed.sessions WHERE sid = $1`
  expect(await primary.sql(rows, sid)).toEqual([])
  while ((await end()) === 'ERR_STORE_UNAVAILABLE') await wait(50)
  expect(await end()).toMatch(/^ERR_STORE_/)

  await standby.start(['hot_standby=on'])
  while ((await end()) !== 'acknowledged') await wait(50)
  expect(await standby.sql(rows, sid)).toEqual([])
}, 60_000)
