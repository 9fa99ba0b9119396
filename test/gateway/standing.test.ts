import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SessionStore, StateChange, StateScope } from '../../src/core/contracts.ts'
import { StoreError } from '../../src/core/errors.ts'
import { openKeyring } from '../../src/core/keyring.ts'
import { sealedState } from '../../src/core/sealed-state.ts'
import type { ImportConfig } from '../../src/gateway/config-import.ts'
import { type Standings, standings } from '../../src/gateway/standing.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { cookieOf } from '../imports/flask-cookie.ts'
import { type Harness, startHarness } from './harness.ts'
import { fetchFrom } from './loopback.ts'
import { anna, ben, password } from './people.ts'
import { signInForm } from './sign-in-form.ts'

const account = { authenticator: 'google', userId: 'x@example.org' }
const usual = { disabled: false, factorRequired: false, roles: null }

async function opened(store: SessionStore = memoryStore(), app = ''): Promise<Standings> {
  const keyring = await openKeyring(store, ['a secret for tests, 32 bytes long or more'])
  return standings({ state: sealedState(store, keyring), app })
}

/** What the sign-in page answers to the right password. */
async function attempt(
  to: Harness,
  username: string,
  brought = '',
): Promise<{ status: number; setCookie: string }> {
  const { token, cookie } = await signInForm(to)
  const { status, setCookie } = await fetchFrom(to.port, '/_holdfast/sign-in', {
    method: 'POST',
    headers: {
      ...{ host: to.host, origin: to.origin, cookie: `${cookie}; ${brought}` },
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({ username, password, form_token: token, return_to: '' }).toString(),
  })
  return { status, setCookie: setCookie.join('\n') }
}

describe('what is known of an account', () => {
  it('is nothing unusual at first, and then what was said last, each part for itself', async () => {
    const known = await opened()
    expect(await known.of(account)).toEqual(usual)
    await known.change(account, { disabled: true })
    await known.change(account, { roles: ['diver'] })
    expect(await known.of(account)).toEqual({ disabled: true, factorRequired: false, roles: ['diver'] })
    await known.forget(account)
    expect(await known.of(account)).toEqual(usual)
    expect(await known.accounts()).toEqual([])
  })

  it('keeps the same name at two places, and in two apps, apart', async () => {
    const store = memoryStore()
    const [one, other] = [await opened(store), await opened(store, 'other')]
    await one.change(account, { disabled: true })
    expect(await one.of({ ...account, authenticator: 'users-file' })).toEqual(usual)
    expect(await one.of({ authenticator: 'google","x', userId: '' })).toEqual(usual)
    expect(await other.of(account)).toEqual(usual)
    expect(await other.accounts()).toEqual([])
  })

  it('loses no change of two that come at once, and lists every account once', async () => {
    const change = fc.record({
      userId: fc.constantFrom('ada', 'ben'),
      what: fc.constantFrom({ disabled: true }, { factorRequired: true }, { roles: ['diver'] }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 8 }), async (changes) => {
        const store = memoryStore()
        const replicas = [await opened(store), await opened(store)]
        await Promise.all(
          changes.map(({ userId, what }, index) => replicas[index % 2]?.change({ ...account, userId }, what)),
        )
        for (const name of ['ada', 'ben']) {
          const wanted = Object.assign(
            { ...usual },
            ...changes.filter(({ userId }) => userId === name).map((one) => one.what),
          )
          expect(await replicas[0]?.of({ ...account, userId: name })).toEqual(wanted)
        }
        const names = (await replicas[0]?.accounts())?.map(({ userId }) => userId) ?? []
        expect([...names].sort()).toEqual([...new Set(changes.map(({ userId }) => userId))].sort())
      }),
      { numRuns: 50 },
    )
  })

  it('is not taken for the usual where what is kept does not open', async () => {
    const { store, writes } = recorded()
    const known = await opened(store)
    await known.change(account, { disabled: true })
    for (const { scope, changes } of [...writes])
      for (const { key } of changes) await store.writeState(scope, [{ key, value: new Uint8Array(64) }])
    await expect(known.of(account)).rejects.toThrow(StoreError)
    await expect(known.accounts()).rejects.toThrow(StoreError)
  })

  it('tells who reads the store no name', async () => {
    const { store, writes } = recorded()
    await (await opened(store)).change(account, { disabled: true, roles: ['diver'] })
    const seen = writes.flatMap(({ scope, changes }) => [
      JSON.stringify(scope),
      ...changes.map(({ key, value }) => `${key} ${Buffer.from(value ?? []).toString('latin1')}`),
    ])
    expect(seen).toHaveLength(4)
    expect(seen.join(' ')).not.toMatch(/x@example|google|diver|standing|accounts|disabled/)
  })
})

describe('an account that is disabled in the store', () => {
  it('cannot sign in with its password, and hears what a wrong password hears', async () => {
    const to = await startHarness()
    await to.standings.change(anna, { disabled: true })
    const refused = await attempt(to, 'anna')
    expect(refused.status).toBe(401)
    expect(refused.setCookie).not.toContain(to.cookieName)
    expect((await attempt(to, 'ben')).status).toBe(303)
    expect(to.events.map(({ event }) => event)).toContain('sign_in_failed')
    await to.standings.change(anna, { disabled: false })
    expect((await attempt(to, 'anna')).status).toBe(303)
  })

  it('leaves who is signed in in that browser as they were', async () => {
    const to = await startHarness()
    await to.standings.change(anna, { disabled: true })
    const bens = await to.signIn('ben')
    await attempt(to, 'anna', bens)
    expect((await fetchFrom(to.port, '/', { headers: { host: to.host, cookie: bens } })).status).toBe(200)
  })

  it('is not let in while the store cannot tell', async () => {
    const to = await startHarness()
    const before = to.store.before
    to.store.before = async (method) => {
      if (method === 'readState') throw new StoreError('ERR_STORE_UNAVAILABLE', 'away')
    }
    const refused = await attempt(to, 'anna')
    to.store.before = before
    expect(refused.status).toBe(503)
    expect(refused.setCookie).not.toContain(to.cookieName)
  })

  it('is not let in by a sign-in that was under way when it was disabled', async () => {
    const to = await startHarness()
    // After the first look, before the session is made; by another replica whose revocation this sign-in outruns.
    to.store.before = async (method) => {
      if (method !== 'create') return
      to.store.before = null
      await to.standings.change(anna, { disabled: true })
    }
    const refused = await attempt(to, 'anna')
    expect(refused.status).toBe(401)
    expect(refused.setCookie).not.toContain(to.cookieName)
    expect(await to.sessions.listUser(anna)).toEqual([])
  })

  it('is not let in by a cookie of the system before us', async () => {
    const now = Date.now()
    const secret = 'the-old-secret-of-the-old-app'
    const to = await startHarness({
      import: {
        switchedAt: new Date(now - 3_600_000),
        acceptUntil: new Date(now + 86_400_000),
        from: [{ kind: 'flask', secret, cookie: 'session', userKey: 'username' }],
      } satisfies ImportConfig,
    })
    await to.standings.change(anna, { disabled: true })
    const cookie = `session=${cookieOf({ _permanent: true, username: 'anna' }, secret, now)}`
    const headers = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' }
    const visit = () => fetchFrom(to.port, '/', { headers: { host: to.host, cookie, ...headers } })
    expect((await visit()).headers.location).toContain('/_holdfast/sign-in')
    await to.standings.change(anna, { disabled: false })
    expect((await visit()).headers.location).toBe('/')
  })
})

describe('roles that were set here', () => {
  it('are those that the app is told, in place of what whoever vouches says', async () => {
    const to = await startHarness()
    await to.standings.change(ben, { roles: ['keeper'] })
    const cookie = await to.signIn('ben')
    await fetchFrom(to.port, '/', { headers: { host: to.host, cookie } })
    expect(to.upstream.requests.at(-1)?.values('x-forwarded-groups')).toEqual(['keeper'])
  })
})

/** A store, and what was written to it. */
function recorded() {
  const inner = memoryStore()
  const writes: { readonly scope: StateScope; readonly changes: readonly StateChange[] }[] = []
  const store: SessionStore = {
    ...inner,
    async writeState(scope, changes, most) {
      writes.push({ scope, changes })
      return inner.writeState(scope, changes, most)
    },
  }
  return { store, writes }
}
