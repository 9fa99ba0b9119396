import type { ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { totpCode, totpStep } from '../../src/auth/totp.ts'
import { StoreError } from '../../src/core/errors.ts'
import { type Harness, startHarness } from './harness.ts'
import type { HarnessOptions } from './harness-options.ts'
import { type LoginApi, startLoginApi } from './login-api-server.ts'
import { fetchFrom } from './loopback.ts'
import { addApp } from './second-factor.ts'
import { openSocket } from './socket-client.ts'
import { Visitor } from './visitor.ts'

const token = 'token-that-only-the-api-and-holdfast-know'
const every = 10 * 60_000

interface Stage {
  readonly api: LoginApi
  readonly to: Harness
  /** The same store and the same time, in another process. */
  replica(): Promise<Harness>
  pass(milliseconds: number): void
  /** The status of a page asked for with this cookie. */
  visit(cookie: string, at?: Harness): Promise<number>
}

async function startStage(more: HarnessOptions = {}): Promise<Stage> {
  const api = await startLoginApi({ token, password: 'right' })
  let at = Date.now()
  const loginApi = { url: api.url, verifyUrl: api.verifyUrl, verifyEvery: every }
  const options: HarnessOptions = { ...more, loginApi, now: () => at }
  const to = await startHarness(options)
  return {
    api,
    to,
    replica: () => startHarness({ ...options, store: to.store }),
    pass(milliseconds) {
      at += milliseconds
    },
    async visit(cookie, where = to) {
      return (await fetchFrom(where.port, '/', { headers: { host: where.host, cookie } })).status
    },
  }
}

/** Waits for what happens beside a request, by asking again. */
async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (await holds()) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`Never: ${what}`)
}

describe('a login API', () => {
  it('lets in whom it knows, with what it says of them, and nobody else', async () => {
    const { to, visit } = await startStage()
    const cookie = await to.signIn('ada', 'right')
    expect(await visit(cookie)).toBe(200)
    const seen = to.upstream.requests.at(-1)
    expect(seen?.values('x-forwarded-user')).toEqual(['42'])
    expect(seen?.values('x-forwarded-preferred-username')).toEqual(['ada'])
    expect(seen?.values('x-forwarded-groups')).toEqual(['diver'])
    await expect(to.signIn('ada', 'wrong')).rejects.toThrow('401')
  })

  it('is not asked about a session more often than it was said', async () => {
    const { api, to, visit, pass } = await startStage()
    const cookie = await to.signIn('ada', 'right')
    pass(every - 1)
    for (let i = 0; i < 5; i++) await visit(cookie)
    expect(api.checks()).toBe(0)
    pass(1)
    await Promise.all([1, 2, 3, 4, 5].map(() => visit(cookie)))
    await eventually('it is asked', () => api.checks() === 1)
    expect(await visit(cookie)).toBe(200)
    expect(api.checks()).toBe(1)
  })

  it('ends the session everywhere when it says no', async () => {
    const { api, to, visit, pass, replica } = await startStage()
    const cookie = await to.signIn('ada', 'right')
    const other = await replica()
    const there = cookie.replace(to.cookieName, other.cookieName)
    expect(await visit(there, other)).toBe(200)
    api.user = null
    pass(every)
    await visit(cookie)
    await eventually('the session has ended', async () => (await visit(cookie)) !== 200)
    expect(await visit(there, other)).toBe(401)
  })

  it('ends it before the first request where it comes back later, to another replica', async () => {
    const { api, to, visit, pass, replica } = await startStage()
    const cookie = await to.signIn('ada', 'right')
    const other = await replica()
    api.user = null
    pass(every)
    expect(await visit(cookie.replace(to.cookieName, other.cookieName), other)).toBe(401)
    expect(other.upstream.requests).toEqual([])
  })

  it('closes the socket of somebody who only looks, when it says no', async () => {
    const { api, to, pass } = await startStage()
    const cookie = await to.signIn('ada', 'right')
    const socket = await openSocket(to, { cookie })
    api.user = null
    pass(every + 30_000)
    await socket.closed
    expect(api.checks()).toBe(1)
  }, 20_000)

  it('signs nobody out while it is away, and asks again after', async () => {
    const { api, to, visit, pass, replica } = await startStage()
    const cookie = await to.signIn('ada', 'right')
    for (const instead of [
      (response: ServerResponse) => response.destroy(),
      (response: ServerResponse) => response.writeHead(500).end(),
      (response: ServerResponse) => response.writeHead(404).end('{}'),
      (response: ServerResponse) => response.end('<html>maintenance</html>'),
      (response: ServerResponse) => response.end(JSON.stringify('x'.repeat(100_000))),
    ]) {
      api.instead = instead
      pass(every)
      const before = api.checks()
      expect(await visit(cookie)).toBe(200)
      await eventually('it is asked', () => api.checks() > before)
      const other = await replica()
      expect(await visit(cookie.replace(to.cookieName, other.cookieName), other)).toBe(200)
    }
    api.instead = null
    api.user = null
    pass(30_000)
    await visit(cookie)
    await eventually('the session has ended', async () => (await visit(cookie)) !== 200)
  })

  it('goes on with the roles that were set here, whatever the API says of them', async () => {
    const { api, to, visit, pass } = await startStage()
    await to.standings.change({ authenticator: 'login-api', userId: '42' }, { roles: ['keeper'] })
    const cookie = await to.signIn('ada', 'right')
    await visit(cookie)
    expect(to.upstream.requests.at(-1)?.values('x-forwarded-groups')).toEqual(['keeper'])
    pass(every)
    await visit(cookie)
    await eventually('it is asked', () => api.checks() === 1)
    await visit(cookie)
    expect(await visit(cookie)).toBe(200)
  })

  it('ends the session of somebody with other roles now, or who is somebody else', async () => {
    for (const change of [{ roles: ['admin'] }, { id: 43 }]) {
      const { api, to, visit, pass } = await startStage()
      const cookie = await to.signIn('ada', 'right')
      api.user = { ...api.user, ...change }
      pass(every)
      await visit(cookie)
      await eventually('the session has ended', async () => (await visit(cookie)) !== 200)
    }
  })

  it('V6.3.3: asks for the second factor of somebody whom the API knows, before there is a session', async () => {
    const { api, to, visit, pass } = await startStage()
    let passed = 0
    const now = (): number => Date.now() + passed
    const wait = (milliseconds: number): void => {
      pass(milliseconds)
      passed += milliseconds
    }
    const owner = new Visitor(to)
    await owner.enter('ada', 'right')
    const { secret, codes } = await addApp(owner, now, 'right')
    expect(codes).toHaveLength(10)
    const visitor = new Visitor(to)
    expect((await visitor.enter('ada', 'wrong')).status).toBe(401)
    expect((await visitor.enter('ada', 'right')).location).toBe('/_holdfast/factor')
    expect(await visitor.isIn()).toBe(false)
    const page = await visitor.get('/_holdfast/factor')
    expect(page.body).not.toContain(token)
    wait(30_000)
    const code = totpCode(secret, totpStep(now()))
    const done = await visitor.post('/_holdfast/factor', { action: 'code', code })
    expect([done.status, done.location]).toEqual([303, '/wanted'])
    const cookie = `${to.cookieName}=${visitor.cookies.get(to.cookieName)}`
    expect(await visit(cookie)).toBe(200)
    // The token has come along: the API is asked about this session as about any other.
    const before = api.checks()
    api.user = null
    wait(every)
    await visit(cookie)
    await eventually('the session has ended', async () => (await visit(cookie)) !== 200)
    expect(api.checks()).toBeGreaterThan(before)
  })

  it('lets nobody finish the second step who was put out meanwhile', async () => {
    const { api, to, pass } = await startStage()
    const owner = new Visitor(to)
    await owner.enter('ada', 'right')
    const { secret } = await addApp(owner, Date.now, 'right')
    const visitor = new Visitor(to)
    await visitor.enter('ada', 'right')
    await visitor.get('/_holdfast/factor')
    await to.sessions.revokeUser({ authenticator: 'login-api', userId: '42' })
    pass(30_000)
    api.user = null
    const code = totpCode(secret, totpStep(Date.now() + 30_000))
    expect((await visitor.post('/_holdfast/factor', { action: 'code', code })).status).toBe(400)
    expect(await visitor.isIn()).toBe(false)
    expect((await visitor.enter('ada', 'right')).status).toBe(401)
  })

  it('is not "wrong password" when it cannot be asked', async () => {
    const { api, to } = await startStage()
    api.instead = (response) => response.destroy()
    await expect(to.signIn('ada', 'right')).rejects.toThrow('503')
  })
})

describe('security: a login API', () => {
  it('gives its token to no browser, no app and no log', async () => {
    const { api, to, visit, pass } = await startStage()
    const cookie = await to.signIn('ada', 'right')
    const info = await fetchFrom(to.port, '/_holdfast/session', { headers: { host: to.host, cookie } })
    await visit(cookie)
    pass(every)
    await visit(cookie)
    await eventually('it is asked', () => api.checks() === 1)
    const shown = JSON.stringify([info, to.log, to.events, to.upstream.requests.map((one) => one.rawHeaders)])
    expect(shown).toContain('"ada"')
    expect(shown).not.toContain(token)
    expect(shown).not.toContain('not for apps')
    expect(shown).not.toContain('right')
  })

  it('sends no password after a redirect', async () => {
    const { api, to } = await startStage()
    const elsewhere = await startLoginApi({ token, password: 'right' })
    api.instead = (response) => response.writeHead(307, { location: elsewhere.url.href }).end()
    await expect(to.signIn('ada', 'right')).rejects.toThrow('503')
    expect(elsewhere.asked).toEqual([])
  })

  it('makes no session whose token could not be kept', async () => {
    const { to } = await startStage()
    to.store.before = async (method) => {
      if (method === 'writeState') throw new StoreError('ERR_STORE_FULL', 'The disk is full.')
    }
    await expect(to.signIn('ada', 'right')).rejects.toThrow('503')
    to.store.before = null
    for await (const session of to.sessions.listAll()) expect(session).toBeNull()
  })
})
