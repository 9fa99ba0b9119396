import { describe, expect, it } from 'vitest'
import { servers } from './servers.ts'
import { stage } from './stage.ts'

describe.each(Object.entries(servers))('%s', (_, start) => {
  it('signs in, knows who it is at the next request, and signs out for every copy of the cookie', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    expect(await browser.user()).toBeNull()
    expect((await browser.post('/sign-in?user=anna&role=admin')).status).toBe(200)
    expect(await browser.json('/me')).toEqual({ user: 'anna', roles: ['admin'] })
    const copy = browser.cookie()
    expect((await browser.post('/sign-out')).status).toBe(303)
    expect(browser.cookie()).toBe('')
    expect(JSON.parse((await browser.get('/me', { cookie: copy })).text)).toMatchObject({ user: null })
  })
})
