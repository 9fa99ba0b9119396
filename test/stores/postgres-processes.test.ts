import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { SessionStore } from '../../src/core/contracts.ts'
import { postgresStore } from '../../src/stores/postgres.ts'
import { current } from '../../src/testing/opened-store.ts'
import { begunNow, created } from '../../src/testing/records.ts'
import { machineClock, type PostgresChild, type SignIn, startPostgresChild } from './postgres-child.ts'
import { type PostgresServer, startPostgres } from './postgres-server.ts'

let server: PostgresServer
let schemas = 0
let schema: string
let store: SessionStore | undefined
let children: PostgresChild[]

async function open(): Promise<SessionStore> {
  store = await postgresStore({ url: server.url(schema) })
  return store
}

async function child(): Promise<PostgresChild> {
  const started = await startPostgresChild(server.url(schema))
  children.push(started)
  return started
}

beforeAll(async () => {
  server = await startPostgres()
}, 30_000)

afterAll(async () => {
  await server.remove()
})

beforeEach(() => {
  schema = `processes_${schemas++}`
  store = undefined
  children = []
})

afterEach(async () => {
  for (const one of children) await one.kill()
  await store?.close()
})

describe('several processes on one Postgres store', { timeout: 60_000 }, () => {
  it('start together on a database where nothing was made yet', async () => {
    await Promise.all([child(), child(), child(), open()])
    const [row] = await server.sql(`SELECT count(*)::int AS count FROM ${schema}.replicas`)
    expect(row?.count).toBe(4)
  })

  it('trust nothing they keep of a session from the moment another acknowledged its end', async () => {
    const here = await open()
    const other = await child()
    let trusted = 0
    for (let round = 0; round < 40; round++) {
      const session = await created(here)
      if ((await other.ask({ do: 'trust', sid: session.sid })) === true) trusted += 1
      await here.end(session.sid)
      expect(await other.ask({ do: 'trust', sid: session.sid })).toBe(false)
    }
    expect(trusted).toBeGreaterThan(30)
  })

  it('hear of an end within a tenth of a second, without asking', async () => {
    const here = await open()
    const other = await child()
    const delays: number[] = []
    for (let round = 0; round < 20; round++) {
      const session = await created(here)
      const heard = other.ask({ do: 'await end', sid: session.sid })
      const begunAt = machineClock()
      await here.end(session.sid)
      delays.push(Number(await heard) - begunAt)
    }
    // The median, for the machine may be busy with something else at any one moment.
    expect(delays.sort((a, b) => a - b)[10]).toBeLessThan(100)
  })

  it('wait for one that stands still until its lease is over, and no longer than a second', async () => {
    const here = await open()
    const other = await child()
    for (let round = 0; round < 3; round++) {
      const session = await created(here)
      await current(here)
      // It may still be renewing the lease it lost in the round before.
      do await other.ask({ do: 'forget' })
      while ((await other.ask({ do: 'trust', sid: session.sid })) !== true)
      process.kill(other.pid, 'SIGSTOP')
      const begunAt = machineClock()
      await here.end(session.sid)
      // A second, and what a busy machine adds.
      expect(machineClock() - begunAt).toBeLessThan(1500)
      process.kill(other.pid, 'SIGCONT')
      expect(await other.ask({ do: 'trust', sid: session.sid })).toBe(false)
      await here.end((await created(here)).sid)
    }
  })

  it('wait for leases of which the server lost all trace, as in a crash or a failover', async () => {
    const here = await open()
    const other = await child()
    for (let round = 0; round < 3; round++) {
      const session = await created(here)
      await current(here)
      // The gap of the round before may come late; what matters is that it trusts something now.
      do await other.ask({ do: 'forget' })
      while ((await other.ask({ do: 'trust', sid: session.sid })) !== true)
      process.kill(other.pid, 'SIGSTOP')
      // What a crash does to tables that are not logged.
      await server.sql(`TRUNCATE ${schema}.feed, ${schema}.changes, ${schema}.replicas`)
      await here.end(session.sid)
      process.kill(other.pid, 'SIGCONT')
      expect(await other.ask({ do: 'trust', sid: session.sid })).toBe(false)
    }
  })

  it('are not held up by one that was killed for longer than its lease', async () => {
    const here = await open()
    const other = await child()
    await here.end((await created(here)).sid)
    await other.kill()
    await here.end((await created(here)).sid)
    const begunAt = machineClock()
    for (let round = 0; round < 5; round++) await here.end((await created(here)).sid)
    // Held up they would take the lease of each: four seconds.
    expect(machineClock() - begunAt).toBeLessThan(1500)
    const [row] = await server.sql(`SELECT count(*)::int AS count FROM ${schema}.replicas`)
    expect(row?.count).toBe(1)
  })

  it('let nothing of before survive a revocation while four sign the user in, and nothing of after die', async () => {
    const here = await open()
    await Promise.all([child(), child(), child(), child()])
    let refused = 0
    for (let round = 0; round < 6; round++) {
      const user = `user ${round}`
      const asked = children.map((one) => one.ask({ do: 'sign in', user, count: 30 }))
      await wait(20 + 10 * round)
      const invokedAt = machineClock()
      await here.revoke({ user }, Date.now())
      const revokedAt = machineClock()
      const before = await begunNow(here)
      const signIns = (await Promise.all(asked)).flat() as SignIn[]
      for (const signIn of signIns) await checkSignIn(here, signIn, { before, invokedAt, revokedAt })
      refused += signIns.filter(({ answer }) => answer === 'revoked').length
      const live = signIns.filter(({ begun }) => begun >= before)
      expect(await here.listByUser(user)).toHaveLength(live.length)
    }
    expect(refused).toBeGreaterThan(20)
  })

  it('keep a process alive only until what it ordered is done', async () => {
    const other = await child()
    expect(await other.end()).toBe(0)
  })
})

interface Revocation {
  readonly before: number
  readonly invokedAt: number
  readonly revokedAt: number
}

/** What a sign-in may have been answered: where it overlaps the revocation, either. */
function answersOf(signIn: SignIn, { before, invokedAt, revokedAt }: Revocation): readonly string[] {
  if (signIn.begun >= before || signIn.answeredAt < invokedAt) return ['created']
  return signIn.begunAt > revokedAt ? ['revoked'] : ['created', 'revoked']
}

async function checkSignIn(here: SessionStore, signIn: SignIn, revocation: Revocation): Promise<void> {
  const { before, invokedAt, revokedAt } = revocation
  const found = await here.read(signIn.id)
  expect(found?.state ?? null).toBe(signIn.begun >= before ? 'live' : null)
  // The store's order is that of the clock they share, wherever the two did not overlap.
  if (signIn.begunAt > revokedAt) expect(signIn.begun).toBe(before)
  if (signIn.answeredAt < invokedAt) expect(signIn.begun).toBeLessThan(before)
  expect(answersOf(signIn, revocation)).toContain(signIn.answer)
}
