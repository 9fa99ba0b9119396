/** The object that express-session puts at `req.session`, over a session of ours. */
import type { Person, RequestSession } from './request-session.ts'

/** As Node calls back. */
export type LegacyCallback = (error?: unknown) => void
/** What an app keeps in `req.session`. */
export type LegacyData = Record<string, unknown>

/** Who is signed in by what the app keeps; `null` if nobody is. */
export type PersonOf = (data: Readonly<LegacyData>) => Person | null

/** What `req.session.cookie` tells. Lifetimes are the policy's: setting them here changes nothing. */
export interface LegacyCookie {
  originalMaxAge: number | null
  expires: Date | null
  maxAge: number | null
  httpOnly: true
  path: '/'
}

/** One request's data, as own properties, and the methods of express-session. */
export class LegacySession {
  [key: string]: unknown
  declare readonly cookie: LegacyCookie
  readonly #session: RequestSession<LegacyData>
  readonly #personOf: PersonOf | null
  readonly #replace: (next: LegacySession | undefined) => void
  /** What is stored, by key, as JSON. */
  #stored: ReadonlyMap<string, string>
  #isOver = false

  private constructor(
    session: RequestSession<LegacyData>,
    personOf: PersonOf | null,
    replace: (next: LegacySession | undefined) => void,
    stored: ReadonlyMap<string, string>,
  ) {
    this.#session = session
    this.#personOf = personOf
    this.#replace = replace
    this.#stored = stored
    Object.defineProperty(this, 'cookie', { value: cookieOf(session), enumerable: true, writable: true })
    for (const [key, text] of stored) define(this, key, JSON.parse(text))
  }

  /** The session with all it holds. `replace` puts another one, or none, in its place. */
  static async open(
    session: RequestSession<LegacyData>,
    personOf: PersonOf | null,
    replace: (next: LegacySession | undefined) => void,
  ): Promise<LegacySession> {
    return new LegacySession(session, personOf, replace, await storedIn(session))
  }

  get id(): string {
    return this.#session.id ?? ''
  }

  /** Ends the session, and puts an empty one in its place. */
  regenerate(done?: LegacyCallback): this {
    return this.#run(done, async () => {
      await this.#session.signOut()
      this.#isOver = true
      this.#replace(new LegacySession(this.#session, this.#personOf, this.#replace, new Map()))
    })
  }

  /** Ends the session, and leaves none. */
  destroy(done?: LegacyCallback): this {
    return this.#run(done, async () => {
      await this.#session.signOut()
      this.#isOver = true
      this.#replace(undefined)
    })
  }

  /** Reads what is stored again; what this request set and did not save is gone. */
  reload(done?: LegacyCallback): this {
    return this.#run(done, async () => {
      const stored = await storedIn(this.#session)
      if (this.#session.id === null) throw new Error('failed to load session')
      this.#isOver = true
      this.#replace(new LegacySession(this.#session, this.#personOf, this.#replace, stored))
    })
  }

  /** Saves now, not at the end of the response. */
  save(done?: LegacyCallback): this {
    return this.#run(done, () => this.keep())
  }

  /** Does nothing: requests move the deadline by themselves. */
  touch(): this {
    return this
  }

  /** @deprecated Does nothing, as `touch`. */
  resetMaxAge(): this {
    return this
  }

  /** Saves what is other than it was. */
  async keep(): Promise<void> {
    if (this.#isOver) return
    const now = textsOf(this)
    const before = this.#stored
    this.#stored = now
    if (await this.#isSomeoneElse(now)) {
      this.#session.clear()
      for (const [key, text] of now) this.#session.set(key, JSON.parse(text))
    } else {
      for (const [key, text] of now) if (before.get(key) !== text) this.#session.set(key, JSON.parse(text))
      for (const key of before.keys()) if (!now.has(key)) this.#session.delete(key)
    }
    await this.#session.save()
  }

  /** Signs in or out whom the data says. */
  async #isSomeoneElse(now: ReadonlyMap<string, string>): Promise<boolean> {
    if (this.#personOf === null) return false
    const person = this.#personOf(
      Object.fromEntries([...now].map(([key, text]) => [key, JSON.parse(text) as unknown])),
    )
    const { identity } = this.#session
    if (person === null) {
      if (identity !== null) await this.#session.signOut()
      return identity !== null
    }
    const { userId, authenticator = 'app' } = person
    if (identity?.userId === userId && identity.authenticator === authenticator) return false
    if (!(await this.#session.signIn(person)))
      throw new Error('All sessions of the person were just ended, or there is no room for one more.')
    return true
  }

  #run(done: LegacyCallback | undefined, act: () => Promise<void>): this {
    const acted = act()
    // With neither callback nor handler a failure must not end the process: express-session tells nobody either.
    if (done === undefined) acted.catch(() => undefined)
    else acted.then(() => done(), done)
    return this
  }
}

async function storedIn(session: RequestSession<LegacyData>): Promise<ReadonlyMap<string, string>> {
  return new Map([...(await session.entries())].map(([key, value]) => [key, JSON.stringify(value)]))
}

/** The data as JSON, by key: what JSON has no words for is left out or written by its `toJSON`, as it is there. */
function textsOf(legacy: LegacySession): ReadonlyMap<string, string> {
  const texts = new Map<string, string>()
  for (const key of Object.keys(legacy)) {
    const text: string | undefined = key === 'cookie' ? undefined : JSON.stringify(legacy[key])
    if (text !== undefined) texts.set(key, text)
  }
  return texts
}

function cookieOf({ deadlines }: RequestSession<LegacyData>): LegacyCookie {
  const expires = deadlines === null ? null : new Date(deadlines.absoluteAt)
  const maxAge = expires === null ? null : expires.getTime() - Date.now()
  return { originalMaxAge: maxAge, expires, maxAge, httpOnly: true, path: '/' }
}

/** Not by assignment: a key may be `__proto__`, or the name of a method. */
function define(legacy: LegacySession, key: string, value: unknown): void {
  Object.defineProperty(legacy, key, { value, enumerable: true, configurable: true, writable: true })
}
