/** Two gateways on one Redis, with nothing else between them: a browser may meet either at any time. */
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import type { SessionStore } from '../../src/core/contracts.ts'
import { redisStore } from '../../src/stores/redis.ts'
import { type RedisServer, startRedis, until } from '../stores/redis-server.ts'
import { type Harness, startHarness } from './harness.ts'
import { fetchFrom } from './loopback.ts'
import { ben } from './people.ts'
import { openSocket, serverFrames } from './socket-client.ts'
import type { WatchedStore } from './watched-store.ts'

const servers: RedisServer[] = []
const stores: SessionStore[] = []

// After the gateways: they are closed when the test has finished.
afterEach(() => {
  onTestFinished(async () => {
    for (const server of servers) server.thaw()
    for (const store of stores.splice(0)) await store.close()
    for (const server of servers.splice(0)) await server.stop()
  })
})

async function gatewayOn(redis: RedisServer): Promise<Harness> {
  const store = await redisStore({ url: `redis://127.0.0.1:${redis.port}` })
  stores.push(store)
  const watched: WatchedStore = { store, calls: new Map(), writes: () => 0, away: false, before: null }
  return startHarness({ store: watched, publicUrl: 'https://kelp.example.org' })
}

async function twoGateways(): Promise<readonly [Harness, Harness, RedisServer]> {
  const redis = await startRedis()
  servers.push(redis)
  const one = await gatewayOn(redis)
  return [one, await gatewayOn(redis), redis]
}

function get(to: Harness, cookie: string, path = '/', accept = 'text/html') {
  return fetchFrom(to.port, path, { headers: { host: to.host, cookie, accept } })
}

function signOut(to: Harness, cookie: string) {
  const headers = { host: to.host, origin: to.origin, cookie, 'content-length': '0' }
  return fetchFrom(to.port, '/_holdfast/sign-out', { method: 'POST', headers })
}

describe('two gateways on one Redis', { timeout: 60_000 }, () => {
  it('know each other’s sessions: signed in at one, let in by the other, with the same identity', async () => {
    const [one, two] = await twoGateways()
    const cookie = await one.signIn('anna')
    expect((await get(two, cookie)).status).toBe(200)
    const who = await get(two, cookie, '/_holdfast/session', 'application/json')
    expect(JSON.parse(who.body)).toMatchObject({ user: { id: 'anna' } })
  })

  it('sign out everywhere: copies of the cookie are refused and sockets closed at the other', async () => {
    const [one, two] = await twoGateways()
    const cookie = await one.signIn('ben')
    expect((await get(two, cookie)).status).toBe(200)
    const talk = await openSocket(two, { cookie })
    const times: number[] = []
    const closed = talk.closed.then(() => times.push(performance.now()))
    const begun = performance.now()
    expect((await signOut(one, cookie)).status).toBe(303)
    // Acknowledged: whoever asks from now on, wherever, is out.
    expect((await get(two, cookie)).status).not.toBe(200)
    expect((await get(one, cookie)).status).not.toBe(200)
    await closed
    expect(serverFrames(talk.frames())[0]?.payload.readUInt16BE(0)).toBe(4401)
    expect((times[0] ?? 0) - begun).toBeLessThan(1000)
  })

  it('revoke everywhere, also whom the other serves from memory', async () => {
    const [one, two] = await twoGateways()
    const cookies = await Promise.all([one.signIn('ben'), two.signIn('ben'), two.sessionOf(ben)])
    for (const cookie of cookies) expect((await get(two, cookie)).status).toBe(200)
    await one.sessions.revokeUser(ben)
    for (const cookie of cookies) {
      expect((await get(two, cookie)).status).not.toBe(200)
      expect((await get(one, cookie)).status).not.toBe(200)
    }
    expect((await get(one, await two.signIn('ben'))).status).toBe(200)
  })

  it('say that they cannot tell while Redis hangs, sign nobody out, and go on by themselves', async () => {
    const [one, two, redis] = await twoGateways()
    const cookie = await one.signIn('ben')
    for (const to of [one, two]) expect((await get(to, cookie)).status).toBe(200)
    const talk = await openSocket(two, { cookie })
    redis.freeze()
    await until(async () => (await get(one, cookie)).status === 503, 'it cannot tell')
    for (const to of [one, two]) {
      for (const sent of [cookie, `${cookie.slice(0, -4)}AAAA`]) {
        const begun = performance.now()
        const answer = await get(to, sent)
        // A second, and what a busy machine adds.
        expect(performance.now() - begun).toBeLessThan(2000)
        if (sent !== cookie) {
          expect(answer.status).not.toBe(200)
          continue
        }
        expect([answer.status, answer.setCookie]).toEqual([503, []])
        expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
        expect(answer.headers['content-type']).toContain('text/html')
        const problem = await get(to, sent, '/data', 'application/json')
        expect(problem.headers['content-type']).toContain('application/problem+json')
        expect(problem.setCookie).toEqual([])
      }
      const out = await signOut(to, cookie)
      expect([out.status, out.setCookie]).toEqual([503, []])
    }
    expect(talk.socket.destroyed).toBe(false)
    redis.thaw()
    const thawed = performance.now()
    await until(async () => (await get(one, cookie)).status === 200, 'it can tell again')
    await until(async () => (await get(two, cookie)).status === 200, 'the other can, too')
    expect(performance.now() - thawed).toBeLessThan(10_000)
    expect(serverFrames(talk.frames())).toEqual([])
    expect(talk.socket.destroyed).toBe(false)
    talk.socket.destroy()
  })
})
