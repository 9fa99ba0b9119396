/** The second factors of every account: kept in the store, sealed for servers, so that all replicas know the same. */
import {
  type FactorRecord,
  hasFactor,
  noFactors,
  pendingOf,
  type Use,
  useCode,
  usePasskey,
  withoutPending,
} from '../auth/factor-record.ts'
import type { PasskeyChallenges } from '../auth/passkey-challenge.ts'
import { type RelyingParty, readPasskeyAnswer, shownPasskey } from '../auth/passkeys.ts'
import { recoveryImage } from '../auth/recovery-codes.ts'
import type { Json, JsonObject, StateScope } from '../core/contracts.ts'
import type { EventListener } from '../core/events.ts'
import type { SealedState } from '../core/sealed-state.ts'
import { type Account, accountKey } from './standing.ts'

/** What somebody shows: a code of either kind, or what their browser says a passkey signed. */
export type FactorAnswer =
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'passkey'; readonly text: string }

export interface Showing {
  /** What ties the answer to the browser that was asked. */
  readonly binding: string
  readonly address: string
  /** The sign-in that waits for it: ended by the same step that takes the code, so that neither counts twice. */
  readonly pending?: string
}

/** `gone`: that sign-in is over, or was ended by this very code in another request. */
export type Shown =
  | { readonly kind: 'shown'; readonly at: number; readonly start: string | null }
  | { readonly kind: 'wrong' | 'gone' }
  | { readonly kind: 'throttled'; readonly seconds: number }

export interface Factors {
  /** Whose site passkeys are made for; `null` where browsers have none. */
  readonly site: RelyingParty | null
  readonly challenges: PasskeyChallenges
  of(who: Account): Promise<FactorRecord>
  /** As `SealedState.change`: `next` may be asked again. */
  change(who: Account, next: (record: FactorRecord) => FactorRecord | undefined): Promise<FactorRecord>
  /** Whether the account shows a second factor at every sign-in: it has one, or must get one. */
  asks(who: Account): Promise<'factor' | 'enrolment' | null>
  show(who: Account, answer: FactorAnswer, showing: Showing): Promise<Shown>
  /** Who showed a passkey without saying first who they are; `null` for an answer that tells nothing. */
  recognise(text: string, showing: Omit<Showing, 'pending'>): Promise<{ who: Account; at: number } | null>
  /** What is kept of a recovery code. */
  image(who: Account, code: string): string | null
  /** The name by which passkeys know the account; made at the first. */
  handle(who: Account): Promise<string>
}

export interface FactorsOptions {
  readonly state: SealedState
  /** For the images of recovery codes alone. */
  readonly key: Uint8Array
  readonly challenges: PasskeyChallenges
  readonly site: RelyingParty | null
  readonly app: string
  /** Whether everybody, or this account, must have a second factor. */
  readonly isRequired: (who: Account) => Promise<boolean>
  readonly newHandle: () => string
  readonly onEvent: EventListener
  readonly now: () => number
}

function scopeOf(app: string): StateScope {
  return { sid: null, name: `factors:${app}` }
}

/** Forgets all factors of an account, its sign-ins that wait for one too: for who lost them, and for accounts that go. */
export function forgetFactors(state: SealedState, app: string): (who: Account) => Promise<void> {
  return async (who) => {
    await state.set(scopeOf(app), accountKey(who), null)
  }
}

export function accountFactors(options: FactorsOptions): Factors {
  const { state, key, challenges, site, app, isRequired, onEvent, now } = options
  const scope = scopeOf(app)
  const handles: StateScope = { sid: null, name: `passkey-handles:${app}` }

  // SECURITY: a change that changes nothing, in place of a plain read: what does not open must not read as "no factor".
  const of = (who: Account): Promise<FactorRecord> => change(who, () => undefined)

  async function change(
    who: Account,
    next: (record: FactorRecord) => FactorRecord | undefined,
  ): Promise<FactorRecord> {
    const changed = await state.change(
      scope,
      accountKey(who),
      (value) => next(recordOf(value)) as unknown as JsonObject | undefined,
    )
    // A scope without a session is never gone.
    return recordOf(changed === 'gone' ? null : changed.value)
  }

  /** Takes a use and, with it, the sign-in that waited for it. */
  async function take(who: Account, showing: Showing, use: (record: FactorRecord) => Use): Promise<Shown> {
    const at = now()
    let last: Taken = { shown: { kind: 'gone' }, use: null, next: undefined }
    const after = await change(who, (record) => {
      last = taken(record, showing.pending ?? null, use, at)
      return last.next
    })
    tell(who, showing.address, last.use, after)
    return last.shown
  }

  function tell({ userId }: Account, address: string, use: Use | null, after: FactorRecord): void {
    if (use === null) return
    if (use.kind === 'copied') onEvent({ event: 'passkey_counter_reused', userId, address })
    if (use.kind === 'barred') onEvent({ event: 'factor_throttled', userId, address })
    if (use.kind === 'wrong') onEvent({ event: 'factor_failed', userId, address })
    if (use.kind === 'shown' && use.how === 'recovery')
      onEvent({ event: 'recovery_code_used', userId, address, left: after.recovery.length })
  }

  /** What the passkey of this account that answers has shown; `null` if it is none, or the answer is no answer. */
  async function asserted(
    who: Account,
    text: string,
    purpose: 'sign-in' | 'factor',
    binding: string,
  ): Promise<((record: FactorRecord) => Use) | null> {
    const answer = readPasskeyAnswer(text)
    if (site === null || answer === null) return null
    const record = await of(who)
    const passkey = record.passkeys.find(({ id }) => id === answer.credentialId)
    if (passkey === undefined) return null
    if (answer.userHandle !== null && answer.userHandle !== record.handle) return null
    if (!(await challenges.accept(answer.challenge, purpose, binding))) return null
    const assertion = await shownPasskey(site, answer, passkey)
    // SECURITY: as the only factor it must be two: the device, and what its owner knows or is (ASVS 6.5.7).
    if (assertion === null || (purpose === 'sign-in' && !assertion.userVerified)) return null
    return (now) => usePasskey(now, passkey.id, assertion)
  }

  return {
    site,
    challenges,
    of,
    change,

    async asks(who) {
      const record = await of(who)
      if (hasFactor(record)) return 'factor'
      return (await isRequired(who)) ? 'enrolment' : null
    },

    async show(who, answer, showing) {
      if (answer.kind === 'passkey') {
        const use = await asserted(who, answer.text, 'factor', showing.binding)
        return take(who, showing, use ?? ((record) => ({ kind: 'wrong', record })))
      }
      const image = recoveryImage(key, accountKey(who), answer.text)
      return take(who, showing, (record) => useCode(record, answer.text, image, now()))
    },

    async recognise(text, showing) {
      const handle = readPasskeyAnswer(text)?.userHandle ?? null
      const who = handle === null ? null : accountOf(await state.get(handles, handle))
      if (who === null) return null
      const use = await asserted(who, text, 'sign-in', showing.binding)
      if (use === null) return null
      const shown = await take(who, showing, use)
      return shown.kind === 'shown' ? { who, at: shown.at } : null
    },

    image: (who, code) => recoveryImage(key, accountKey(who), code),

    async handle(who) {
      const fresh = options.newHandle()
      const { authenticator, userId } = who
      const known = (await of(who)).handle
      if (known !== null) return known
      // First where it leads, then the name: a name that leads nowhere would be a passkey that opens nothing.
      await state.set(handles, fresh, { authenticator, userId })
      const record = await change(who, (now) => (now.handle === null ? { ...now, handle: fresh } : undefined))
      return record.handle ?? fresh
    },
  }
}

interface Taken {
  readonly shown: Shown
  /** `null`: nothing was looked at. */
  readonly use: Use | null
  /** What is kept from now on; `undefined`: what was. */
  readonly next: FactorRecord | undefined
}

function taken(
  record: FactorRecord,
  pending: string | null,
  look: (record: FactorRecord) => Use,
  at: number,
): Taken {
  const waiting = pending === null ? null : pendingOf(record, pending, at)
  if (pending !== null && waiting === null) return { shown: { kind: 'gone' }, use: null, next: undefined }
  const use = look(record)
  if (use.kind === 'barred')
    return { shown: { kind: 'throttled', seconds: use.seconds }, use, next: undefined }
  if (use.kind === 'copied') return { shown: { kind: 'wrong' }, use, next: undefined }
  if (use.kind === 'wrong') return { shown: { kind: 'wrong' }, use, next: use.record }
  const next = pending === null ? use.record : withoutPending(use.record, pending)
  return { shown: { kind: 'shown', at, start: waiting?.start ?? null }, use, next }
}

function recordOf(value: Json): FactorRecord {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return noFactors
  return { ...noFactors, ...(value as unknown as FactorRecord) }
}

function accountOf(value: Json): Account | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  const { authenticator, userId } = value as JsonObject
  return typeof authenticator === 'string' && typeof userId === 'string' ? { authenticator, userId } : null
}
