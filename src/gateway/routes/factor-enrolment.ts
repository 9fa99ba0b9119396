/** Adding a second factor: begun by who may, and shown to work before it counts. */
import { type FactorRecord, hasFactor, pendingOf, withoutPending } from '../../auth/factor-record.ts'
import { creationOptions, madePasskey, type Passkey, readPasskeyAnswer } from '../../auth/passkeys.ts'
import { newRecoveryCodes } from '../../auth/recovery-codes.ts'
import { matchTotp, newTotpSecret, totpUri } from '../../auth/totp.ts'
import type { Identity } from '../../core/contracts.ts'
import { readFormCookie } from '../../core/form-cookie.ts'
import { type EnrolPageOptions, enrolPage } from '../../pages/enrol-factor.ts'
import { type FactorNotice, factorFields } from '../../pages/factor.ts'
import { passkeyField } from '../../pages/passkey-form.ts'
import { ownAudit } from '../own-password.ts'
import type { GatewayParts } from '../parts.ts'
import { sendProblem } from '../problems.ts'
import { sendPage, type Visit } from '../visit.ts'
import { shownForm } from './own-form.ts'
import { signInName } from './own-proof.ts'
import { scriptPath } from './passkey-script.ts'

/** Who adds one, and from where. */
export interface Enrolling {
  readonly identity: Identity
  /** The session, or the mark of the sign-in under way: nobody else ends what they began. */
  readonly owner: string
  /** The sign-in that waits for it: it may add a first factor, never a second, and is over with it. */
  readonly pending: string | null
  readonly page: 'factor' | 'account/factors'
  readonly returnTo: string
}

export interface Enrolled {
  readonly at: number
  /** The account's first factor comes with recovery codes, which are known only now. */
  readonly codes: readonly string[] | null
}

const lifetime = 10 * 60_000

/** Shows what an authenticator app or a device needs. Nothing counts yet. */
export async function startEnrolment(
  parts: GatewayParts,
  visit: Visit,
  enrolling: Enrolling,
  kind: 'totp' | 'passkey',
): Promise<void> {
  if (kind === 'passkey' && parts.factors.site === null) return sendProblem(parts, visit, 'bad-request')
  const secret = kind === 'totp' ? newTotpSecret() : null
  const enrolment = { secret, owner: enrolling.owner, until: parts.now() + lifetime }
  await parts.factors.change(enrolling.identity, (record) => ({ ...record, enrolment }))
  await showEnrolment(parts, visit, enrolling)
}

/** Shows the enrolment under way, or what there is to choose from. */
export async function showEnrolment(
  parts: GatewayParts,
  visit: Visit,
  enrolling: Enrolling,
  notice?: FactorNotice,
): Promise<void> {
  const record = await parts.factors.of(enrolling.identity)
  const form = shownForm(parts, visit.request, formPurpose(enrolling))
  const step = await stepOf(parts, enrolling, record, form.binding)
  // SECURITY: begun with a proof, shown to whoever gave it. A code that is wrong is no proof, and may come from a thief of the
  // session's cookie; in a sign-in under way there is no session yet, and its secret is the proof.
  const isHidden = step.kind === 'totp' && notice !== undefined && enrolling.pending === null
  const { site, app } = parts
  const page = enrolPage({
    ...{
      app,
      base: site.base,
      secure: site.secure,
      step: isHidden ? { kind: 'totp', shown: null } : step,
      notice,
      token: form.token,
    },
    ...{ page: enrolling.page, returnTo: enrolling.returnTo, script: scriptPath(parts) },
    acceptLanguage: visit.request.headers['accept-language'],
  })
  sendPage(visit.response, page, [form.cookie])
}

async function stepOf(
  parts: GatewayParts,
  { identity, owner }: Enrolling,
  record: FactorRecord,
  binding: string,
): Promise<EnrolPageOptions['step']> {
  const { factors } = parts
  const { enrolment } = record
  if (enrolment === null || !isUnderWay(record, owner, parts.now()))
    return { kind: 'choose', passkeys: factors.site !== null }
  const name = signInName(identity)
  if (enrolment.secret !== null) {
    const { secret } = enrolment
    return { kind: 'totp', shown: { secret, uri: totpUri(secret, { issuer: parts.app, account: name }) } }
  }
  if (factors.site === null) return { kind: 'choose', passkeys: false }
  const who = { handle: await factors.handle(identity), name, label: name }
  const challenge = factors.challenges.issue('enrol', binding)
  return { kind: 'passkey', ask: await creationOptions(factors.site, who, record.passkeys, challenge) }
}

function formPurpose({ page }: Enrolling): 'factor' | 'factors' {
  return page === 'factor' ? 'factor' : 'factors'
}

function isUnderWay({ enrolment }: FactorRecord, owner: string, now: number): boolean {
  return enrolment !== null && enrolment.owner === owner && enrolment.until > now
}

/** Takes the factor if it was shown to work; else shows why not, and resolves to `null`. */
export async function confirmEnrolment(
  parts: GatewayParts,
  visit: Visit,
  enrolling: Enrolling,
  form: ReadonlyMap<string, string>,
): Promise<Enrolled | null> {
  const kind = form.get(factorFields.action) === 'passkey-confirm' ? 'passkey' : 'totp'
  const passkey = kind === 'passkey' ? await made(parts, visit, form.get(passkeyField) ?? '') : null
  const code = form.get(factorFields.code) ?? ''
  const { identity, owner, pending } = enrolling
  const codes = newRecoveryCodes()
  const images = codes.flatMap((one) => parts.factors.image(identity, one) ?? [])
  const device = (visit.request.headers['user-agent'] ?? '').slice(0, 256)
  const at = parts.now()
  let isFirst = false
  let isTaken = false
  const take = (record: FactorRecord): FactorRecord | undefined => {
    isTaken = false
    isFirst = !hasFactor(record)
    if (!isUnderWay(record, owner, at)) return undefined
    if (pending !== null && (!isFirst || pendingOf(record, pending, at) === null)) return undefined
    const added = kind === 'totp' ? withTotp(record, code, at) : withPasskey(record, passkey, device, at)
    if (added === null) return undefined
    isTaken = true
    const after = { ...added, enrolment: null, ...(isFirst && { recovery: images, misses: [] }) }
    return pending === null ? after : withoutPending(after, pending)
  }
  await parts.audit.record(
    ownAudit(visit.address, identity, 'factor-add'),
    () => parts.factors.change(identity, take),
    () => (isTaken ? 'done' : 'refused'),
  )
  if (!isTaken) {
    await showEnrolment(parts, visit, enrolling, { kind: 'wrong' })
    return null
  }
  parts.onEvent({ event: 'factor_enrolled', userId: identity.userId, kind, address: visit.address })
  return { at, codes: isFirst ? codes : null }
}

function withTotp(record: FactorRecord, code: string, at: number): FactorRecord | null {
  const secret = record.enrolment?.secret ?? null
  const step = secret === null || record.totp !== null ? null : matchTotp(secret, code, at, 0)
  return secret === null || step === null ? null : { ...record, totp: { secret, lastStep: step, since: at } }
}

function withPasskey(
  record: FactorRecord,
  passkey: Passkey | null,
  device: string,
  at: number,
): FactorRecord | null {
  if (passkey === null || record.enrolment?.secret !== null) return null
  if (record.passkeys.some(({ id }) => id === passkey.id)) return null
  return { ...record, passkeys: [...record.passkeys, { ...passkey, since: at, device }] }
}

async function made(parts: GatewayParts, { request }: Visit, text: string): Promise<Passkey | null> {
  const { site, challenges } = parts.factors
  const answer = readPasskeyAnswer(text)
  const binding = readFormCookie(request.headers.cookie, parts.formCookieName)
  if (site === null || answer === null || binding === null) return null
  return (await challenges.accept(answer.challenge, 'enrol', binding)) ? madePasskey(site, answer) : null
}
