/** What stores for express-session are held to, held against one of ours behind `req.session`, on two servers. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { expect, it } from 'vitest'
import { session, type WithSession } from '../../src/adapters/express-session.ts'
import { createSessions } from '../../src/adapters/sessions.ts'
import type { SessionStore } from '../../src/core/contracts.ts'
import { Clock, day, secret } from '../core/samples.ts'
import { Browser, origin } from './browser.ts'

interface Replica {
  readonly browser: Browser
  close(): Promise<void>
}

async function replica(store: SessionStore, now: () => number): Promise<Replica> {
  const sessions = await createSessions<object>({ store, secret, origin, now })
  const app = express()
  app.use(session(sessions))
  app.all('/:what', async (request, response) => {
    const { session: own } = request as unknown as WithSession
    const { what } = request.params
    if (what === 'set') Object.assign(own, { user: request.query.user, cart: [1, { n: null }] })
    if (what === 'push') (own.cart as unknown[]).push('kelp')
    if (what === 'destroy') await new Promise((done) => own.destroy(done))
    const { cookie: _, ...data } = (request as unknown as Partial<WithSession>).session ?? {}
    response.json(data)
  })
  const server: Server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    browser: new Browser((server.address() as AddressInfo).port),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await sessions.close()
    },
  }
}

/** `open` opens the same, empty store, once for each server. */
export function roundTrip(open: (now: () => number) => Promise<SessionStore>): void {
  it('keeps, changes, counts, prolongs, ends and forgets what is in req.session, whichever server is asked', async () => {
    const clock = new Clock()
    const [one, two] = [
      await replica(await open(clock.now), clock.now),
      await replica(await open(clock.now), clock.now),
    ]
    const looking = await open(clock.now)
    const count = async (): Promise<number> => {
      let found = 0
      for await (const _ of looking.scan()) found += 1
      return found
    }
    const read = async (at: Replica, cookie: string): Promise<unknown> =>
      JSON.parse((await at.browser.get('/look', { cookie })).text)
    try {
      expect(await count()).toBe(0)
      await one.browser.post('/set?user=anna')
      const cookie = one.browser.cookie()
      expect(await read(two, cookie)).toEqual({ user: 'anna', cart: [1, { n: null }] })
      await two.browser.post('/push', { cookie })
      expect(await read(one, cookie)).toEqual({ user: 'anna', cart: [1, { n: null }, 'kelp'] })
      expect(await count()).toBe(1)

      const many: string[] = []
      for (let index = 0; index < 12; index++) {
        const [line = ''] = (await two.browser.post(`/set?user=${index}`, { headers: { cookie: '' } }))
          .cookies
        many.push(line.split(';', 1)[0] ?? '')
      }
      expect(new Set(many).size).toBe(12)
      expect(await count()).toBe(13)
      for (const [index, other] of many.entries()) {
        expect(await read(one, other)).toMatchObject({ user: `${index}` })
      }

      // A read prolongs it; what nobody asks for is over.
      clock.advance(day / 3)
      expect(await read(one, cookie)).toMatchObject({ user: 'anna' })
      expect((await two.browser.post('/destroy', { cookie: many[0] ?? '' })).status).toBe(200)
      expect(await read(one, many[0] ?? '')).toEqual({})
      expect(await count()).toBe(12)
      clock.advance(2 * day)
      expect(await read(one, cookie)).toEqual({})
      expect(await read(two, many[1] ?? '')).toEqual({})
    } finally {
      await one.close()
      await two.close()
      await looking.close()
    }
  }, 60_000)
}
