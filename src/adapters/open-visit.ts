/** Keeps what `visit.ts` and `request-session.ts` promise: one request's session, over the engine. */
import type { Identity } from '../core/contracts.ts'
import { StoreError } from '../core/errors.ts'
import type { Maker } from '../core/persist.ts'
import type { PersistOptions } from '../core/persisted.ts'
import { rolesOf, type Session } from '../core/session.ts'
import type { EndReason } from '../core/sockets.ts'
import type { ScopedState, SessionState } from '../core/state.ts'
import { type ProblemCode, problemAnswer, signInFirst } from './answer.ts'
import { BrowserSession } from './browser-session.ts'
import { Endings } from './endings.ts'
import type { Answer, Incoming, Outgoing } from './incoming.ts'
import { Progress } from './progress.ts'
import type { Flash, Person, RequestSession, SignedInDevice } from './request-session.ts'
import { type SessionContents, sessionContents } from './session-contents.ts'
import type { SessionLifetime } from './session-lifetime.ts'
import type { Presented, SessionParts } from './session-parts.ts'
import type { ValueScope } from './session-values.ts'
import { signedInDevice } from './signed-in-device.ts'
import type { Visit } from './visit.ts'

/** Everything a request can do with its session, over the engine. Handlers are given the interface alone. */
export class OpenVisit implements Visit, RequestSession {
  readonly refusal: Answer | null
  readonly #parts: SessionParts
  readonly #incoming: Incoming
  readonly #begun: number
  readonly #browser: BrowserSession
  #collected: SessionContents | null = null
  readonly #endings = new Endings()
  readonly #progress: Progress

  constructor(parts: SessionParts, incoming: Incoming, presented: Presented, refusal: Answer | null) {
    this.#parts = parts
    this.#incoming = incoming
    this.#begun = parts.manager.begun()
    this.#browser = new BrowserSession(parts, incoming, presented)
    this.refusal = refusal
    this.#progress = new Progress({ hasWork: this.#browser.hasNews, isOver: this.#browser.isTold })
  }

  get session(): RequestSession {
    return this
  }

  get lifetime(): SessionLifetime {
    return this.#browser
  }

  get id(): string | null {
    const { session } = this.#browser
    return session === null || session.version === 0 ? null : session.sid
  }

  get identity(): Identity | null {
    return this.#browser.session?.identity ?? null
  }

  get roles(): readonly string[] {
    return rolesOf(this.identity)
  }

  get authenticatedAt(): number | null {
    return this.#browser.session?.authenticatedAt ?? null
  }

  get deadlines(): { readonly idleAt: number; readonly absoluteAt: number } | null {
    const { session } = this.#browser
    return session === null ? null : { idleAt: session.idleAt, absoluteAt: session.absoluteAt }
  }

  get state(): SessionState | null {
    return this.#browser.state()
  }

  get user(): ScopedState | null {
    return this.state?.user ?? null
  }

  tab(id: string): ScopedState | null {
    return this.state?.tab(id) ?? null
  }

  get(key: string): Promise<unknown> {
    return this.#progress.ask(() => this.#contents.values.get(key))
  }

  entries(): Promise<ReadonlyMap<string, unknown>> {
    return this.#progress.ask(() => this.#contents.values.entries())
  }

  set(key: string, value: unknown): void {
    this.#contents.values.set(key, value)
  }

  delete(key: string): void {
    this.#contents.values.delete(key)
  }

  clear(): void {
    this.#contents.values.clear()
  }

  update(key: string, change: (present: unknown) => unknown): Promise<unknown> {
    return this.#progress.ask(() => this.#contents.values.update(key, change))
  }

  async persisted<State extends object>(
    nameOrMarked: string | Maker<State>,
    initial?: State | Maker<State>,
    options?: PersistOptions<State>,
  ): Promise<State> {
    // What it will be changed to is not known yet, so the response waits.
    this.#progress.mayChange('persisted')
    return this.#progress.ask(() => this.#contents.objects.open(nameOrMarked, initial, options))
  }

  save(): Promise<boolean> {
    return this.#progress.ask(() => this.#contents.save())
  }

  flash(kind: string, text: string): void {
    this.#contents.values.flash({ kind, text })
  }

  flashes(): Promise<readonly Flash[]> {
    return this.#progress.ask(() => this.#contents.values.flashes())
  }

  async signIn(person: Person, { remember = false }: { readonly remember?: boolean } = {}): Promise<boolean> {
    this.#progress.mayChange('signIn')
    const { manager, onEvent, accountLimit } = this.#parts
    const { userId, claims = {}, authenticator = 'app' } = person
    return this.#progress.ask(async () => {
      // What nobody's objects hold comes along by being stored; it is there that the next session looks.
      if (this.identity === null) await this.#collected?.objects.save()
      const { session } = this.#browser
      const request = {
        identity: { userId, claims, authenticator },
        remember,
        idle: this.#browser.lasting?.idle,
        device: { userAgent: this.#incoming.header('user-agent') ?? '', address: this.#incoming.address },
        begun: this.#begun,
        replaces: session,
      }
      const issued = await manager.signInWithin(request, accountLimit)
      if (issued === null || issued === 'full') return false
      // What was collected for one person is not the next one's.
      if (session !== null && session.identity !== null) this.#collected?.drop()
      this.#browser.signIn(issued)
      // It ended with that.
      this.#endings.forget(session?.sid ?? '')
      onEvent({ event: 'sign_in_succeeded', userId, address: this.#incoming.address })
      return true
    })
  }

  signOut(): Promise<void> {
    this.#progress.mayChange('signOut')
    return this.#end(this.#browser.session?.sid ?? '', async () => {
      const { session } = this.#browser
      if (session !== null && session.version > 0) {
        await this.#parts.manager.end(session.sid)
        const userId = this.identity?.userId ?? null
        this.#parts.onEvent({ event: 'session_signed_out', sid: session.sid, userId })
      }
      this.#leave()
    })
  }

  async signOutEverywhere(): Promise<void> {
    const { identity } = this
    if (identity === null) return this.signOut()
    this.#progress.mayChange('signOutEverywhere')
    await this.#end('everywhere', async () => {
      await this.#parts.manager.revokeUser(identity)
      this.#leave()
    })
  }

  async devices(): Promise<readonly SignedInDevice[]> {
    return (await this.#ownSessions()).map((one) => signedInDevice(one, this.#browser.session))
  }

  async endDevice(id: string): Promise<boolean> {
    const { session } = this.#browser
    if (session?.identity != null && session.sid === id) {
      await this.signOut()
      return true
    }
    return this.#end(id, async () => {
      // Only among their own: ids are no secret.
      const isOwn = (await this.#ownSessions()).some(({ sid }) => sid === id)
      return isOwn && this.#parts.manager.end(id)
    })
  }

  require({ roles }: { readonly roles?: readonly string[] } = {}): Answer | null {
    if (this.identity === null) return signInFirst(this.#parts.signInPage, this.#incoming)
    if (roles === undefined || roles.some((role) => this.roles.includes(role))) return null
    return problemAnswer('forbidden')
  }

  formToken(): string {
    const binding = this.#browser.formBinding()
    if (binding !== null) return this.#parts.formTokens.issue('app', binding)
    this.#progress.mayChange('formToken')
    return this.#parts.formTokens.issue('app', this.#browser.bindForms())
  }

  isFormToken(token: unknown): boolean {
    return this.#browser.isFormToken(token)
  }

  hold(end: (reason: EndReason) => void): () => void {
    const { session, isKnown } = this.#browser
    return session === null ? () => {} : this.#parts.sockets().hold(session, { end }, isKnown)
  }

  onWork(listener: () => boolean): void {
    this.#progress.onWork(listener)
  }

  async settle(status: number): Promise<Outgoing> {
    this.#progress.finish()
    try {
      const problem = await this.#save(status)
      if (problem === null) return { cookies: await this.#browser.cookies(), answer: null }
      this.abandon()
      return { cookies: [], answer: problemAnswer(problem) }
    } catch (fault) {
      this.#collected?.drop()
      // Who signed in is in: the session that came with the request has ended for that.
      return { cookies: await this.#browser.cookies(), answer: null, fault }
    }
  }

  abandon(): void {
    this.#browser.abandon()
  }

  /** Saves what the response acknowledges. The problem that takes its place, where that does not hold. */
  async #save(status: number): Promise<ProblemCode | null> {
    // Whatever the handler made of it.
    if (!(await this.#endings.hold())) return 'unavailable'
    if (status >= 500) return this.#progress.hasFailed ? 'unavailable' : null
    try {
      // Another request left the session meanwhile: sent again, this one comes with the cookie of the next.
      return (await this.#collected?.save()) === false ? 'session-ended' : null
    } catch (error) {
      if (error instanceof StoreError) return 'unavailable'
      throw error
    }
  }

  get #contents(): SessionContents {
    this.#collected ??= sessionContents({
      schemas: this.#parts.schemas,
      scope: () => this.state?.session.encoded ?? null,
      start: () => this.#start(),
      onChange: () => this.#progress.mayChange('set'),
    })
    return this.#collected
  }

  /** The scope to write to, of a session that is started where there is none. */
  async #start(): Promise<ValueScope | null> {
    if (this.state !== null) return this.state.session.encoded
    // While `settle` saves, the response waits already.
    if (!this.#progress.hasWork) this.#progress.mayChange('update')
    return (await this.#browser.start())?.session.encoded ?? null
  }

  #end<Result>(what: string, end: () => Promise<Result>): Promise<Result> {
    return this.#endings.watch(what, this.#progress.ask(end))
  }

  #leave(): void {
    this.#collected?.drop()
    this.#browser.leave()
  }

  async #ownSessions(): Promise<readonly Session[]> {
    const { identity } = this
    return identity === null ? [] : this.#progress.ask(() => this.#parts.manager.listUser(identity))
  }
}
