/** `req.session.cookie`: how long the session lives, to be set, and the cookie's attributes, to be read. */
import type { CookieFacts } from '../core/cookie.ts'
import type { Lasting } from '../core/lasting.ts'
import { checkCookie, isNothing, type LegacyCookieOptions, maxAgeOf } from './legacy-cookie.ts'
import type { LegacyCookie } from './legacy-session.ts'

/** The cookie of one request's session. Setting an attribute to what it is not throws, as at the start. */
export class KeptCookie implements LegacyCookie {
  /** What `maxAge` was before time passed. */
  originalMaxAge: number | null
  readonly #facts: CookieFacts
  readonly #path: string
  readonly #now: () => number
  #endsAt: number | null
  #isAsked = false

  /** `left` is how much of `maxAge` is left. */
  constructor(
    facts: CookieFacts,
    path: string,
    now: () => number,
    maxAge: number | null,
    left: number | null = maxAge,
  ) {
    this.#facts = facts
    this.#path = path
    this.#now = now
    this.originalMaxAge = maxAge
    this.#endsAt = left === null ? null : now() + left
  }

  /** How long the session is to live; `null` where nobody said. */
  get asked(): Lasting | null {
    return this.#isAsked ? this.lasting : null
  }

  get lasting(): Lasting {
    const { originalMaxAge: idle } = this
    return idle === null ? { idle: Number.POSITIVE_INFINITY, remember: false } : { idle, remember: true }
  }

  /** Whether it was set to an instant that was over. While a request takes its time nothing ends. */
  get isOver(): boolean {
    return this.originalMaxAge !== null && this.originalMaxAge <= 0
  }

  get maxAge(): number | null {
    return this.#endsAt === null ? null : this.#endsAt - this.#now()
  }

  set maxAge(value: number | null | undefined | false) {
    checkCookie({ maxAge: value }, this.#facts, 'req.session.cookie')
    this.#isAsked = true
    this.originalMaxAge = isNothing(value) ? null : value
    this.touch()
  }

  get expires(): Date | null {
    return this.#endsAt === null ? null : new Date(this.#endsAt)
  }

  set expires(value: Date | null | undefined | false) {
    checkCookie({ expires: value }, this.#facts, 'req.session.cookie')
    this.maxAge = isNothing(value) ? null : value.getTime() - this.#now()
  }

  get path(): string {
    return this.#path
  }

  set path(path: string) {
    if (path !== this.#path) checkCookie({ path: null }, this.#facts, 'req.session.cookie')
  }

  get httpOnly(): boolean {
    return true
  }

  set httpOnly(httpOnly: boolean) {
    checkCookie({ httpOnly }, this.#facts, 'req.session.cookie')
  }

  get secure(): boolean {
    return this.#facts.secure
  }

  set secure(secure: boolean | 'auto') {
    checkCookie({ secure }, this.#facts, 'req.session.cookie')
  }

  get sameSite(): 'lax' | 'strict' | 'none' {
    return this.#facts.sameSite
  }

  set sameSite(sameSite: NonNullable<LegacyCookieOptions['sameSite']>) {
    checkCookie({ sameSite }, this.#facts, 'req.session.cookie')
  }

  get partitioned(): boolean {
    return this.#facts.sameSite === 'none'
  }

  set partitioned(partitioned: boolean) {
    checkCookie({ partitioned }, this.#facts, 'req.session.cookie')
  }

  get domain(): undefined {
    return undefined
  }

  set domain(domain: string | null | undefined) {
    checkCookie({ domain }, this.#facts, 'req.session.cookie')
  }

  /** Counts `maxAge` from now. */
  touch(): void {
    this.#endsAt = this.originalMaxAge === null ? null : this.#now() + this.originalMaxAge
  }

  /** Takes what another session's cookie, or a plain object, says of how long it lives. */
  take(other: LegacyCookieOptions | LegacyCookie): void {
    if (!(other instanceof KeptCookie)) checkCookie({ ...other }, this.#facts, 'req.session.cookie')
    this.maxAge = maxAgeOf(other, this.#now())
  }

  toJSON(): object {
    const { originalMaxAge, expires, secure, httpOnly, path, sameSite } = this
    return { originalMaxAge, expires, secure, httpOnly, path, sameSite }
  }
}
