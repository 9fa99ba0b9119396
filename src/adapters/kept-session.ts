/** Keeps what `legacy-session.ts` promises, over a session of ours. */
import { StateError } from '../core/errors.ts'
import { limitsFor } from '../core/lasting.ts'
import type { Policy } from '../core/policy.ts'
import type { KeptCookie } from './kept-cookie.ts'
import type { LegacyCookieOptions } from './legacy-cookie.ts'
import type { PersonOf } from './legacy-options.ts'
import type { LegacyCallback, LegacyData, LegacySession } from './legacy-session.ts'
import type { RequestSession } from './request-session.ts'
import type { SessionLifetime } from './session-lifetime.ts'

/** What the sessions of one request stand on. */
export interface KeptParts {
  readonly session: RequestSession<LegacyData>
  readonly lifetime: SessionLifetime
  readonly policy: Policy
  readonly personOf: PersonOf | null
  readonly isRolling: boolean
  readonly savesAll: boolean
  /** The cookie of the session as it is now. */
  cookie(): KeptCookie
  /** Puts another one, or none, in its place. */
  replace(next: KeptSession | undefined): void
}

/** One request's data, as own properties. */
export class KeptSession implements LegacySession {
  [key: string]: unknown
  declare readonly cookie: KeptCookie
  // One pair of accessors for all: with its own each session would have a hidden class of its own, and be slow to use.
  static readonly #cookieProperty = {
    enumerable: true,
    get(this: KeptSession): KeptCookie {
      return this.#cookie
    },
    // Who copies one session's properties to the next means its lifetime, too.
    set(this: KeptSession, other: LegacyCookieOptions): void {
      this.#cookie.take(other)
    },
  }
  readonly #parts: KeptParts
  readonly #cookie: KeptCookie
  /** What is stored, by key, as JSON. */
  #stored: ReadonlyMap<string, string>
  #isChanged = false
  /** Whether whoever is signed in did so in this request, to stay or not. */
  #signedIn: { readonly remember: boolean } | null = null
  #isOver = false

  private constructor(parts: KeptParts, stored: ReadonlyMap<string, string>) {
    this.#parts = parts
    this.#cookie = parts.cookie()
    Object.defineProperty(this, 'cookie', KeptSession.#cookieProperty)
    // What has the name of a method, or of the prototype itself, stays where it is.
    this.#stored = new Map([...stored].filter(([key]) => !(key in this)))
    for (const [key, text] of this.#stored) this[key] = JSON.parse(text)
  }

  /** The session with all it holds. */
  static async open(parts: KeptParts): Promise<KeptSession> {
    const stored = await storedIn(parts.session)
    return KeptSession.#begun(parts, stored)
  }

  static async #begun(parts: KeptParts, stored: ReadonlyMap<string, string>): Promise<KeptSession> {
    const legacy = new KeptSession(parts, stored)
    parts.lifetime.lasting = legacy.cookie.lasting
    if (parts.savesAll) await parts.lifetime.begin()
    return legacy
  }

  /** Saves what is other than it was. Static, for any name but express-session's own is the app's to use. */
  static keep(legacy: KeptSession): Promise<void> {
    return legacy.#keep()
  }

  /** Ends the session, for whoever held it. */
  static end(legacy: KeptSession): Promise<void> {
    return legacy.#end()
  }

  get id(): string {
    return this.#parts.session.id ?? ''
  }

  regenerate(done?: LegacyCallback): this {
    return this.#run(done, async () => {
      await this.#end()
      this.#parts.replace(await KeptSession.#begun(this.#parts, new Map()))
    })
  }

  destroy(done?: LegacyCallback): this {
    return this.#run(done, async () => {
      await this.#end()
      this.#parts.replace(undefined)
    })
  }

  reload(done?: LegacyCallback): this {
    return this.#run(done, async () => {
      const { session, lifetime, replace } = this.#parts
      const stored = await storedIn(session)
      if (!(await lifetime.isLive())) throw new Error('failed to load session')
      this.#isOver = true
      replace(new KeptSession(this.#parts, stored))
    })
  }

  save(done?: LegacyCallback): this {
    return this.#run(done, () => this.#keep(done !== undefined))
  }

  touch(): this {
    return this.resetMaxAge()
  }

  resetMaxAge(): this {
    this.cookie.touch()
    return this
  }

  async #end(): Promise<void> {
    this.#isOver = true
    await this.#parts.session.signOut()
  }

  async #keep(isHeard = false): Promise<void> {
    if (this.#isOver) return
    if (this.cookie.isOver) return this.#end()
    const { session, lifetime, isRolling } = this.#parts
    const { lasting, asked } = this.cookie
    lifetime.lasting = lasting
    const now = textsOf(this)
    if (await this.#isSomeoneElse(now)) {
      session.clear()
      for (const [key, text] of now) session.set(key, JSON.parse(text))
    } else this.#collect(now)
    await this.#write(now, isHeard)
    if (asked !== null && !this.#isLasting()) await lifetime.last(lasting)
    const isTold = isRolling || (lasting.remember && (this.#isChanged || asked !== null))
    if (isTold && session.id !== null) await lifetime.repeat()
  }

  async #write(now: ReadonlyMap<string, string>, isHeard: boolean): Promise<void> {
    const isKept = await this.#parts.session.save()
    // Who is told need not be told again at the end.
    if (isKept || isHeard) this.#stored = now
    if (!isKept) throw ended()
  }

  #collect(now: ReadonlyMap<string, string>): void {
    const { session } = this.#parts
    for (const [key, text] of now) {
      if (this.#stored.get(key) === text) continue
      session.set(key, JSON.parse(text))
      this.#isChanged = true
    }
    for (const key of this.#stored.keys()) {
      if (now.has(key)) continue
      session.delete(key)
      this.#isChanged = true
    }
  }

  /** Whether the session that is there, if any, lasts as the cookie says, as far as the policy allows. */
  #isLasting(): boolean {
    const { session, lifetime, policy } = this.#parts
    const { lasting } = this.cookie
    const { present } = lifetime
    if (present === null) return true
    const { idle } = limitsFor(policy, session.identity !== null, lasting.remember)
    // Of an instant that is set again and again another millisecond is left each time.
    const isSame = Math.abs(Math.min(lasting.idle, idle) - present.idle) < 1_000
    return isSame && lasting.remember === present.remember
  }

  /** Signs in or out whom the data says. */
  async #isSomeoneElse(now: ReadonlyMap<string, string>): Promise<boolean> {
    const { session, personOf } = this.#parts
    if (personOf === null) return false
    const person = personOf(
      Object.fromEntries([...now].map(([key, text]) => [key, JSON.parse(text) as unknown])),
    )
    const { identity } = session
    if (person === null) {
      if (identity !== null) await session.signOut()
      return identity !== null
    }
    const { userId, authenticator = 'app' } = person
    const isSame = identity?.userId === userId && identity.authenticator === authenticator
    const { remember } = this.cookie.lasting
    // Whoever signs in may say just after whether they stay: Passport saves before it calls back. Later the absolute deadline
    // stands: a session does not grow older than it was let in for.
    if (isSame && (this.#signedIn === null || this.#signedIn.remember === remember)) return false
    if (!(await session.signIn(person, { remember })))
      throw new Error('All sessions of the person were just ended, or there is no room for one more.')
    this.#signedIn = { remember }
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

function ended(): StateError {
  return new StateError(
    'ERR_SESSION_ENDED',
    'req.session: the session ended meanwhile, as by signing in or out in another tab, and nothing was written.',
  )
}

async function storedIn(session: RequestSession<LegacyData>): Promise<ReadonlyMap<string, string>> {
  return new Map([...(await session.entries())].map(([key, value]) => [key, JSON.stringify(value)]))
}

/** The data as JSON, by key: what JSON has no words for is left out or written by its `toJSON`, as it is there. */
function textsOf(legacy: KeptSession): ReadonlyMap<string, string> {
  const texts = new Map<string, string>()
  for (const key of Object.keys(legacy)) {
    const text: string | undefined = key === 'cookie' ? undefined : JSON.stringify(legacy[key])
    if (text !== undefined) texts.set(key, text)
  }
  return texts
}
