/** Objects that a session keeps: changed in the handler, saved before the response's headers are sent. */
import { describe, expect, it } from 'vitest'
import { createSessions } from '../../src/adapters/sessions.ts'
import { ensureUrlSession, hydrateUrlSession, persistUrlSession } from '../../src/core/url-continuity.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { origin } from './browser.ts'
import { servers } from './servers.ts'
import { stage } from './stage.ts'

describe.each(Object.entries(servers))('%s', (_, start) => {
  it('keeps what is pushed into an object, for the next request and for nobody else', async () => {
    await using at = await stage(start)
    const [one, other] = [at.browser(), at.browser()]
    expect((await one.post('/basket?item=kelp')).cookies).toHaveLength(1)
    await one.post('/basket?item=dulse&note=both')
    expect(await one.json('/basket')).toMatchObject({ items: ['kelp', 'dulse'], note: 'both' })
    expect(await other.json('/basket')).toMatchObject({ items: [], note: '' })
    expect(await one.json('/get?key=basket/seen')).toBeDefined()
  })

  it('writes nothing for a look: no cookie, no record, no call that writes', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    expect((await browser.get('/basket')).cookies).toEqual([])
    expect(await browser.json('/scopes')).toBe('nothing is stored')
    expect(at.store.writes()).toBe(1)
  })

  it('B11: keeps what two requests at once change in different fields', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    await browser.post('/basket?item=kelp')
    const slow = browser.post('/basket?note=slow&gate=slow')
    await at.gates.arrived('slow')
    await browser.post('/basket?item=dulse')
    at.gates.open('slow')
    await slow
    expect(await browser.json('/basket')).toMatchObject({ items: ['kelp', 'dulse'], note: 'slow' })
  })

  it('B11: tells who asked for it that another request was first, and shows them what that one wrote', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    expect(await browser.json('/seats')).toBe(true)
    const slow = browser.json('/seats?gate=slow')
    await at.gates.arrived('slow')
    expect(await browser.json('/seats')).toBe(true)
    at.gates.open('slow')
    expect(await slow).toBe('ERR_STATE_CONFLICT')
    // Opened again and counted up by the handler that was refused.
    expect(await browser.json('/get?key=seats/taken')).toBe(3)
  })

  it('saves nothing of a response that failed', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    await browser.post('/basket?item=kelp')
    expect((await browser.post('/basket?item=lost&status=502')).status).toBe(502)
    expect(await browser.json('/basket')).toMatchObject({ items: ['kelp'] })
  })

  it('takes along what was done before signing in, in the same request and before it, and nobody else’s', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    await browser.post('/basket?item=kelp')
    await browser.post('/basket?signIn=anna&item=dulse')
    expect(await browser.json('/basket')).toMatchObject({ items: ['kelp', 'dulse'] })
    await browser.post('/basket?signIn=ben&item=stolen')
    expect(await browser.user()).toBe('ben')
    expect(await browser.json('/basket')).toMatchObject({ items: [] })
    await browser.post('/sign-out')
    expect(await browser.json('/basket')).toMatchObject({ items: [] })
  })

  it('takes along what was changed in the request that signs in, also where nothing may be written over', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    for (let times = 0; times < 3; times++) await browser.post('/seats')
    expect(await browser.json('/seats?signIn=anna')).toBe(true)
    expect(await browser.json('/get?key=seats/taken')).toBe(4)
  })

  it('opens every scope with versions, once something is stored', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    await browser.post('/set?a=1')
    expect(await browser.json('/scopes?a=2')).toEqual([['a', 2]])
    expect(await browser.json('/get?key=a')).toBe('2')
  })

  it('answers 503 where the store cannot tell, and touches no cookie', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    await browser.post('/basket?item=kelp')
    at.store.away = true
    const got = await browser.post('/basket?item=dulse')
    expect([got.status, got.cookies]).toEqual([503, []])
    at.store.away = false
    expect(await browser.json('/basket')).toMatchObject({ items: ['kelp'] })
  })
})

describe('urlSessions', () => {
  it('keep a page in the same store, for the person who made it alone', async () => {
    const sessions = await createSessions({ store: memoryStore(), origin })
    const { url, token } = await ensureUrlSession(sessions.urlSessions, new URL(`${origin}/report`))
    await persistUrlSession(sessions.urlSessions, url, { step: 3 })
    const page: Record<string, unknown> = {}
    expect(await hydrateUrlSession(sessions.urlSessions, url, page)).toBe(token)
    expect(page).toEqual({ step: 3 })
    await sessions.close()
  })
})
