/** Signing out: nothing of a session is left, whoever has a copy of its cookie. */
import { describe, expect, it } from 'vitest'
import { createSessionManager } from '../../src/core/manager.ts'
import { defaultPolicy } from '../../src/core/policy.ts'
import { startHarness } from '../gateway/harness.ts'
import { fetchFrom } from '../gateway/loopback.ts'
import { ben } from '../gateway/people.ts'
import { rawExchange, rawTalk } from '../gateway/raw-client.ts'
import { signInForm } from '../gateway/sign-in-form.ts'
import { watchedStore } from '../gateway/watched-store.ts'
import { countSessions, form, signOut, statusOf, upgradeLines } from './browser-steps.ts'

const gateway = await startHarness()

describe('sessions and cookies', () => {
  it('CVE-2025-55162: the cookie is removed with every attribute it was set with', async () => {
    for (const publicUrl of [
      'https://apps.example.org',
      'https://apps.example.org/tool',
      'http://127.0.0.1:8080',
    ]) {
      const to = await startHarness({ publicUrl })
      const base = new URL(publicUrl).pathname.replace(/\/$/, '')
      const { token, cookie } = await signInForm(to, `${base}/_holdfast/sign-in`)
      const set = await fetchFrom(to.port, `${base}/_holdfast/sign-in`, {
        method: 'POST',
        headers: { host: to.host, origin: to.origin, cookie, 'content-type': form },
        body: new URLSearchParams({
          username: 'ben',
          password: 'kelp holds on to rock',
          form_token: token,
        }).toString(),
      })
      const given = set.setCookie.find((line) => line.startsWith(`${to.cookieName}=`)) ?? ''
      const removed = await fetchFrom(to.port, `${base}/_holdfast/sign-out`, {
        method: 'POST',
        headers: {
          host: to.host,
          origin: to.origin,
          'content-length': '0',
          cookie: given.split(';')[0] ?? '',
        },
      })
      const clearing = removed.setCookie.find((line) => line.startsWith(`${to.cookieName}=;`)) ?? ''
      const kept = (line: string): string[] =>
        line
          .split('; ')
          .slice(1)
          .filter((one) => !/^(max-age|expires)=/i.test(one))
      expect(kept(clearing)).toEqual(kept(given))
      expect(clearing).toMatch(/; Max-Age=0; Expires=Thu, 01 Jan 1970/)
      if (publicUrl.startsWith('https')) {
        expect(to.cookieName).toMatch(/^__Host-Http-/)
        expect(kept(given)).toEqual(['Path=/', 'HttpOnly', 'Secure', 'SameSite=Lax'])
      }
    }
  })

  it('CVE-2026-34454: after signing out neither the cookie nor the record is there', async () => {
    const cookie = await gateway.signIn('ben')
    const before = await countSessions(gateway)
    const answer = await signOut(gateway, cookie)
    expect([answer.status, answer.headers['cache-control']]).toEqual([303, 'no-store'])
    expect(answer.setCookie).toEqual([
      expect.stringMatching(new RegExp(`^${gateway.cookieName}=; Max-Age=0`)),
    ])
    expect(await countSessions(gateway)).toBe(before - 1)
  })

  it('CVE-2024-21492: a copy of the cookie is worth nothing after signing out, by HTTP or WebSocket', async () => {
    const cookie = await gateway.signIn('ben')
    expect(await statusOf(gateway, cookie)).toBe(200)
    await signOut(gateway, cookie)
    gateway.upstream.forget()
    for (const path of ['/', '/_holdfast/session', '/x?y'])
      expect(await statusOf(gateway, cookie, path)).toBe(401)
    for (const path of ['/ws', '/_holdfast/events']) {
      const { answers } = await rawExchange(
        gateway.port,
        gateway.request(`GET ${path}`, upgradeLines(gateway, cookie)),
      )
      expect(answers[0]?.status).toBe(401)
    }
    expect([gateway.upstream.requests.length, gateway.upstream.upgrades.length]).toEqual([0, 0])
  })

  it('CVE-2021-41247: a tab that polls while another signs out brings nothing back', async () => {
    let ahead = 0
    const now = (): number => Date.now() + ahead
    const to = await startHarness({ policy: { ...defaultPolicy, rotateAfter: 60_000 }, now })
    const cookie = await to.sessionOf(ben)
    // Every document is now due to replace the token.
    ahead = 61_000
    let polling = true
    const poll = async (): Promise<string[]> => {
      const set: string[] = []
      while (polling) {
        const headers = { host: to.host, cookie, accept: 'text/html' }
        set.push(...(await fetchFrom(to.port, '/', { headers })).setCookie)
      }
      return set
    }
    const tabs = [poll(), poll(), poll()]
    const answer = await signOut(to, cookie)
    polling = false
    const given = (await Promise.all(tabs)).flat().map((line) => line.split(';')[0] ?? '')
    expect(answer.status).toBe(303)
    expect(await countSessions(to)).toBe(0)
    for (const one of [cookie, ...given]) expect(await statusOf(to, one)).toBe(401)
  })

  it('security: a session that another replica ended is out here too, at once', async () => {
    const shared = watchedStore()
    const [a, b] = [await startHarness({ store: shared }), await startHarness({ store: shared })]
    const other = createSessionManager({ store: shared.store, keyring: b.keyring, policy: defaultPolicy })
    const cookie = (await a.sessionOf(ben)).replace(a.cookieName, b.cookieName)
    expect(await statusOf(b, cookie)).toBe(200)
    const open = await rawTalk(b.port)
    open.send(b.request('GET /ws', upgradeLines(b, cookie)))
    await open.until((all) => all.includes('\r\n\r\n'))
    await other.revokeUser(ben)
    await open.closed
    expect(await statusOf(b, cookie)).toBe(401)
  })
})
