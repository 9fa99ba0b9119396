/** What the browser kept of the app goes when somebody signs out, in an answer that nobody waits for. */
import { describe, expect, it } from 'vitest'
import { signOut } from '../cve/browser-steps.ts'
import { withAdmin } from './admin-harness.ts'
import { startHarness } from './harness.ts'
import { fetchFrom } from './loopback.ts'
import { recordingUpstream } from './recording-upstream.ts'
import { signInForm } from './sign-in-form.ts'

const image = /<img src="([^"]*)" alt="" width="1" height="1" loading="lazy">/

describe('clearing the cache', () => {
  it.each(['', '/tool'])(
    'is left to an image of the page that a sign-out leads to, below "%s"',
    async (base) => {
      const to = await startHarness({ publicUrl: `http://127.0.0.1:8080${base}` })
      const cookie = await to.signIn('ben')
      const out = await fetchFrom(to.port, `${base}/_holdfast/sign-out`, {
        method: 'POST',
        headers: { host: to.host, origin: to.origin, 'content-length': '0', cookie },
      })
      expect([out.status, out.headers['clear-site-data']]).toEqual([303, undefined])
      const page = await fetchFrom(to.port, String(out.headers.location), { headers: { host: to.host } })
      const path = image.exec(page.body)?.[1]
      expect(path).toBe(`${base}/_holdfast/clear-cache`)
      expect(page.headers['content-security-policy']).toContain("img-src data: 'self';")
      to.upstream.forget()
      const cleared = await fetchFrom(to.port, String(path), {
        headers: { host: to.host, 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'image' },
      })
      expect([cleared.status, cleared.headers['clear-site-data'], cleared.headers['cache-control']]).toEqual([
        ...[204, '"cache"', 'no-store'],
      ])
      expect(to.upstream.requests).toEqual([])
    },
  )

  it.each([undefined, 'cross-site', 'same-site', 'none'])(
    'does nothing for a page of others (%s)',
    async (site) => {
      const to = await startHarness()
      const answer = await fetchFrom(to.port, '/_holdfast/clear-cache', {
        headers: { host: to.host, ...(site && { 'sec-fetch-site': site }) },
      })
      expect([answer.status, answer.headers['clear-site-data']]).toEqual([403, undefined])
    },
  )

  it('comes with every end of the person’s own making, and with no other', async () => {
    const to = await startHarness()
    const has = async (query: string): Promise<boolean> => {
      const page = await fetchFrom(to.port, `/_holdfast/sign-in${query}`, { headers: { host: to.host } })
      expect(page.status).toBe(200)
      expect(page.headers['content-security-policy']).toMatch(
        image.test(page.body) ? / 'self';/ : /img-src data:;/,
      )
      return image.test(page.body)
    }
    // The last is how a provider sends somebody back who has signed out there as well.
    for (const query of [
      '?reason=signed-out',
      '?reason=revoked',
      '?reason=password-set',
      '?state=signed-out',
    ])
      expect(await has(query), query).toBe(true)
    for (const query of ['', '?reason=expired', '?reason=replaced', '?reason=registered', '?state=expired'])
      expect(await has(query), query).toBe(false)
  })

  it('does not come again with a password that was wrong', async () => {
    const to = await startHarness()
    const { token, cookie } = await signInForm(to, '/_holdfast/sign-in')
    const answer = await fetchFrom(to.port, '/_holdfast/sign-in?reason=signed-out', {
      method: 'POST',
      headers: {
        host: to.host,
        origin: to.origin,
        cookie,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ username: 'ben', password: 'wrong', form_token: token }).toString(),
    })
    expect(answer.status).toBe(401)
    expect(answer.body).not.toMatch(image)
  })

  it('is there on the listener of the admin page, which is an origin of its own', async () => {
    const to = await startHarness()
    const admin = await withAdmin(to)
    const answer = await fetchFrom(admin.port, '/_holdfast/clear-cache', {
      headers: { host: admin.host, 'sec-fetch-site': 'same-origin' },
    })
    expect([answer.status, answer.headers['clear-site-data']]).toEqual([204, '"cache"'])
  })
})

describe('what the browser may keep', () => {
  it.each([
    [{}, 'private, no-cache'],
    [{ 'cache-control': 'public' }, 'private, no-cache'],
    [{ 'cache-control': 'must-revalidate' }, 'private, no-cache, must-revalidate'],
    [{ 'cache-control': 'public, s-maxage=60' }, 'private, no-cache'],
    [{ 'cache-control': 'public, max-age=60, immutable' }, 'private, max-age=60, immutable'],
    [{ 'cache-control': 'no-store' }, 'private, no-store'],
    [{ 'cache-control': 'No-Cache' }, 'private, No-Cache'],
    [{ expires: 'Thu, 01 Jan 2099 00:00:00 GMT' }, 'private'],
  ])(
    'of an answer with %j is what the app says, never what the browser would guess',
    async (headers, expected) => {
      const upstream = await recordingUpstream({
        app: (_request, response) => {
          response
            .writeHead(200, { ...headers, 'last-modified': 'Sat, 01 Jan 2000 00:00:00 GMT' })
            .end('kept?')
        },
      })
      const to = await startHarness({ upstream })
      const cookie = await to.signIn('ben')
      const answer = await fetchFrom(to.port, '/report.csv', { headers: { host: to.host, cookie } })
      expect(answer.headers['cache-control']).toBe(expected)
      expect(answer.body).toBe('kept?')
    },
  )

  it('is checked anew with the next person there', async () => {
    const to = await startHarness()
    const cookie = await to.signIn('ben')
    await signOut(to, cookie)
    const again = { host: to.host, cookie, 'if-modified-since': 'Sat, 01 Jan 2000 00:00:00 GMT' }
    expect((await fetchFrom(to.port, '/report.csv', { headers: again })).status).toBe(401)
  })
})
