import { describe, expect, it } from 'vitest'
import { AuthError, StoreError } from '../../src/core/errors.ts'
import { flaskLoginRemember } from '../../src/imports/flask-login.ts'
import { flaskSession } from '../../src/imports/flask-session.ts'
import type { Imported } from '../../src/imports/import-transport.ts'
import {
  createImporter,
  type ImportedSession,
  type Importer,
  type ImporterOptions,
} from '../../src/imports/importer.ts'
import { pyJwt } from '../../src/imports/pyjwt.ts'
import { starletteSession } from '../../src/imports/starlette-session.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import {
  Clock,
  day,
  device,
  hour,
  minute,
  type Process,
  startAt,
  startProcess,
  withMethods,
} from '../core/samples.ts'
import { golden, named } from './golden.ts'

const { flask, pyjwt, starlette } = golden
const login = `session=${named(flask.cookies, 'login')}`
const flaskUser = { authenticator: 'users-file', userId: 'test_user' }

interface Opened extends Process {
  readonly importer: Importer
  switched(cookie: string, authorization?: string): Promise<ImportedSession | null>
}

async function open(
  options: Partial<ImporterOptions> = {},
  process: Parameters<typeof startProcess>[0] = {},
): Promise<Opened> {
  const started = await startProcess(process)
  const { sessions: manager, store, clock } = started
  const importer = createImporter({
    ...{ manager, store, now: clock.now },
    transports: [
      flaskSession({ secret: flask.secret }),
      flaskLoginRemember({ secret: flask.secret }),
      pyJwt({ secret: pyjwt.secret }),
    ],
    identify: async ({ user }: Imported) =>
      user === null ? null : { ...flaskUser, userId: user, claims: { roles: ['diver'] } },
    switchedAt: new Date(startAt - hour),
    acceptUntil: new Date(startAt + 14 * day),
    ...options,
  })
  return {
    ...{ ...started, importer },
    switched: (cookie, authorization) => importer.importOnce({ cookie, authorization, device }),
  }
}

describe('createImporter', () => {
  it('gives a session of our own for an old one, and removes the old cookie', async () => {
    const { switched, sessions } = await open()
    const result = await switched(login)
    expect(result?.session.identity).toEqual({ ...flaskUser, claims: { roles: ['diver'] } })
    expect(result?.imported.data).toEqual({ _permanent: true, username: 'test_user' })
    expect(result?.setCookies).toEqual(['session=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/'])
    expect((await sessions.load(result?.credential ?? ''))?.session.identity?.userId).toBe('test_user')
  })

  it('tells of every switch by which import it came', async () => {
    const told: unknown[] = []
    const { switched } = await open({ onEvent: (event) => told.push(event) })
    const result = await switched(login)
    await switched(login)
    const sid = result?.session.sid
    expect(told).toEqual([{ event: 'session_imported', sid, userId: 'test_user', transport: 'flask' }])
  })

  it('accepts it once: a copy that comes later is nobody, on this replica and on another', async () => {
    const clock = new Clock()
    const store = memoryStore({ now: clock.now })
    const one = await open({}, { clock, store })
    const two = await open({}, { clock, store })
    expect(await one.switched(login)).not.toBeNull()
    expect(await two.switched(login)).toBeNull()
    clock.advance(31_000)
    expect(await one.switched(login)).toBeNull()
    clock.advance(13 * day)
    expect(await one.switched(login)).toBeNull()
  })

  it('gives all tabs that open at once the same session', async () => {
    const { switched, told } = await open()
    const all = await Promise.all([1, 2, 3, 4].map(() => switched(login)))
    expect(new Set(all.map((one) => one?.credential)).size).toBe(1)
    expect(told('session_created')).toBe(1)
  })

  it('does not bring a shared session back once it was signed out', async () => {
    const { switched, sessions } = await open()
    const first = await switched(login)
    await sessions.end(first?.session.sid ?? '')
    const again = await switched(login)
    expect(again === null ? null : await sessions.load(again.credential)).toBeNull()
  })

  it('uses up everything that the request brought: who copied one cookie has copied the others', async () => {
    const { switched, clock } = await open()
    const remember = `remember_token=${named(flask.remember, '42')}`
    const result = await switched(`${login}; ${remember}`, `Bearer ${named(pyjwt.tokens, 'seed')}`)
    expect(result?.session.identity?.userId).toBe('test_user')
    expect(result?.setCookies).toHaveLength(3)
    clock.advance(minute)
    for (const [cookie, authorization] of [
      [login],
      [remember],
      ['', `Bearer ${named(pyjwt.tokens, 'seed')}`],
    ] as const)
      expect(await switched(cookie, authorization)).toBeNull()
  })

  it('still switches a device whose own cookie is new, though another device used up the cookie they share', async () => {
    const { switched, clock } = await open()
    const remember = `remember_token=${named(flask.remember, '42')}`
    await switched(remember)
    clock.advance(minute)
    expect((await switched(`${login}; ${remember}`))?.session.identity?.userId).toBe('test_user')
  })

  it('does not let old cookies in that were issued before "sign out everywhere", whether they say when or not', async () => {
    for (const cookie of [login, `remember_token=${named(flask.remember, 'a|b')}`]) {
      const { switched, sessions, clock } = await open()
      clock.advance(hour)
      await sessions.revokeUser({ ...flaskUser, userId: cookie === login ? 'test_user' : 'a|b' })
      clock.advance(hour)
      expect(await switched(cookie)).toBeNull()
    }
  })

  it('is no fresh sign-in: what asks for a password goes on asking', async () => {
    const { switched } = await open()
    expect((await switched(login))?.session.authenticatedAt).toBe(0)
  })

  it('counts the session’s limit from when the old one was issued', async () => {
    const { switched, clock } = await open()
    clock.advance(5 * day)
    expect((await switched(login))?.session.absoluteAt).toBe(startAt + 30 * day)
  })

  it('lets nobody in whose session would be over already', async () => {
    const { switched, clock, sessions } = await open({ remember: false })
    clock.advance(25 * hour)
    expect(await switched(login)).toBeNull()
    expect(await sessions.listUser(flaskUser)).toEqual([])
  })

  it('closes on the day it was told to', async () => {
    const { switched, clock } = await open()
    clock.at = startAt + 14 * day
    expect(await switched(login)).toBeNull()
    clock.at -= 1
    expect(await switched(login)).not.toBeNull()
  })

  it('lets nobody in that the app does not vouch for, and does not use the credential up', async () => {
    let isKnown = false
    const { switched } = await open({ identify: async () => (isKnown ? { ...flaskUser, claims: {} } : null) })
    expect(await switched(login)).toBeNull()
    isKnown = true
    expect(await switched(login)).not.toBeNull()
  })

  it('says that it cannot tell when the directory cannot, and uses nothing up', async () => {
    let isAway = true
    const identify: ImporterOptions['identify'] = async () => {
      if (isAway) throw new AuthError('ERR_AUTH_UNAVAILABLE', 'away')
      return { ...flaskUser, claims: {} }
    }
    const { switched } = await open({ identify })
    await expect(switched(login)).rejects.toThrow(AuthError)
    isAway = false
    expect(await switched(login)).not.toBeNull()
  })

  it('lets nobody in when the store cannot say whether it was used', async () => {
    const memory = memoryStore({ now: () => startAt })
    const away = (): Promise<never> => Promise.reject(new StoreError('ERR_STORE_UNAVAILABLE', 'away'))
    const { switched, told } = await open({}, { store: withMethods(memory, { once: away }) })
    await expect(switched(login)).rejects.toThrow(StoreError)
    expect(told('session_created')).toBe(0)
  })

  it('takes over an old session of nobody in particular only where it was told to, and signs nobody in by it', async () => {
    const transports = [starletteSession({ secret: starlette.secret })]
    const cookie = `session=${named(starlette.cookies, 'id')}`
    expect(await (await open({ transports })).switched(cookie)).toBeNull()
    const { switched, sessions, clock } = await open({ transports, anonymous: true })
    const result = await switched(cookie)
    expect(result?.imported.data).toEqual({ id: '11111111-2222-4333-8444-555555555555' })
    expect((await sessions.load(result?.credential ?? ''))?.session.identity).toBeNull()
    clock.advance(minute)
    expect(await switched(cookie)).toBeNull()
  })

  it('asks nobody anything for a request without an old credential', async () => {
    let asked = 0
    const { switched } = await open({
      identify: async () => {
        asked++
        return null
      },
    })
    expect(await switched('theme=dark; session=garbage')).toBeNull()
    expect(asked).toBe(0)
  })

  it('refuses a door that never closes, and one for nothing', async () => {
    for (const options of [
      { acceptUntil: new Date(startAt + 400 * day) },
      { acceptUntil: new Date(startAt - 2 * hour) },
      { acceptUntil: new Date(Number.NaN) },
      { transports: [] },
    ])
      await expect(open(options)).rejects.toMatchObject({ code: 'ERR_CONFIG_INVALID' })
  })
})
