/** Who may make a browser act: every unsafe route of ours, against every origin and every header a browser may send. */
import { describe, expect, it } from 'vitest'
import { startHarness } from './harness.ts'
import { fetchFrom } from './loopback.ts'
import { ben } from './people.ts'
import { signInForm } from './sign-in-form.ts'

const gateway = await startHarness({ preset: 'streamlit' })
const form = 'application/x-www-form-urlencoded'
const routes = ['sign-in', 'sign-out', 'session', 'begin'] as const

const sites = [
  'same-origin',
  'same-site',
  'cross-site',
  'none',
  undefined,
  'SAME-ORIGIN',
  'same-origin, cross-site',
  '',
]
const origins = [
  gateway.origin,
  'null',
  'http://evil.example',
  `http://localhost:${gateway.port}`,
  `${gateway.origin}.evil.example`,
  undefined,
]
const modes = ['navigate', 'no-cors', undefined]
const types = [form, 'text/plain', 'application/json', undefined]

interface Sent {
  readonly site: string | undefined
  readonly origin: string | undefined
  readonly mode: string | undefined
  readonly type: string | undefined
}

const matrix: readonly Sent[] = sites.flatMap((site) =>
  origins.flatMap((origin) => modes.flatMap((mode) => types.map((type) => ({ site, origin, mode, type })))),
)

/** What the rule says, written down a second time and by the standard's words rather than by the code's. */
function isOwn({ site, origin }: Sent): boolean {
  if (site === undefined) return origin === gateway.origin
  return site === 'same-origin' && (origin === undefined || origin === 'null' || origin === gateway.origin)
}

function headersOf({ site, origin, mode, type }: Sent): Record<string, string> {
  return {
    host: gateway.host,
    ...(site === undefined ? {} : { 'sec-fetch-site': site }),
    ...(origin === undefined ? {} : { origin }),
    ...(mode === undefined ? {} : { 'sec-fetch-mode': mode }),
    ...(type === undefined ? {} : { 'content-type': type }),
  }
}

describe('cross-site requests', () => {
  it('CVE-2026-40864: no other origin posts to any route of ours, whatever its other headers say', async () => {
    const cookie = await gateway.sessionOf(ben)
    const wrong: unknown[] = []
    for (const route of routes) {
      for (const sent of matrix.filter((one) => !isOwn(one))) {
        const { status, setCookie } = await fetchFrom(gateway.port, `/_holdfast/${route}`, {
          method: 'POST',
          headers: { ...headersOf(sent), cookie, 'content-length': '0' },
        })
        if (status !== 403 || setCookie.length > 0) wrong.push([route, status, sent])
      }
    }
    expect(wrong).toEqual([])
    const still = await fetchFrom(gateway.port, '/_holdfast/session', {
      headers: { host: gateway.host, cookie },
    })
    expect(still.status).toBe(200)
  })

  it("takes our own pages' posts, of the type each route reads", async () => {
    for (const sent of matrix.filter(isOwn)) {
      const cookie = await gateway.sessionOf(ben)
      const post = async (route: string): Promise<number> =>
        (
          await fetchFrom(gateway.port, `/_holdfast/${route}`, {
            method: 'POST',
            headers: { ...headersOf(sent), cookie, 'content-length': '0' },
          })
        ).status
      expect([await post('session'), await post('begin')], JSON.stringify(sent)).toEqual([200, 204])
      expect(await post('sign-in'), JSON.stringify(sent)).toBe(sent.type === form ? 400 : 415)
      // Without a body and a type it is our script's; with a form's type it needs a form's token.
      const outcome = { [form]: 200, none: 303 }[sent.type ?? 'none'] ?? 415
      expect([outcome, outcome === 200 ? 400 : outcome], JSON.stringify(sent)).toContain(
        await post('sign-out'),
      )
    }
  })

  it('GET changes nothing on any of them', async () => {
    const cookie = await gateway.sessionOf(ben)
    gateway.store.calls.clear()
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'DELETE']) {
      for (const route of routes) {
        await fetchFrom(gateway.port, `/_holdfast/${route}`, {
          method,
          headers: { host: gateway.host, origin: gateway.origin, cookie, 'sec-fetch-site': 'same-origin' },
        })
      }
    }
    expect(gateway.store.writes()).toBe(0)
    const still = await fetchFrom(gateway.port, '/_holdfast/session', {
      headers: { host: gateway.host, cookie },
    })
    expect(still.status).toBe(200)
  })

  it('a form token of another browser, another form, another time or none signs nobody in or out', async () => {
    const [mine, other] = [await signInForm(gateway), await signInForm(gateway)]
    const session = await gateway.sessionOf(ben)
    const out = await fetchFrom(gateway.port, '/_holdfast/sign-out', {
      headers: { host: gateway.host, cookie: session },
    })
    const outToken = /name="form_token" value="([^"]+)"/.exec(out.body)?.[1] ?? ''
    const tries = [
      [mine.token, other.cookie],
      [mine.token, ''],
      ['', mine.cookie],
      [outToken, mine.cookie],
      [`${mine.token}x`, mine.cookie],
      [mine.token, `${mine.cookie}; ${other.cookie}`],
      [`1${mine.token}`, mine.cookie],
    ] as const
    for (const [token, cookie] of tries) {
      const headers = { host: gateway.host, origin: gateway.origin, 'content-type': form }
      const body = new URLSearchParams({
        username: 'anna',
        password: 'kelp holds on to rock',
        form_token: token,
      }).toString()
      const inside = await fetchFrom(gateway.port, '/_holdfast/sign-in', {
        method: 'POST',
        headers: { ...headers, cookie },
        body,
      })
      expect([
        inside.status,
        inside.setCookie.some((line) => line.startsWith(`${gateway.cookieName}=`)),
      ]).toEqual([400, false])
      const gone = await fetchFrom(gateway.port, '/_holdfast/sign-out', {
        method: 'POST',
        headers: { ...headers, cookie: `${session}; ${cookie}` },
        body: `form_token=${encodeURIComponent(token)}`,
      })
      expect(gone.status).not.toBe(303)
    }
    const still = await fetchFrom(gateway.port, '/_holdfast/session', {
      headers: { host: gateway.host, cookie: session },
    })
    expect(still.status).toBe(200)
  })

  it("the app's own sign-out route acts on a navigation from our own pages, and on nothing else", async () => {
    const sites = ['same-origin', 'same-site', 'cross-site', 'none', '']
    const modes = ['navigate', 'no-cors', 'cors', '']
    const destinations = ['document', 'iframe', 'image', 'empty', '']
    const purposes = ['', 'prefetch', 'prefetch;prerender']
    const ways = sites.flatMap((site) =>
      modes.flatMap((mode) =>
        destinations.flatMap((dest) => purposes.map((purpose) => ({ site, mode, dest, purpose }))),
      ),
    )
    for (const { site, mode, dest, purpose } of ways) {
      const own = `${site} ${mode} ${dest} ${purpose}` === 'same-origin navigate document '
      const cookie = own ? await gateway.sessionOf(ben) : await shared
      const said = {
        'sec-fetch-site': site,
        'sec-fetch-mode': mode,
        'sec-fetch-dest': dest,
        'sec-purpose': purpose,
      }
      const headers = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== ''))
      const { status } = await fetchFrom(gateway.port, '/auth/logout', {
        headers: { host: gateway.host, cookie, ...headers },
      })
      expect(status, JSON.stringify(headers)).toBe(own ? 303 : 200)
    }
    expect(
      (
        await fetchFrom(gateway.port, '/_holdfast/session', {
          headers: { host: gateway.host, cookie: await shared },
        })
      ).status,
    ).toBe(200)
  })
})

const shared = gateway.sessionOf(ben)
