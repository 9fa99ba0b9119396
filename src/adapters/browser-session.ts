/** Which session the browser of one request is in, and what the response must tell it of its credential. */
import { SessionError, StoreError } from '../core/errors.ts'
import { formCookie, readFormCookie } from '../core/form-cookie.ts'
import { newFormBinding } from '../core/form-token.ts'
import type { Lasting } from '../core/lasting.ts'
import type { Issued } from '../core/manager.ts'
import type { Session } from '../core/session.ts'
import type { SessionState } from '../core/state.ts'
import { type Incoming, isActivity, isUpgrade } from './incoming.ts'
import type { SessionLifetime } from './session-lifetime.ts'
import type { Presented, SessionParts } from './session-parts.ts'

/** The session of one request, as it changes hands: started, signed in, rotated, left. */
export class BrowserSession implements SessionLifetime {
  lasting: Lasting | null = null
  readonly #parts: SessionParts
  readonly #incoming: Incoming
  readonly #isActive: boolean
  /** Whether the browser holds a cookie of ours, live or dead. */
  readonly #holdsCookie: boolean
  #presented: Presented
  #state: SessionState | null = null
  /** What the browser must be told of its credential; `''` that it has none. */
  #news: string | null
  #formBinding: string | null = null
  #isTold: boolean
  /** What a sign-in of this request made: nobody holds it before the response has told its cookie. */
  #made: Session | null = null

  constructor(parts: SessionParts, incoming: Incoming, presented: Presented) {
    this.#parts = parts
    this.#incoming = incoming
    this.#presented = presented
    this.#news = presented.isReplaced ? presented.credential : null
    this.#holdsCookie = presented.credential !== null
    // A 101 carries no cookie: browsers may have sent the next request before they see it.
    this.#isTold = isUpgrade(incoming)
    this.#isActive = presented.session !== null && isActivity(incoming)
    if (presented.session !== null && this.#isActive) parts.manager.touch(presented.session)
  }

  get session(): Session | null {
    return this.#presented.session
  }

  /** Whether this process knows, without asking, that the session still lives. */
  get isKnown(): boolean {
    const { credential } = this.#presented
    return credential !== null && this.#parts.manager.peek(credential) !== null
  }

  /** Whether the response must wait for a cookie. */
  get hasNews(): boolean {
    return !this.#isTold && (this.#news !== null || this.#isRotationDue())
  }

  /** Whether cookies cannot be told any more. */
  get isTold(): boolean {
    return this.#isTold
  }

  /** What the session opens; `null` while nothing is stored of it. */
  state(): SessionState | null {
    const { session } = this.#presented
    if (session === null || this.#state !== null) return this.#state
    this.#state = this.#parts.stateOf(session)
    return this.#state
  }

  /** A session that values can be kept in, made for whoever has none. */
  async start(): Promise<SessionState | null> {
    if (this.#isTold) throw tooLate('update')
    const { manager } = this.#parts
    const { session, credential } = this.#presented
    let own = credential
    const lasting = this.lasting ?? undefined
    let started = session === null || credential === null ? null : await manager.start(credential, lasting)
    if (started === null) {
      // None presented, or one that was ended: what was ended is never started again.
      own = manager.beginAnonymous()
      started = await manager.start(own, lasting)
    }
    if (started === null) return null
    const isReplaced = own !== credential || started.replacement !== null
    this.#become({ session: started.session, credential: started.replacement ?? own, isReplaced })
    return this.state()
  }

  /** The browser is in another session from now on. */
  enter({ session, credential }: Issued): void {
    this.#become({ session, credential, isReplaced: true })
  }

  /** The browser is in a session that was made for it now. */
  signIn(issued: Issued): void {
    this.#made = issued.session
    this.enter(issued)
  }

  /** The response tells no cookie: nobody will ever hold what was made. */
  abandon(): void {
    if (this.#made !== null) this.#parts.manager.abandon(this.#made)
  }

  /** The browser is in no session from now on. */
  leave(): void {
    this.#become({ session: null, credential: null, isReplaced: false })
    // A browser that holds nothing of ours need not be told so.
    this.#news = this.#holdsCookie ? '' : null
  }

  get present(): Lasting | null {
    const { session } = this.#presented
    return session === null || session.version === 0 ? null : session
  }

  now(): number {
    return this.#parts.now()
  }

  async last(lasting: Lasting): Promise<boolean> {
    this.lasting = lasting
    const { manager } = this.#parts
    for (let attempt = 0; attempt < mostRotations; attempt++) {
      const { session, credential } = this.#presented
      if (session === null || credential === null || this.#isTold) return false
      const issued = await manager.rotate(session, credential, { lasting })
      if (issued !== null) {
        this.enter(issued)
        return true
      }
      // Another request was first: its token leads on.
      const loaded = await manager.load(credential)
      if (loaded === null || loaded.session.version === 0) return false
      const { session: next, replacement } = loaded
      this.#become({
        session: next,
        credential: replacement ?? credential,
        isReplaced: replacement !== null,
      })
    }
    return false
  }

  async begin(): Promise<boolean> {
    return this.state() !== null || (!this.#isTold && (await this.start()) !== null)
  }

  async isLive(): Promise<boolean> {
    const { session } = this.#presented
    return session !== null && (await this.#parts.manager.refresh(session)) !== null
  }

  async repeat(): Promise<void> {
    const { session, credential } = this.#presented
    if (session === null || session.version === 0 || credential === null || this.#news !== null) return
    const { manager } = this.#parts
    // The race: while this request took its time another one's sign-in or new token was told. The browser would lose that.
    const present = manager.peek(credential) ?? (await this.#asked(credential))
    if (present !== null) this.#news = credential
  }

  /** The session of a credential that is still its newest, as the store has it. */
  async #asked(credential: string): Promise<Session | null> {
    const loaded = await this.#parts.manager.load(credential)
    return loaded === null || loaded.replacement !== null || loaded.session.version === 0
      ? null
      : loaded.session
  }

  /** What forms are tied to: the session, or a cookie for whoever has none. `null` while there is neither. */
  formBinding(): string | null {
    const { session } = this.#presented
    if (session !== null) return session.sid
    return this.#formBinding ?? readFormCookie(this.#incoming.header('cookie'), this.#parts.formCookieName)
  }

  bindForms(): string {
    this.#formBinding = newFormBinding()
    return this.#formBinding
  }

  isFormToken(token: unknown): boolean {
    const binding = this.formBinding()
    if (typeof token !== 'string' || binding === null) return false
    return this.#parts.formTokens.verify(token, 'app', binding) === 'valid'
  }

  /** The Set-Cookie lines that are due, given out once. A token that is old enough is replaced first. */
  async cookies(): Promise<readonly string[]> {
    if (this.#isTold) return []
    if (this.#news === null && this.#isRotationDue()) await this.#rotate()
    this.#isTold = true
    const { cookie, formCookieName, secure, now } = this.#parts
    const { session } = this.#presented
    const lines: string[] = []
    if (this.#formBinding !== null) lines.push(formCookie(formCookieName, this.#formBinding, secure))
    if (this.#news === '') lines.push(cookie.clear())
    else if (this.#news !== null && session !== null) {
      const left = session.absoluteAt - now()
      // Where each session's own life is the app's to say, its cookie lasts as long as it would unused.
      const lasts = this.lasting === null ? left : Math.min(session.idle, left)
      lines.push(cookie.write(this.#news, session.remember ? Math.floor(lasts / 1000) : null))
    }
    return lines
  }

  #isRotationDue(): boolean {
    const { session } = this.#presented
    return session !== null && this.#isActive && this.#parts.manager.isRotationDue(session)
  }

  /** What cannot be done now is done at the next request. */
  async #rotate(): Promise<void> {
    const { session, credential } = this.#presented
    if (session === null || credential === null) return
    try {
      const issued = await this.#parts.manager.rotate(session, credential)
      if (issued !== null) this.enter(issued)
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      this.#parts.onEvent({ event: 'store_failed', code: error.code, during: 'rotate' })
    }
  }

  #become(presented: Presented): void {
    this.#presented = presented
    this.#state = null
    if (presented.isReplaced) this.#news = presented.credential
  }
}

// Each that is in vain means that another request's was not.
const mostRotations = 4

export function tooLate(what: string): SessionError {
  return new SessionError(
    'ERR_RESPONSE_STARTED',
    `session.${what}() came after the response's headers, which carry the cookie and wait for what is saved. Call it ` +
      'earlier; to keep a value while a response streams, use update(), in a session that holds a value already.',
  )
}
