/** Where sign-in leads: through the real form, with everything that ever led off a site. */
import { describe, expect, it } from 'vitest'
import { type Harness, startHarness } from '../gateway/harness.ts'
import { fetchFrom } from '../gateway/loopback.ts'
import { anna, password } from '../gateway/people.ts'
import { signInForm } from '../gateway/sign-in-form.ts'
import { openRedirects, plainPaths } from '../pages/open-redirect-corpus.ts'

const gateway = await startHarness()
const below = await startHarness({ publicUrl: 'https://apps.example.org/tool' })
// A URL as long as the longest of the corpus is refused before it is read.
const fitting = openRedirects.filter((wish) => wish.length < 4_000)
const known = {
  'The first open redirect of oauth2_proxy': ['//evil.example', '///evil.example', '//evil.example/x'],
  'CVE-2020-5233': ['/\\evil.example', '/\\/evil.example', '\\\\evil.example', '/\\\\evil.example'],
  'CVE-2020-11053': [
    '/\t/evil.example',
    '/\n/evil.example',
    '/%09/evil.example',
    '/%0a/evil.example',
    '/ /evil.example',
  ],
  'CVE-2020-4037': ['/\r/evil.example', ' //evil.example', '/\u00a0/evil.example', '/\u3000/evil.example'],
  'CVE-2021-21291': [
    'https://evil-apps.example.org/',
    'https://apps.example.org.evil.example/',
    'https://apps.example.org@evil.example/',
  ],
  'CVE-2021-32786': ['https:/\\evil.example', '/\\evil.example%2f..', 'https:///evil.example'],
  'CVE-2021-39191': ['https://evil.example/%2f..', 'javascript:alert(1)', 'data:text/html,x'],
  'CVE-2022-23527': ['/\t\\evil.example', '\t//evil.example', '/\b/evil.example'],
  'CVE-2026-33709': ['/..//evil.example', '/.//evil.example', '/x/..//evil.example', '/;//evil.example'],
} as const

/** Signs in with a wish; where the answer leads. */
async function leadsTo(
  to: Harness,
  base: string,
  wish: string,
  form: { token: string; cookie: string },
): Promise<string> {
  const answer = await fetchFrom(to.port, `${base}/_holdfast/sign-in`, {
    method: 'POST',
    headers: {
      ...{ host: to.host, origin: to.origin, cookie: form.cookie },
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({
      username: 'anna',
      password,
      form_token: form.token,
      return_to: wish,
    }).toString(),
  })
  // Every sign-in counts; this test is not about throttling.
  to.store.calls.clear()
  return answer.status === 303 ? String(answer.headers.location) : `${answer.status}`
}

async function eachLeadsTo(wishes: readonly string[]): Promise<string[]> {
  const places: string[] = []
  for (let at = 0; at < wishes.length; at += 9) {
    // A fresh gateway for every nine, for the tenth sign-in in a row would be throttled.
    const fresh = await startHarness()
    const form = await signInForm(fresh)
    for (const wish of wishes.slice(at, at + 9)) places.push(await leadsTo(fresh, '', wish, form))
    await fresh.close()
  }
  return places
}

describe('the way back after sign-in', () => {
  it.each(Object.entries(known))('%s: leads home and nowhere else', async (_id, wishes) => {
    expect(await eachLeadsTo(wishes)).toEqual(wishes.map(() => '/'))
  })

  it('The first open redirect of oauth2_proxy: of the whole corpus nothing leads off, in the form, in links and after sign-in', async () => {
    for (const [to, base] of [
      [gateway, ''],
      [below, '/tool'],
    ] as const) {
      const cookie = await to.sessionOf(anna)
      for (const wish of fitting) {
        const path = `${base}/_holdfast/sign-in?return_to=${encodeURIComponent(wish.toWellFormed())}`
        const signedIn = await fetchFrom(to.port, path, { headers: { host: to.host, cookie } })
        expect([signedIn.status, signedIn.headers.location], wish).toEqual([303, `${base}/`])
      }
      for (const wish of fitting.slice(0, 60)) {
        const path = `${base}/_holdfast/sign-in?return_to=${encodeURIComponent(wish.toWellFormed())}`
        const page = await fetchFrom(to.port, path, { headers: { host: to.host } })
        expect(/name="return_to" value="([^"]*)"/.exec(page.body)?.[1], wish).toBe(`${base}/`)
      }
    }
  })

  it('The first open redirect of oauth2_proxy: a plain path is where it leads', async () => {
    const wishes = plainPaths.slice(0, 9)
    expect(await eachLeadsTo(wishes)).toEqual(wishes)
  })

  it('CVE-2020-5233: what somebody asked for before signing in is never more than a path of ours', async () => {
    for (const target of [
      '/x?next=//evil.example',
      '/evil.example',
      '/@evil.example',
      '/x?a=1&return_to=https://evil.example',
    ]) {
      const away = await fetchFrom(gateway.port, target, {
        headers: { host: gateway.host, accept: 'text/html' },
      })
      const wish = new URL(String(away.headers.location), gateway.origin).searchParams.get('return_to')
      expect([away.status, wish], target).toEqual([303, target])
    }
  })

  it('CVE-2026-33709: a wish given twice counts for nothing', async () => {
    const path = '/_holdfast/sign-in?return_to=%2Fx&return_to=%2F%2Fevil.example'
    const answer = await fetchFrom(gateway.port, path, {
      headers: { host: gateway.host, cookie: await gateway.sessionOf(anna) },
    })
    expect(answer.headers.location).toBe('/')
  })

  it('CVE-2024-21497: no header and no other parameter says where to go', async () => {
    const headers = {
      host: gateway.host,
      cookie: await gateway.sessionOf(anna),
      'x-redirect-uri': '//evil.example',
    }
    for (const name of ['next', 'rd', 'redirect', 'redirect_url', 'url', 'target_link_uri', 'Return_To']) {
      const answer = await fetchFrom(gateway.port, `/_holdfast/sign-in?${name}=%2F%2Fevil.example`, {
        headers,
      })
      expect(answer.headers.location).toBe('/')
      const out = await fetchFrom(gateway.port, `/_holdfast/sign-out?${name}=%2F%2Fevil.example`, { headers })
      expect(out.body).not.toContain('evil')
    }
  })

  it('CVE-2024-21497: another of our own names leads to the one we are known by, not to a name in the request', async () => {
    const host = `localhost:${gateway.port}`
    for (const [given, place] of [
      [host, `${gateway.origin}/x?y`],
      ['evil.example', undefined],
      [`evil.example:${gateway.port}`, undefined],
    ] as const) {
      const answer = await fetchFrom(gateway.port, '/x?y', { headers: { host: given, accept: 'text/html' } })
      expect([answer.status, answer.headers.location]).toEqual([place === undefined ? 421 : 303, place])
    }
  })

  it('GO-2022-0783: no token is ever in a URL', async () => {
    const { token, cookie } = await signInForm(gateway)
    const place = await leadsTo(gateway, '', '/x?y#z', { token, cookie })
    const session = await gateway.signIn('ben')
    const [, secret = ''] = session.split('=')
    const answers = [place]
    for (const path of ['/', '/_holdfast/sign-in', '/_holdfast/sign-out', '/_holdfast/session']) {
      const answer = await fetchFrom(gateway.port, path, {
        headers: { host: gateway.host, cookie: session, accept: 'text/html' },
      })
      answers.push(JSON.stringify([answer.headers.location, answer.headers.link, answer.body]))
    }
    expect(answers.filter((text) => text.includes(secret) || text.includes(token))).toEqual([])
    expect(
      gateway.upstream.requests
        .flatMap((one) => [one.url, ...one.rawHeaders])
        .filter((text) => text.includes(secret)),
    ).toEqual([])
  })
})
