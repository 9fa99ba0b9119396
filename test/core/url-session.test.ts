import { describe, expect, it } from 'vitest'
import { capabilityMint } from '../../src/core/capability.ts'
import type { SessionState } from '../../src/core/state.ts'
import { tokenMint } from '../../src/core/token.ts'
import { ensureUrlSession, hydrateUrlSession, persistUrlSession } from '../../src/core/url-continuity.ts'
import { createUrlSessions, type UrlSessions } from '../../src/core/url-session.ts'
import { ben, hour, minute, type Process, startProcess } from './samples.ts'

interface Opened extends Process {
  readonly urls: UrlSessions
  /** The state of somebody who has just signed in. */
  who(identity?: typeof ben): Promise<SessionState>
}

async function open(): Promise<Opened> {
  const process = await startProcess()
  const { store, keyring, clock } = process
  return {
    ...process,
    urls: createUrlSessions({ store, keyring, now: clock.now }),
    async who(identity) {
      const { session } = await process.signIn(identity === undefined ? {} : { identity })
      const state = process.sessions.state.of(process.sessions.capability(session) ?? '')
      if (state === null) throw new Error('The session opens no state.')
      return state
    },
  }
}

describe('a URL session', () => {
  it('is made once, and found by its token until it ends', async () => {
    const { urls } = await open()
    const { token, created, state } = await urls.ensure(null, null)
    expect(created).toBe(true)
    expect(token).toMatch(/^u1\.[\w-]{8}\.[\w-]{43}\.[\w-]{22}$/)
    await state.set('filter', 'kelp')
    const again = await urls.ensure(token, null)
    expect(again.created).toBe(false)
    expect(again.token).toBe(token)
    expect(await again.state.get('filter')).toBe('kelp')
    expect(await (await urls.find(token, null))?.get('filter')).toBe('kelp')
    expect(await urls.end(token, null)).toBe(true)
    expect(await urls.end(token, null)).toBe(false)
    expect(await urls.find(token, null)).toBeNull()
    const fresh = await urls.ensure(token, null)
    expect(fresh.token).not.toBe(token)
    expect(await fresh.state.get('filter')).toBeUndefined()
  })

  it('ends without use, and in any case after its time, which use does not move', async () => {
    const { urls, clock } = await open()
    const { token } = await urls.ensure(null, null)
    for (let round = 0; round < 23; round++) {
      clock.advance(hour - minute)
      expect(await urls.find(token, null), `round ${round}`).not.toBeNull()
    }
    clock.advance(hour - minute)
    expect(await urls.find(token, null)).not.toBeNull()
    clock.advance(24 * minute)
    expect(await urls.find(token, null)).toBeNull()
    const idle = await urls.ensure(null, null)
    clock.advance(hour)
    expect(await urls.find(idle.token, null)).toBeNull()
    const long = await urls.ensure(null, null, 48 * hour)
    clock.advance(47 * hour)
    expect(await urls.find(long.token, null)).not.toBeNull()
  })

  it('never adopts a token that somebody made up, cut, or had for another purpose', async () => {
    const { urls, sessions, signIn, store } = await open()
    const { token } = await urls.ensure(null, null)
    const issued = await signIn()
    const invented = [
      '',
      'u1',
      '../x',
      token.slice(0, -1),
      `${token}x`,
      `${token.slice(0, 40)}${token[40] === 'A' ? 'B' : 'A'}${token.slice(41)}`,
      token.replace(
        /\.(.)([^.]*)$/,
        (_, first: string, rest: string) => `.${first === 'A' ? 'B' : 'A'}${rest}`,
      ),
      token.replace('u1.', 'v1.'),
      issued.credential,
      issued.credential.replace('v1.', 'u1.'),
      sessions.beginAnonymous(),
      sessions.capability(issued.session) ?? '',
      'x'.repeat(100_000),
    ]
    for (const text of invented) {
      expect(await urls.find(text, null)).toBeNull()
      const made = await urls.ensure(text, null)
      expect(made.created).toBe(true)
      expect(made.token).not.toBe(text)
    }
    // The store holds what was made, and no more.
    let rows = 0
    for await (const _ of store.scan()) rows++
    expect(rows).toBe(invented.length + 2)
  })

  it('signs nobody in: no credential and no capability is written like it', async () => {
    const { urls, sessions, keyring, who } = await open()
    const { token } = await urls.ensure(null, await who())
    const [, kid, body, mac] = token.split('.')
    for (const text of [
      token,
      `v1.${kid}.${body}.${mac}`,
      `a1.${kid}.0.${body}.${mac}`,
      `s1.${kid}.${body}.${mac}`,
    ]) {
      expect(tokenMint(keyring).read(text)).toBeNull()
      expect(await sessions.load(text)).toBeNull()
      expect(await sessions.start(text)).toBeNull()
      expect(capabilityMint(keyring, '').read(text)).toBeNull()
    }
  })

  it('opens only for the user who made it, and anyone else with the link starts afresh', async () => {
    const { urls, who } = await open()
    const [anna, annaElsewhere, other] = [await who(), await who(), await who(ben)]
    const made = await urls.ensure(null, anna)
    await made.state.set('draft', 'private')
    expect(await (await urls.find(made.token, annaElsewhere))?.get('draft')).toBe('private')
    for (const stranger of [other, null]) {
      expect(await urls.find(made.token, stranger)).toBeNull()
      expect(await urls.end(made.token, stranger)).toBe(false)
      const fresh = await urls.ensure(made.token, stranger)
      expect(fresh.created).toBe(true)
      expect(await fresh.state.get('draft')).toBeUndefined()
    }
    expect(await (await urls.find(made.token, anna))?.get('draft')).toBe('private')
  })

  it('collects nothing of who is signed in under a token that was made by nobody', async () => {
    const { urls, who } = await open()
    const attackers = await urls.ensure(null, null)
    const victims = await urls.ensure(attackers.token, await who())
    expect(victims.created).toBe(true)
    await victims.state.set('secret', 1)
    expect(await (await urls.find(attackers.token, null))?.get('secret')).toBeUndefined()
  })

  it('is closed to the user once their session has ended', async () => {
    const { urls, who, sessions } = await open()
    const anna = await who()
    const { token } = await urls.ensure(null, anna)
    await sessions.end(anna.sid)
    await expect(urls.find(token, anna)).rejects.toThrow('The session has ended')
    await expect(urls.ensure(token, anna)).rejects.toThrow('The session has ended')
  })

  it('is nobody\'s session: no listing shows it, and "sign everyone out" ends it', async () => {
    const { urls, who, sessions, clock } = await open()
    const anna = await who()
    const { token } = await urls.ensure(null, anna)
    const listed: string[] = []
    for await (const session of sessions.listAll()) listed.push(session.sid)
    expect(listed).toEqual([anna.sid])
    expect(await sessions.listUser({ authenticator: 'users-file', userId: 'anna' })).toHaveLength(1)
    await sessions.revokeAll()
    clock.advance(1)
    expect(await urls.find(token, await who())).toBeNull()
    expect((await urls.ensure(null, null)).created).toBe(true)
  })
})

describe('a page with a URL session', () => {
  const start = new URL('https://app.example/report?x=1')

  it('gets back after F5 what it kept, and its address keeps all else', async () => {
    const { urls } = await open()
    const first = await ensureUrlSession(urls, start, { initial: { step: 1 } })
    expect(first.url.searchParams.get('x')).toBe('1')
    const page: Record<string, unknown> = {}
    expect(await hydrateUrlSession(urls, first.url, page)).toBe(first.token)
    expect(page).toEqual({ step: 1 })
    page.items = ['kelp', new Date(0)]
    page.__private = 1
    expect(await persistUrlSession(urls, first.url, page)).toBe(first.token)
    const reloaded: Record<string, unknown> = {}
    const again = await ensureUrlSession(urls, first.url, { initial: { step: 9 } })
    expect(again.created).toBe(false)
    await hydrateUrlSession(urls, again.url, reloaded)
    expect(reloaded).toEqual({ step: 1, items: ['kelp', new Date(0)] })
  })

  it('keeps what it has set, or what was kept, as it is asked to', async () => {
    const { urls } = await open()
    const { url } = await ensureUrlSession(urls, start, { initial: { a: 1, b: 1 } })
    const keeping = { a: 2 }
    await hydrateUrlSession(urls, url, keeping)
    expect(keeping).toEqual({ a: 2, b: 1 })
    const overwriting = { a: 2 }
    await hydrateUrlSession(urls, url, overwriting, { merge: 'overwrite' })
    expect(overwriting).toEqual({ a: 1, b: 1 })
  })

  it('keeps what two tabs changed, and does not bring back what the other deleted', async () => {
    const { urls } = await open()
    const { url } = await ensureUrlSession(urls, start, { initial: { both: 0, gone: 1 } })
    const [one, two]: Record<string, unknown>[] = [{}, {}]
    if (one === undefined || two === undefined) throw new Error('unreachable')
    await hydrateUrlSession(urls, url, one)
    await hydrateUrlSession(urls, url, two)
    one.mine = 1
    delete one.gone
    two.theirs = 2
    await persistUrlSession(urls, url, one)
    await persistUrlSession(urls, url, two)
    const after: Record<string, unknown> = {}
    await hydrateUrlSession(urls, url, after)
    expect(after).toEqual({ both: 0, mine: 1, theirs: 2 })
  })

  it('does nothing without a token, with a foreign one, and where it is switched off', async () => {
    const { urls } = await open()
    const page = { a: 1 }
    expect(await hydrateUrlSession(urls, start, page)).toBeNull()
    expect(await persistUrlSession(urls, start, page)).toBeNull()
    const { url } = await ensureUrlSession(urls, start, { initial: { b: 1 } })
    for (const env of [
      { HOLDFAST_DISABLE_URL_SESSION: ' Yes ' },
      { HOLDFAST_TESTS: '1' },
      { HOLDFAST_DISABLE_URL_SESSION: 'on', HOLDFAST_FORCE_URL_SESSION_IN_TESTS: '1', HOLDFAST_TESTS: '1' },
    ]) {
      expect(await hydrateUrlSession(urls, url, page, { env })).toBeNull()
      expect(await persistUrlSession(urls, url, page, { env })).toBeNull()
      expect((await ensureUrlSession(urls, start, { env })).token).toBe('')
    }
    expect(page).toEqual({ a: 1 })
    const env = { HOLDFAST_TESTS: '1', HOLDFAST_FORCE_URL_SESSION_IN_TESTS: 'TRUE' }
    expect(await hydrateUrlSession(urls, url, page, { env })).not.toBeNull()
    expect(page).toEqual({ a: 1, b: 1 })
  })
})
