/** The app that every session library is given to serve: who is there, values, and gates to hold a request at. */
import { createClient } from 'redis'

/** What the app needs of a library's session, in its own recommended way. */
export interface AppSession {
  user(): string | null
  get(key: string): unknown
  set(key: string, value: string): void
  signIn(user: string): Promise<void> | void
  signOut(): Promise<void> | void
  /** A new id for the same session; `null` where there is no such thing. */
  renew: (() => Promise<void> | void) | null
}

type Gate = { readonly arrived: PromiseWithResolvers<void>; readonly opened: PromiseWithResolvers<void> }

const gates = new Map<string, Gate>()

function gateOf(name: string): Gate {
  let gate = gates.get(name)
  if (gate === undefined) {
    gate = { arrived: Promise.withResolvers<void>(), opened: Promise.withResolvers<void>() }
    gates.set(name, gate)
  }
  return gate
}

/** Called when so much time shall have passed that ids are renewed, by those who do that by themselves. */
export const time: Set<() => void> = new Set()

/** Answers what has nothing to do with a session; `null` for all else. */
export async function control(url: string): Promise<string | null> {
  const { pathname, searchParams } = new URL(url, 'http://app')
  const gate = searchParams.get('gate') ?? ''
  if (pathname === '/bare') return '{"user":"anna"}'
  if (pathname === '/arrived') await gateOf(gate).arrived.promise
  else if (pathname === '/due') for (const pass of time) pass()
  else if (pathname === '/open') gateOf(gate).opened.resolve()
  else return null
  return 'ok'
}

/** What a request does with its session. */
export async function serve(url: string, session: AppSession): Promise<string> {
  const { pathname, searchParams } = new URL(url, 'http://app')
  if (pathname === '/sign-in') await session.signIn(searchParams.get('as') ?? 'anna')
  if (pathname === '/sign-out') await session.signOut()
  const gate = searchParams.get('gate')
  if (gate !== null) {
    gateOf(gate).arrived.resolve()
    await gateOf(gate).opened.promise
  }
  if (pathname === '/renew') await session.renew?.()
  for (const key of ['a', 'b']) {
    const value = searchParams.get(key)
    if (value !== null) session.set(key, value)
  }
  if (pathname === '/values') return JSON.stringify({ a: await session.get('a'), b: await session.get('b') })
  return pathname === '/me' ? JSON.stringify({ user: session.user() }) : 'done'
}

/** Where sessions are kept: a Redis, or `''` for the memory of the process. */
export const redisUrl: string = process.argv[2] ?? ''

/** What libraries without a store for Redis are given: rows of JSON, by id. */
export interface Rows {
  get(id: string): Promise<unknown>
  set(id: string, value: unknown): Promise<void>
  delete(id: string): Promise<void>
}

export async function openRows(): Promise<Rows> {
  if (redisUrl === '') return new CopyingMap()
  const client = createClient({ url: redisUrl })
  await client.connect()
  return {
    async get(id) {
      const row = await client.get(id)
      return row === null ? null : JSON.parse(row)
    },
    async set(id, value) {
      await client.set(id, JSON.stringify(value), { EX: 86_400 })
    },
    async delete(id) {
      await client.del(id)
    },
  }
}

/** A store like any over a network: it answers later, and keeps copies. */
export class CopyingMap {
  readonly #rows = new Map<string, string>()

  async get(id: string): Promise<unknown> {
    await new Promise(setImmediate)
    const row = this.#rows.get(id)
    return row === undefined ? null : JSON.parse(row)
  }

  async set(id: string, value: unknown): Promise<void> {
    await new Promise(setImmediate)
    this.#rows.set(id, JSON.stringify(value))
  }

  async delete(id: string): Promise<void> {
    await new Promise(setImmediate)
    this.#rows.delete(id)
  }
}

export const secret = 'a secret for measuring: 32 bytes or more'
