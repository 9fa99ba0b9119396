/** One app, told once, served by every adapter: what it does with its session for each path. */
import type { RequestSession } from '../../src/adapters/request-session.ts'
import { persist } from '../../src/core/persist.ts'

export interface Data {
  theme: string
  cart: string[]
  count: number
  a: string
  b: string
}

/** What a session keeps as one object. */
export class Basket {
  items: string[] = []
  seen: Map<string, Date> = new Map()
  note = ''
}
persist<Basket>('basket')(Basket)

/** What a handler makes of a request. */
export interface Reply {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | AsyncIterable<string>
}

export interface Call {
  readonly path: string
  readonly query: URLSearchParams
  readonly session: RequestSession<Data>
}

/** Points at which handlers wait until the test lets them on. */
export class Gates {
  readonly #gates = new Map<
    string,
    { arrived: PromiseWithResolvers<void>; opened: PromiseWithResolvers<void> }
  >()

  #gate(name: string): { arrived: PromiseWithResolvers<void>; opened: PromiseWithResolvers<void> } {
    let gate = this.#gates.get(name)
    if (gate === undefined) {
      gate = { arrived: Promise.withResolvers<void>(), opened: Promise.withResolvers<void>() }
      this.#gates.set(name, gate)
    }
    return gate
  }

  async pass(name: string | null): Promise<void> {
    if (name === null) return
    const { arrived, opened } = this.#gate(name)
    arrived.resolve()
    await opened.promise
  }

  arrived(name: string): Promise<void> {
    return this.#gate(name).arrived.promise
  }

  open(name: string): void {
    this.#gate(name).opened.resolve()
  }
}

type Route = (call: Call, gates: Gates) => Promise<Reply> | Reply

const json = (value: unknown): Reply => ({
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value ?? null),
})

export const routes: Readonly<Record<string, Route>> = {
  '/plain': () => ({ body: 'plain' }),
  '/me': ({ session }) => json({ user: session.identity?.userId ?? null, roles: session.roles }),
  '/deadlines': ({ session }) => json(session.deadlines),

  async '/sign-in'({ session, query }, gates) {
    const user = query.get('user') ?? 'anna'
    await gates.pass(query.get('gate'))
    const roles = query.getAll('role')
    const isIn = await session.signIn(
      { userId: user, claims: { roles } },
      { remember: query.get('remember') === '1' },
    )
    return { status: isIn ? 200 : 401, body: user }
  },
  async '/switch'({ session, query }) {
    session.set('theme', 'set before')
    await session.signIn({ userId: query.get('user') ?? 'ben' })
    session.set('a', 'set after')
    return { body: 'switched' }
  },
  async '/sign-out'({ session }) {
    await session.signOut()
    return { status: 303, headers: { location: '/' } }
  },
  async '/sign-out-everywhere'({ session }) {
    await session.signOutEverywhere()
    return { status: 204 }
  },
  /** Does not look whether it could. */
  async '/leave'({ session, query }) {
    for (const how of query.getAll('how')) {
      const ending = async (): Promise<unknown> => {
        if (how === 'signIn') return session.signIn({ userId: 'ben' })
        if (how === 'signOut' || how === 'signOutEverywhere') return session[how]()
        const ids = (await session.devices()).filter(({ isThis }) => isThis === (how === 'endDevice'))
        return session.endDevice(ids[0]?.id ?? '')
      }
      await ending().catch(() => undefined)
    }
    return { status: 204 }
  },
  '/devices': async ({ session }) => json(await session.devices()),
  '/end-device': async ({ session, query }) => json(await session.endDevice(query.get('id') ?? '')),

  '/get': async ({ session, query }) => json(await session.get((query.get('key') ?? 'theme') as 'theme')),
  '/entries': async ({ session }) => json([...(await session.entries())].sort()),
  async '/set'({ session, query }, gates) {
    await session.get('theme')
    await gates.pass(query.get('gate'))
    for (const key of ['a', 'b', 'theme'] as const) {
      const value = query.get(key)
      if (value !== null) session.set(key, value)
    }
    return { body: 'set' }
  },
  '/delete'({ session }) {
    session.delete('theme')
    return { status: 204 }
  },
  '/clear'({ session }) {
    session.clear()
    return { status: 204 }
  },
  async '/read'({ session, query }, gates) {
    const theme = await session.get('theme')
    await gates.pass(query.get('gate'))
    return json({ user: session.identity?.userId ?? null, theme })
  },
  async '/count'({ session }) {
    return json(await session.update('count', (count = 0) => count + 1))
  },
  async '/basket'({ session, query }, gates) {
    const basket = await session.persisted(Basket)
    await gates.pass(query.get('gate'))
    if (query.has('signIn')) await session.signIn({ userId: query.get('signIn') ?? '' })
    for (const item of query.getAll('item')) {
      basket.items.push(item)
      basket.seen.set(item, new Date(0))
    }
    basket.note = query.get('note') ?? basket.note
    if (query.has('saved')) return json(await session.save())
    return { ...json(basket), status: Number(query.get('status') ?? 200) }
  },
  async '/seats'({ session, query }, gates) {
    const seats = await session.persisted('seats', { taken: 0 }, { merge: 'refuse' })
    await gates.pass(query.get('gate'))
    seats.taken += 1
    if (query.has('signIn')) await session.signIn({ userId: query.get('signIn') ?? '' })
    try {
      return json(await session.save())
    } catch (error) {
      const again = await session.persisted('seats', { taken: 0 }, { merge: 'refuse' })
      again.taken += 1
      return json((error as { code: string }).code)
    }
  },
  async '/scopes'({ session, query }) {
    const { state } = session
    if (state === null) return json('nothing is stored')
    const { versions } = (await state.session.write([{ key: 'a', value: query.get('a') }])) as {
      versions: ReadonlyMap<string, number>
    }
    return json([...versions])
  },
  '/large'({ session }) {
    session.set('theme', 'x'.repeat(2 * 1024 * 1024))
    return { body: 'large' }
  },
  /** Signs in, and then fails. */
  async '/half'({ session, query }) {
    await session.signIn({ userId: 'anna' })
    if (!query.has('large')) throw new Error('The handler failed.')
    session.set('theme', 'x'.repeat(2 * 1024 * 1024))
    return { body: 'large' }
  },
  '/unkept'({ session }) {
    session.set('theme', (() => 'no value') as unknown as string)
    return { body: 'unkept' }
  },

  '/flash'({ session }) {
    session.flash('info', 'Saved.')
    session.flash('error', 'Not sent.')
    return { status: 303, headers: { location: '/flashes' } }
  },
  '/flashes': async ({ session }) => json(await session.flashes()),

  '/form': ({ session }) => ({ body: session.formToken() }),
  '/form-check': ({ session, query }) => json(session.isFormToken(query.get('token'))),

  '/stream'({ session }) {
    session.set('theme', 'streamed')
    return {
      headers: { 'content-type': 'text/plain' },
      body: (async function* () {
        for (const part of ['one ', 'two ', 'three']) {
          yield part
          await new Promise((resolve) => setImmediate(resolve))
        }
      })(),
    }
  },
  '/late'({ session }) {
    return {
      body: (async function* () {
        yield 'begun '
        await new Promise((resolve) => setTimeout(resolve, 20))
        try {
          session.set('theme', 'late')
          yield 'set'
        } catch (error) {
          yield (error as { code: string }).code
        }
      })(),
    }
  },
  '/not-modified'({ session }) {
    session.set('theme', 'kept')
    return { status: 304, headers: { etag: '"1"' } }
  },
  '/public'({ session }) {
    session.set('theme', 'public')
    return { headers: { 'cache-control': 'public, max-age=60' }, body: 'public' }
  },
  '/fail'({ session }) {
    session.set('theme', 'failed')
    throw new Error('The handler failed.')
  },
  '/bad-gateway'({ session }) {
    session.set('theme', 'failed')
    return { status: 502, body: 'no' }
  },
}

/** Paths that only those who are signed in reach, and the roles they need. */
export const guarded: Readonly<Record<string, { readonly roles?: readonly string[] }>> = {
  '/private': {},
  '/admin': { roles: ['admin'] },
}
