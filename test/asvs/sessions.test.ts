/** OWASP ASVS 5.0, chapter V7 (sessions): a test a row, over real sockets, where no other file has the row. */
import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/core/errors.ts'
import { checkPolicy, defaultPolicy, underProfile } from '../../src/core/policy.ts'
import { parseDuration } from '../../src/gateway/duration.ts'
import { settings } from '../../src/gateway/settings.ts'
import { startAdminStage, userPath } from '../gateway/admin-harness.ts'
import { type Harness, startHarness } from '../gateway/harness.ts'
import { fetchFrom } from '../gateway/loopback.ts'
import { anna, ben, password } from '../gateway/people.ts'
import { signInForm } from '../gateway/sign-in-form.ts'
import { openSocket, serverFrames } from '../gateway/socket-client.ts'

const minute = 60_000
const hour = 60 * minute

async function get(to: Harness, cookie: string, path = '/x', headers: Record<string, string> = {}) {
  return fetchFrom(to.port, path, { headers: { host: to.host, cookie, ...headers } })
}

const status = async (to: Harness, cookie: string): Promise<number> => (await get(to, cookie)).status

/** A gateway whose time the test moves. */
async function clocked() {
  let at = Date.now()
  const to = await startHarness({ now: () => at })
  return {
    to,
    pass(milliseconds: number) {
      at += milliseconds
    },
  }
}

function tokenOf(cookie: string): string {
  return cookie.split('=')[1]?.split('.')[2] ?? ''
}

async function signInWith(to: Harness, cookie: string, username: string) {
  const form = await signInForm(to)
  const { setCookie } = await fetchFrom(to.port, '/_holdfast/sign-in', {
    method: 'POST',
    headers: {
      ...{ host: to.host, origin: to.origin, cookie: `${form.cookie}; ${cookie}` },
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({ username, password, form_token: form.token, return_to: '' }).toString(),
  })
  return setCookie.find((line) => line.startsWith(`${to.cookieName}=`))?.split(';', 1)[0] ?? ''
}

describe('ASVS V7.1, what is documented', () => {
  it('V7.1.1: says both limits of every kind of session, the ones that hold, and takes none without an end', async () => {
    const docs = await readFile(new URL('../../docs/configuration.md', import.meta.url), 'utf8')
    const { session, remember, anonymous } = defaultPolicy
    const limits = [
      ['session.idle', session.idle],
      ['session.absolute', session.absolute],
      ['session.remember.idle', remember.idle],
      ['session.remember.absolute', remember.absolute],
      ['session.anonymous.idle', anonymous.idle],
      ['session.anonymous.absolute', anonymous.absolute],
    ] as const
    for (const [key, limit] of limits) {
      const said = settings.find((one) => one.key === key)?.otherwise ?? ''
      expect(parseDuration(said), key).toBe(limit)
      expect(docs).toMatch(new RegExp(`\\| \`${key}\` \\|.*\\| ${said} \\|`))
    }
    for (const endless of [Number.POSITIVE_INFINITY, Number.NaN, 401 * 24 * hour])
      expect(() => checkPolicy({ ...defaultPolicy, session: { idle: hour, absolute: endless } })).toThrow(
        ConfigError,
      )
    // NIST SP 800-63B-4 §2.2.3.
    expect(underProfile(defaultPolicy, 'aal2').session).toEqual({ idle: hour, absolute: 24 * hour })
  })

  it('V7.1.3: says of each way in what ends a session that began by it', async () => {
    const docs = await readFile(new URL('../../docs/people.md', import.meta.url), 'utf8')
    for (const way of ['users file', 'loginApi', 'oidc', 'import'])
      expect(docs).toMatch(new RegExp(`^\\|.*${way}.*\\|.+\\|$`, 'm'))
  })
})

describe('ASVS V7.2, tokens', () => {
  it('V7.2.1: are checked here alone: the app sees none, and no word of a client about who it is', async () => {
    const to = await startHarness()
    const cookie = await to.signIn('ben')
    const forged = { 'x-forwarded-user': 'anna', 'x-forwarded-groups': 'admin', 'holdfast-session': 'x' }
    await get(to, `${cookie}; theme=dark`, '/x?y=1', forged)
    const seen = to.upstream.requests.at(-1)
    expect(seen?.values('x-forwarded-user')).toEqual(['ben'])
    expect(seen?.values('x-forwarded-groups')).not.toContain('admin')
    expect(seen?.values('cookie')).toEqual(['theme=dark'])
    const bytes = Buffer.concat(to.upstream.connections.flat()).toString('latin1')
    expect(bytes).not.toContain(tokenOf(cookie))
  })

  it('V7.2.2, V7.2.3: are 256 random bits each, and none comes twice', async () => {
    const to = await startHarness()
    const cookies = await Promise.all(Array.from({ length: 500 }, () => to.sessionOf(ben)))
    const tokens = [
      ...cookies.map(tokenOf),
      ...Array.from({ length: 20_000 }, () => to.sessions.beginAnonymous()),
    ]
    expect(new Set(tokens).size).toBe(tokens.length)
    let ones = 0
    for (const token of cookies.map(tokenOf)) {
      const bytes = Buffer.from(token, 'base64url')
      expect(bytes).toHaveLength(32)
      for (const byte of bytes) ones += byte.toString(2).replaceAll('0', '').length
    }
    // 128 000 fair bits: seven standard deviations to either side.
    expect(Math.abs(ones - 64_000)).toBeLessThan(7 * Math.sqrt(128_000 / 4))
  })

  it('V7.2.4, B14: are new after signing in, signing in again, another role and another password; the old ones are dead', async () => {
    const to = await startHarness()
    const first = await signInWith(to, '', 'ben')
    const again = await signInWith(to, first, 'ben')
    expect(tokenOf(again)).not.toBe(tokenOf(first))
    expect([await status(to, first), await status(to, again)]).toEqual([401, 200])
    await to.users.setRoles('ben', ['keeper'])
    await expect.poll(() => status(to, again)).toBe(401)
    const promoted = await signInWith(to, again, 'ben')
    expect(await status(to, promoted)).toBe(200)
    await to.users.setPassword('ben', 'another long kelp forest')
    await expect.poll(() => status(to, promoted)).toBe(401)
  })

  it('V7.2.4, B14: a token that an attacker planted before the sign-in is signed in nowhere after it', async () => {
    const to = await startHarness()
    const mallorys = await to.signIn('ben')
    const annas = await signInWith(to, mallorys, 'anna')
    expect(tokenOf(annas)).not.toBe(tokenOf(mallorys))
    expect([await status(to, mallorys), await status(to, annas)]).toEqual([401, 200])
    const invented = `${to.cookieName}=v1.${'A'.repeat(8)}.${'A'.repeat(43)}.${'A'.repeat(22)}`
    const theirs = await signInWith(to, invented, 'anna')
    expect([await status(to, invented), await status(to, theirs)]).toEqual([401, 200])
  })
})

describe('ASVS V7.3, limits', () => {
  it('V7.3.1: a session ends when nothing is done, whatever the page polls meanwhile', async () => {
    const { to, pass } = await clocked()
    const cookie = await to.signIn('ben')
    for (let passed = 0; passed < 12 * hour - minute; passed += hour / 2) {
      expect((await get(to, cookie, '/_holdfast/session')).status).toBe(200)
      expect(
        (await get(to, cookie, '/logo.png', { 'sec-fetch-dest': 'image', 'sec-fetch-mode': 'no-cors' }))
          .status,
      ).toBe(200)
      pass(hour / 2)
    }
    expect(await status(to, cookie)).toBe(401)
  })

  it('V7.3.1: doing something keeps it', async () => {
    const { to, pass } = await clocked()
    const cookie = await to.signIn('ben')
    for (let passed = 0; passed < 20 * hour; passed += 5 * hour) {
      expect(await status(to, cookie)).toBe(200)
      pass(5 * hour)
    }
    expect(await status(to, cookie)).toBe(200)
  })

  it('V7.3.2: nothing that is done carries a session over its absolute limit', async () => {
    const { to, pass } = await clocked()
    const cookie = await to.signIn('ben')
    for (let passed = 0; passed < 24 * hour; passed += hour) {
      expect(await status(to, cookie)).toBe(200)
      pass(hour)
    }
    expect(await status(to, cookie)).toBe(401)
  })
})

describe('ASVS V7.4, ending', () => {
  it('V7.4.1: after signing out no copy of the cookie opens anything, no socket stays, and signing in does not bring it back', async () => {
    const to = await startHarness()
    const cookie = await to.signIn('ben')
    const talk = await openSocket(to, { cookie })
    const headers = { host: to.host, origin: to.origin, cookie, 'content-length': '0' }
    const out = await fetchFrom(to.port, '/_holdfast/sign-out', { method: 'POST', headers })
    expect([out.status, out.headers.location]).toEqual([303, '/_holdfast/sign-in?reason=signed-out'])
    await talk.closed
    expect(serverFrames(talk.frames())[0]?.payload.readUInt16BE(0)).toBe(4401)
    expect(await status(to, cookie)).toBe(401)
    await expect(openSocket(to, { cookie })).rejects.toThrow('401')
    await to.signIn('ben')
    expect(await status(to, cookie)).toBe(401)
  })

  it('V7.4.3: changing the password ends every session, and each other one can be ended without', async () => {
    const to = await startHarness()
    const [mine, other] = [await to.signIn('ben'), await to.signIn('ben')]
    const page = await get(to, mine, '/_holdfast/account')
    expect(page.body).toContain('value="end-others"')
    await to.users.setPassword('ben', 'another long kelp forest')
    for (const cookie of [mine, other]) await expect.poll(() => status(to, cookie)).toBe(401)
  })

  it('V7.4.4: signing out is one click from our pages, at an address that an app can link to', async () => {
    const to = await startHarness()
    const cookie = await to.signIn('ben')
    expect((await get(to, cookie, '/_holdfast/account')).body).toContain('href="/_holdfast/sign-out"')
    const page = await get(to, cookie, '/_holdfast/sign-out')
    expect(page.body).toContain('<form method="post" action="/_holdfast/sign-out"')
  })

  it('V7.4.5: an admin ends all sessions of one, or of everybody, those that are just beginning too', async () => {
    const stage = await startAdminStage()
    const { to } = stage
    const [bens, annas] = [await to.signIn('ben'), await to.signIn('anna')]
    const browser = await stage.signIn('anna')
    await browser.post(userPath('ben'), { action: 'end-all' })
    expect([await status(to, bens), await status(to, annas)]).toEqual([401, 200])
    const begun = to.sessions.begun()
    await to.sessions.revokeAll()
    expect(await status(to, annas)).toBe(401)
    expect((await browser.get('/')).status).toBe(401)
    const late = { identity: ben, remember: false, device: { userAgent: '', address: '' }, replaces: null }
    expect(await to.sessions.signIn({ ...late, begun })).toBeNull()
    for (const who of [anna, ben]) expect(await to.sessions.listUser(who)).toEqual([])
  })
})

describe('ASVS V7.5, changes by people themselves', () => {
  it('V7.5.1: nothing about an account is changed by a session alone', async () => {
    const to = await startHarness()
    const [mine, other] = [await to.signIn('ben'), await to.signIn('ben')]
    const page = await get(to, mine, '/_holdfast/account')
    const binding = page.setCookie.find((line) => line.includes('form'))?.split(';', 1)[0] ?? ''
    const token = /name="form_token" value="([^"]+)"/.exec(page.body)?.[1] ?? ''
    for (const fields of [
      { action: 'end-others' },
      { action: 'password', new_password: 'another long kelp forest' },
    ]) {
      const answer = await fetchFrom(to.port, '/_holdfast/account', {
        method: 'POST',
        headers: {
          ...{ host: to.host, origin: to.origin, cookie: `${mine}; ${binding}` },
          'content-type': 'application/x-www-form-urlencoded',
        },
        body: new URLSearchParams({ form_token: token, ...fields }).toString(),
      })
      expect(answer.status).toBe(401)
    }
    expect([await status(to, other), await status(to, mine)]).toEqual([200, 200])
  })

  it('V7.5.2: the list of one’s sessions has no token and no id in it, and nobody reaches another’s', async () => {
    const to = await startHarness()
    const [annas, bens] = [await to.signIn('anna'), await to.signIn('ben')]
    await to.signIn('anna')
    const hers = await get(to, annas, '/_holdfast/account')
    const [mark = ''] = [...hers.body.matchAll(/value="end:([^"]+)"/g)].map(([, one = '']) => one)
    expect(mark).not.toBe('')
    for (const { sid, id } of await to.sessions.listUser(anna))
      for (const secret of [sid, id, tokenOf(annas)]) expect(hers.body).not.toContain(secret)
    const page = await get(to, bens, '/_holdfast/account')
    const binding = page.setCookie.find((line) => line.includes('form'))?.split(';', 1)[0] ?? ''
    const token = /name="form_token" value="([^"]+)"/.exec(page.body)?.[1] ?? ''
    await fetchFrom(to.port, '/_holdfast/account', {
      method: 'POST',
      headers: {
        ...{ host: to.host, origin: to.origin, cookie: `${bens}; ${binding}` },
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ form_token: token, password, action: `end:${mark}` }).toString(),
    })
    expect(await to.sessions.listUser(anna)).toHaveLength(2)
  })
})

describe('ASVS V7.6, signing in elsewhere', () => {
  it('V7.6.2: no link, frame or image of another site begins a session: the person is shown our page', async () => {
    const to = await startHarness({
      oidc: [
        {
          ...{ name: 'kelp', label: 'Kelp ID', issuer: new URL('http://127.0.0.1:9/'), clientId: 'kelp' },
          ...{ clientSecret: null, scopes: ['openid'], rolesClaim: 'roles', verifyEvery: hour },
          secondFactor: null,
        },
      ],
    })
    for (const site of ['cross-site', 'same-site'])
      for (const dest of ['document', 'iframe', 'image']) {
        const headers = { 'sec-fetch-site': site, 'sec-fetch-dest': dest, 'sec-fetch-mode': 'navigate' }
        const answer = await get(to, '', '/_holdfast/oidc/kelp', headers)
        expect(answer.headers.location).toMatch(/^\/_holdfast\/sign-in\?/)
        expect(answer.setCookie).toEqual([])
      }
  })
})
