import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type ImportConfig, importConfig } from '../../src/gateway/config-import.ts'
import { cookieOf } from '../imports/flask-cookie.ts'
import { type Harness, startHarness } from './harness.ts'
import { type Answer, fetchFrom } from './loopback.ts'

const secret = 'the-old-secret-of-the-old-app'
const hour = 3_600_000

function flask(): ImportConfig {
  const now = Date.now()
  return {
    switchedAt: new Date(now - hour),
    acceptUntil: new Date(now + 24 * hour),
    from: [{ kind: 'flask', secret, cookie: 'session', userKey: 'username' }],
  }
}

const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' }

function visit(to: Harness, cookie: string, headers: Record<string, string> = navigation): Promise<Answer> {
  return fetchFrom(to.port, '/report?x=1', { headers: { host: to.host, cookie, ...headers } })
}

function oldCookie(username: string, key: string = secret): string {
  return `session=${cookieOf({ _permanent: true, username }, key, Date.now())}`
}

describe('the gateway in front of an app whose users were signed in elsewhere', () => {
  it('lets them in where they were going, as the users file knows them, and removes the old cookie', async () => {
    const to = await startHarness({ import: flask() })
    const switched = await visit(to, oldCookie('Anna'))
    expect([switched.status, switched.headers.location]).toEqual([303, '/report?x=1'])
    const [ours = '', gone] = switched.setCookie
    expect(gone).toBe('session=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/')
    expect((await visit(to, ours.split(';')[0] ?? '')).status).toBe(200)
    const seen = to.upstream.requests.at(-1)
    expect(seen?.values('x-forwarded-user')).toEqual(['anna'])
    expect(seen?.values('x-forwarded-groups')).toEqual(['admin,diver'])
    expect(to.events.map(({ event }) => event)).toContain('session_imported')
  })

  it('accepts a live cookie of Streamlit-Authenticator once, and a copy of it never again', async () => {
    const [key, cookieName] = ['some_key of the old config.yaml', 'some_cookie_name']
    const from = [{ kind: 'streamlit-authenticator', secret: key, cookie: cookieName }] as const
    let now = Date.now()
    const to = await startHarness({ import: { ...flask(), from }, now: () => now })
    const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    const head = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ username: 'anna', exp_date: Date.now() / 1000 + 3600.5 })}`
    const old = `${cookieName}=${head}.${createHmac('sha256', key).update(head).digest('base64url')}`
    const switched = await visit(to, old)
    expect([switched.status, switched.headers.location]).toEqual([303, '/report?x=1'])
    expect(switched.setCookie.some((line) => line.startsWith(`${cookieName}=; Max-Age=0`))).toBe(true)
    expect((await visit(to, switched.setCookie[0]?.split(';')[0] ?? '')).status).toBe(200)
    // Tabs that came together had a moment to share the switch.
    now += 60_000
    expect((await visit(to, old)).headers.location).toContain('/_holdfast/sign-in')
  })

  it('sends everybody else to sign in: forged, unknown, or without any old cookie', async () => {
    const to = await startHarness({ import: flask() })
    for (const cookie of [
      oldCookie('anna', 'another'),
      oldCookie('ghost'),
      'theme=dark',
      `${oldCookie('anna')}x`,
    ]) {
      const answer = await visit(to, cookie)
      expect(answer.headers.location).toContain('/_holdfast/sign-in')
      expect(answer.setCookie).toEqual([])
    }
  })

  it('lets nobody in who is disabled by now', async () => {
    const to = await startHarness({ import: flask() })
    expect(to.users.identity('ANNA')?.userId).toBe('anna')
    await to.users.setDisabled('anna', true)
    expect(to.users.identity('anna')).toBeNull()
    expect((await visit(to, oldCookie('anna'))).headers.location).toContain('/_holdfast/sign-in')
  })

  it('gives no session to what is no page: it answers 401, and the cookie is not used up', async () => {
    const to = await startHarness({ import: flask() })
    const cookie = oldCookie('anna')
    expect((await visit(to, cookie, { accept: '*/*' })).status).toBe(401)
    expect((await visit(to, cookie)).status).toBe(303)
  })

  it('does not replace a session that has ended by what an old cookie says', async () => {
    const to = await startHarness({ import: flask() })
    const ours = await to.signIn('anna')
    const [session] = await to.sessions.listUser({ authenticator: 'users-file', userId: 'anna' })
    await to.sessions.end(session?.sid ?? '')
    const answer = await visit(to, `${ours}; ${oldCookie('anna')}`)
    expect(answer.headers.location).toContain('/_holdfast/sign-in')
  })

  it('answers 503 and touches no cookie when the store cannot say whether it was used', async () => {
    const to = await startHarness({ import: flask() })
    const cookie = oldCookie('anna')
    to.store.away = true
    const answer = await visit(to, cookie)
    expect(answer.status).toBe(503)
    expect(answer.setCookie).toEqual([])
    to.store.away = false
    expect((await visit(to, cookie)).status).toBe(303)
  })
})

describe('importConfig', () => {
  const said = {
    switchedAt: '2026-11-21T06:00Z',
    acceptUntil: '2026-12-31',
    from: [{ kind: 'flask', secret: 'env:FLASK_SECRET_KEY', userKey: 'user', lifetime: '31d' }],
  }
  const variables = { FLASK_SECRET_KEY: 'old' }

  it('takes the secret from the environment', () => {
    expect(importConfig(said, variables).config).toEqual({
      switchedAt: new Date('2026-11-21T06:00Z'),
      acceptUntil: new Date('2026-12-31'),
      from: [{ kind: 'flask', secret: 'old', userKey: 'user', lifetime: 2_678_400 }],
    })
    expect(importConfig(undefined, {})).toEqual({ config: null, faults: [] })
  })

  it('names every fault by where it is', () => {
    const faultsOf = (changed: object): readonly string[] =>
      importConfig({ ...said, ...changed }, variables).faults
    expect(faultsOf({ acceptUntil: '2028-01-01' })).toEqual([expect.stringContaining('import.acceptUntil')])
    expect(faultsOf({ acceptUntil: 'soon' })).toEqual([expect.stringContaining('import.acceptUntil')])
    expect(faultsOf({ from: [] })).toEqual([expect.stringContaining('import.from')])
    expect(faultsOf({ until: 1 })).toEqual([expect.stringContaining('import.until')])
    for (const [source, place] of [
      [{ kind: 'django', secret: 'env:X' }, 'import.from.0.kind'],
      [{ kind: 'flask', secret: 'written here' }, 'import.from.0.secret'],
      [{ kind: 'flask', secret: 'env:NOT_SET' }, 'import.from.0.secret'],
      [{ kind: 'flask', secret: 'the:FLASK_SECRET_KEY' }, 'import.from.0.secret'],
      [{ kind: 'flask', secret: 'env:FLASK_SECRET_KEY', lifetime: '31' }, 'import.from.0.lifetime'],
    ] as const)
      expect(faultsOf({ from: [source] })).toEqual([expect.stringContaining(place)])
    expect(faultsOf({ from: [{ kind: 'flask', secret: 'written here' }] })[0]).not.toContain('written here')
  })
})
