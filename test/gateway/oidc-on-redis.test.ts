import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { redisStore } from '../../src/stores/redis.ts'
import { type RedisServer, startRedis } from '../stores/redis-server.ts'
import { type Harness, startHarness } from './harness.ts'
import { fetchFrom } from './loopback.ts'
import { reservedIssuer, startOidcServer, wanderer } from './oidc-server.ts'
import { type WatchedStore, watchedStore } from './watched-store.ts'

const every = 10 * 60_000

describe('OpenID Connect with two gateways on one Redis', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis({ appendonly: 'yes', appendfsync: 'always' })
  })
  afterAll(() => server.stop())

  async function opened(): Promise<WatchedStore> {
    const store = await redisStore({ url: `redis://127.0.0.1:${server.port}` })
    onTestFinished(() => store.close())
    return watchedStore(undefined, store)
  }

  it('asks the provider once for all of them, whose refresh token a second question would use up', async () => {
    const reserved = await reservedIssuer()
    let at = Date.now()
    const gateway = async (): Promise<Harness> =>
      startHarness({
        now: () => at,
        store: await opened(),
        oidc: [
          {
            ...{
              name: 'kelp',
              label: 'Kelp ID',
              issuer: reserved.issuer,
              clientId: 'kelp',
              verifyEvery: every,
            },
            ...{
              clientSecret: 'a secret of the client',
              scopes: ['openid', 'offline_access'],
              rolesClaim: 'roles',
            },
            secondFactor: null,
          },
        ],
      })
    const [one, two] = [await gateway(), await gateway()]
    // A refresh token that is used twice ends the grant.
    const provider = startOidcServer(reserved, [{ origin: one.origin, name: 'kelp' }], {
      rotateRefreshToken: true,
    })
    const browser = wanderer()
    await browser.signIn(`${one.origin}/_holdfast/oidc/kelp?return_to=%2Fx`, 'ada')
    const cookie = await browser.jar.getCookieString(one.origin)
    const visit = async (to: Harness): Promise<number> => {
      const headers = { host: to.host, cookie: cookie.replace(one.cookieName, to.cookieName) }
      return (await fetchFrom(to.port, '/x', { headers })).status
    }
    const refreshes = (): number => provider.grants.filter((grant) => grant.includes('refresh_token')).length
    const kept = async (): Promise<string | null> => {
      for await (const session of one.sessions.listAll())
        if (session.identity !== null) return one.parts.people.vouching.tokenOf(session)
      return null
    }
    let before = await kept()
    for (let round = 1; round <= 3; round++) {
      at += every
      const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => visit(n % 2 === 0 ? one : two)))
      expect(answers).toEqual(Array(20).fill(200))
      // The answer is in the store, for both.
      await expect.poll(kept).not.toBe(before)
      before = await kept()
      expect(refreshes()).toBe(round)
      // What one has learned the other finds in the store, and asks nobody.
      expect([await visit(one), await visit(two), refreshes()]).toEqual([200, 200, round])
    }
    const events = [one, two].flatMap(({ log }) => log.map(({ event }) => event))
    for (const event of ['voucher_unavailable', 'no_longer_vouched_for']) expect(events).not.toContain(event)
    expect(provider.grants).toEqual(['authorization_code', ...Array(3).fill('refresh_token')])
  }, 30_000)
})
