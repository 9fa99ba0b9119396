/** What is kept of an account's second factors, and what each use makes of it: pure steps, so that a store can take them as one. */
import { type Assertion, isCounterBack, type Passkey } from './passkeys.ts'
import { matchTotp } from './totp.ts'

export interface KeptPasskey extends Passkey {
  readonly since: number
  /** The browser it was made in, as its User-Agent says. */
  readonly device: string
}

/** A factor that is being added: it counts once it was shown to work. */
export interface Enrolment {
  /** `null` for a passkey, whose secret never leaves its device. */
  readonly secret: string | null
  /** The session, or the sign-in under way, that adds it. */
  readonly owner: string
  readonly until: number
}

export interface FactorRecord {
  /** What passkeys call the account; `null` until the first is made. Random: it is told to devices. */
  readonly handle: string | null
  readonly totp: { readonly secret: string; readonly lastStep: number; readonly since: number } | null
  readonly passkeys: readonly KeptPasskey[]
  /** The images of the recovery codes that are left. */
  readonly recovery: readonly string[]
  /** When wrong codes were typed. */
  readonly misses: readonly number[]
  readonly enrolment: Enrolment | null
  /** Sign-ins whose password was right: their marks, and until when they may be ended. */
  readonly pending: readonly Pending[]
}

/** A sign-in that waits for its factor. `start` is what to begin the session with, as JSON: sealed, it never leaves the server. */
export interface Pending {
  readonly mark: string
  readonly until: number
  readonly start: string
}

export const noFactors: FactorRecord = {
  ...{ handle: null, totp: null, passkeys: [], recovery: [], misses: [], enrolment: null, pending: [] },
}

const minute = 60_000
const day = 24 * 60 * minute
// Three codes of a million hold at any moment: with these, who has the password needs some twenty years.
const mostMisses = [
  { most: 10, within: 15 * minute },
  { most: 30, within: day },
] as const
const mostPending = 8

export function hasFactor({ totp, passkeys }: Pick<FactorRecord, 'totp' | 'passkeys'>): boolean {
  return totp !== null || passkeys.length > 0
}

/**
 * How many seconds no code is looked at; 0 if one is. Only who has the password comes this far, so that nobody else can keep
 * the owner out; and a passkey, which nobody guesses, is looked at in any case.
 */
export function codesBarred({ misses }: FactorRecord, now: number): number {
  const waits = mostMisses.map(({ most, within }) => {
    const recent = misses.filter((at) => at > now - within)
    const freeing = recent[recent.length - most]
    return freeing === undefined ? 0 : Math.ceil((freeing + within - now) / 1000)
  })
  return Math.max(...waits)
}

/** What became of a code or a passkey that was shown. */
export type Use =
  | { readonly kind: 'shown'; readonly how: 'totp' | 'recovery' | 'passkey'; readonly record: FactorRecord }
  | { readonly kind: 'wrong'; readonly record: FactorRecord }
  | { readonly kind: 'barred'; readonly seconds: number }
  /** The passkey's counter went back: there may be two of it. */
  | { readonly kind: 'copied' }

/** `image` is that of the code, if it has the shape of a recovery code. */
export function useCode(record: FactorRecord, typed: string, image: string | null, now: number): Use {
  const seconds = codesBarred(record, now)
  if (seconds > 0) return { kind: 'barred', seconds }
  const { totp, recovery } = record
  const step = totp === null ? null : matchTotp(totp.secret, typed, now, totp.lastStep)
  if (totp !== null && step !== null)
    return { kind: 'shown', how: 'totp', record: { ...record, totp: { ...totp, lastStep: step } } }
  if (image !== null && recovery.includes(image)) {
    const left = recovery.filter((one) => one !== image)
    return { kind: 'shown', how: 'recovery', record: { ...record, recovery: left } }
  }
  const misses = [...record.misses.filter((at) => at > now - day), now]
  return { kind: 'wrong', record: { ...record, misses } }
}

/** An assertion that was verified; what is left is whether the passkey is still there, and its counter. */
export function usePasskey(record: FactorRecord, id: string, { counter }: Assertion): Use {
  const passkey = record.passkeys.find((one) => one.id === id)
  if (passkey === undefined) return { kind: 'wrong', record }
  if (isCounterBack(passkey.counter, counter)) return { kind: 'copied' }
  const passkeys = record.passkeys.map((one) => (one.id === id ? { ...one, counter } : one))
  return { kind: 'shown', how: 'passkey', record: { ...record, passkeys } }
}

/** One more sign-in that waits; those that are over go, and the oldest of too many. */
export function withPending(record: FactorRecord, pending: Pending, now: number): FactorRecord {
  const others = record.pending.filter(({ until }) => until > now).slice(1 - mostPending)
  return { ...record, pending: [...others, pending] }
}

export function pendingOf(record: FactorRecord, mark: string, now: number): Pending | null {
  return record.pending.find((one) => one.mark === mark && one.until > now) ?? null
}

export function withoutPending(record: FactorRecord, mark: string): FactorRecord {
  return { ...record, pending: record.pending.filter((one) => one.mark !== mark) }
}
