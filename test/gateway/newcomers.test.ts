import { describe, expect, it } from 'vitest'
import { mostNewcomers } from '../../src/gateway/newcomers.ts'
import { type Harness, startHarness } from './harness.ts'
import { type Answer, fetchFrom } from './loopback.ts'
import { clock } from './second-factor.ts'
import { openSocket } from './socket-client.ts'

const office = '198.51.100.7'
const elsewhere = '203.0.113.9'

interface Stage {
  readonly to: Harness
  readonly at: ReturnType<typeof clock>
  /** Asks for an anonymous session; with a cookie, for its record. */
  begin(cookie?: string, from?: string): Promise<Answer>
  /** The cookie of somebody new, of whom nothing is kept yet. */
  fresh(from?: string): Promise<string>
  /** How many sessions are kept. */
  kept(): Promise<number>
}

async function stage(): Promise<Stage> {
  const at = clock()
  const to = await startHarness({ access: 'anyone', trustProxy: ['127.0.0.1/32'], now: at.read })
  const begin: Stage['begin'] = (cookie, from = office) =>
    fetchFrom(to.port, '/_holdfast/begin', {
      method: 'POST',
      headers: {
        ...{ host: to.host, origin: to.origin, 'x-forwarded-for': from },
        ...(cookie === undefined ? {} : { cookie }),
      },
    })
  return {
    to,
    at,
    begin,
    fresh: async (from) => (await begin(undefined, from)).setCookie[0]?.split(';', 1)[0] ?? '',
    async kept() {
      let count = 0
      for await (const _ of to.sessions.listAll()) count++
      return count
    },
  }
}

/** As many as may be come from the office. What they show is no credential of ours, and counts all the same. */
async function crowd({ to }: Stage): Promise<void> {
  for (let one = 0; one < mostNewcomers.most; one++) await to.parts.newcomers.start('none', office)
}

describe('newcomers', () => {
  it('are all kept, as many as an office has', { timeout: 60_000 }, async () => {
    const { to, kept } = await stage()
    for (let one = 0; one < mostNewcomers.most; one++)
      await to.parts.newcomers.start(to.sessions.beginAnonymous(), office)
    expect(await kept()).toBe(mostNewcomers.most)
    expect(mostNewcomers).toEqual({ most: 3_000, seconds: 600 })
  })

  it('SECURITY: beyond that nothing more is kept of who comes from there, for a while', async () => {
    const here = await stage()
    const { to, at, begin, fresh, kept } = here
    await crowd(here)
    const late = await fresh()
    const refused = await begin(late)
    expect(refused.status).toBe(429)
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    expect(refused.setCookie).toEqual([])
    expect((await begin(late)).status).toBe(429)
    expect(await kept()).toBe(0)
    expect(to.log.filter(({ event }) => event === 'newcomers_throttled')).toHaveLength(1)
    at.now += Number(refused.headers['retry-after']) * 1_000
    expect((await begin(late)).status).toBe(204)
    expect(await kept()).toBe(1)
  })

  it('reach the app all the same, as who sends no cookie', async () => {
    const here = await stage()
    const { to, fresh, kept } = here
    await crowd(here)
    const cookie = await fresh()
    await openSocket(to, { cookie, lines: [`X-Forwarded-For: ${office}`] })
    expect(to.upstream.upgrades.at(-1)?.values('holdfast-session')).toEqual([])
    expect(await kept()).toBe(0)
    await openSocket(to, { cookie, lines: [`X-Forwarded-For: ${elsewhere}`] })
    expect(to.upstream.upgrades.at(-1)?.values('holdfast-session')).toHaveLength(1)
    expect(await kept()).toBe(1)
  })

  it('take nothing from who is known already, nor from who comes from elsewhere', async () => {
    const here = await stage()
    const { begin, fresh } = here
    const [known, there] = [await fresh(), await fresh(elsewhere)]
    expect((await begin(known)).status).toBe(204)
    await crowd(here)
    expect((await begin(known)).status).toBe(204)
    expect((await begin(there, elsewhere)).status).toBe(204)
    expect((await begin()).status).toBe(204)
    await here.to.signIn('anna')
  })

  it('P5: are told to come back where the store cannot count', async () => {
    const { to, begin, fresh } = await stage()
    const cookie = await fresh()
    to.store.before = async (method) => {
      if (method === 'hit') to.store.away = true
    }
    const answer = await begin(cookie)
    expect([answer.status, answer.setCookie]).toEqual([503, []])
  })
})
