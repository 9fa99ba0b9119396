/** The second step of a sign-in: a code, a recovery code or a passkey; or, where one must be had, adding the first. */
import { type FactorRecord, hasFactor } from '../../auth/factor-record.ts'
import { requestOptions } from '../../auth/passkeys.ts'
import type { Issued } from '../../core/manager.ts'
import { type FactorNotice, type FactorPageOptions, factorFields, factorPage } from '../../pages/factor.ts'
import { readForm } from '../../pages/form.ts'
import { ownPath } from '../../pages/own-path.ts'
import { passkeyField } from '../../pages/passkey-form.ts'
import { recoveryPage } from '../../pages/recovery-codes.ts'
import { signInFields } from '../../pages/sign-in-form.ts'
import { type FactorSignIn, readPending } from '../factor-sign-in.ts'
import type { FactorAnswer } from '../factors.ts'
import type { GatewayParts } from '../parts.ts'
import type { PendingSignIn } from '../pending-sign-in.ts'
import { sendProblem } from '../problems.ts'
import { readBody, sendOn, sendPage, type Visit } from '../visit.ts'
import { confirmEnrolment, type Enrolling, showEnrolment, startEnrolment } from './factor-enrolment.ts'
import { endOthers } from './other-sessions.ts'
import { formRefusal, isFormToken, isShownToPerson, shownForm } from './own-form.ts'
import { signInName } from './own-proof.ts'
import { scriptPath } from './passkey-script.ts'
import { beginSession } from './session-start.ts'
import { showSignIn, signedInCookies } from './sign-in-shown.ts'
import { showFull } from './take-over.ts'

const longestForm = 32_768

/** A sign-in that waits, with what it needs. */
interface Step {
  readonly pending: FactorSignIn
  readonly waiting: PendingSignIn
  readonly record: FactorRecord
}

export async function factorRoute(parts: GatewayParts, visit: Visit): Promise<void> {
  const { request, response } = visit
  if (!isShownToPerson(request)) return sendProblem(parts, visit, 'forbidden')
  const step = await stepOf(parts, visit)
  // It is over, or was never begun here.
  if (step === null)
    return sendOn(response, ownPath(parts.site.base, 'sign-in'), {
      'set-cookie': [parts.factorSignIns.remove()],
    })
  if (request.method !== 'POST') return show(parts, visit, step)
  const refusal = formRefusal(parts, request)
  if (refusal !== null) return sendProblem(parts, visit, refusal)
  const body = await readBody(request, longestForm)
  const form = body === null ? null : readForm(body)
  if (form === null) return sendProblem(parts, visit, body === null ? 'too-large' : 'bad-request')
  if (!isFormToken(parts, request, form.get(signInFields.token), 'factor'))
    return show(parts, visit, step, { kind: 'form' })
  if (hasFactor(step.record)) return prove(parts, visit, step, answerOf(form))
  await enrol(parts, visit, step, form)
}

async function stepOf(parts: GatewayParts, { request }: Visit): Promise<Step | null> {
  const pending = parts.factorSignIns.find(request.headers.cookie)
  const waiting = pending === null ? null : await parts.factorSignIns.read(pending)
  if (pending === null || waiting === null) return null
  return { pending, waiting, record: await parts.factors.of(pending.who) }
}

/** What a form of a factor page shows. */
export function answerOf(form: ReadonlyMap<string, string>): FactorAnswer {
  return form.get(factorFields.action) === 'passkey'
    ? { kind: 'passkey', text: form.get(passkeyField) ?? '' }
    : { kind: 'code', text: form.get(factorFields.code) ?? '' }
}

async function show(parts: GatewayParts, visit: Visit, step: Step, notice?: FactorNotice): Promise<void> {
  if (!hasFactor(step.record)) return showEnrolment(parts, visit, enrollingOf(step), notice)
  const form = shownForm(parts, visit.request, 'factor')
  const { identity, returnTo } = step.waiting
  const page = factorPage({
    ...factorAsks(parts, visit, step.record, form.binding),
    ...{ page: 'factor', token: form.token, returnTo, user: signInName(identity), notice },
    ...{ password: false, provider: null },
  })
  sendPage(visit.response, page, [form.cookie])
}

/** What a page that asks for a factor of this account needs of it. */
export function factorAsks(
  parts: GatewayParts,
  { request }: Visit,
  { totp, passkeys, recovery }: FactorRecord,
  binding: string,
): Pick<
  FactorPageOptions,
  'app' | 'base' | 'secure' | 'acceptLanguage' | 'totp' | 'recovery' | 'passkey' | 'script'
> {
  const { site, app, factors } = parts
  const challenge = factors.challenges.issue('factor', binding)
  const passkey =
    factors.site === null || passkeys.length === 0 ? null : requestOptions(factors.site, passkeys, challenge)
  return {
    ...{ app, base: site.base, secure: site.secure, passkey, script: scriptPath(parts) },
    ...{ totp: totp !== null, recovery: recovery.length > 0 },
    acceptLanguage: request.headers['accept-language'],
  }
}

async function prove(parts: GatewayParts, visit: Visit, step: Step, answer: FactorAnswer): Promise<void> {
  const { who, mark, binding } = step.pending
  const shown = await parts.factors.show(who, answer, { binding, address: visit.address, pending: mark })
  if (shown.kind === 'gone') return over(parts, visit, step)
  if (shown.kind === 'shown' && shown.start !== null) {
    const waiting = { ...readPending(shown.start), factorAt: shown.at }
    const issued = await begin(parts, visit, step, waiting)
    if (issued === null) return
    return sendOn(visit.response, waiting.returnTo, {
      'set-cookie': [...signedInCookies(parts, issued), parts.factorSignIns.remove()],
    })
  }
  await show(parts, visit, step, shown.kind === 'throttled' ? shown : { kind: 'wrong' })
}

/** Begins the session; `null` where something else was answered. */
async function begin(
  parts: GatewayParts,
  visit: Visit,
  step: Step,
  waiting: PendingSignIn,
): Promise<Issued | null> {
  const issued = await beginSession(parts, visit, waiting, waiting.returnTo)
  if (issued === 'full') await showFull(parts, visit, waiting, [parts.factorSignIns.remove()])
  else if (issued === null || issued === 'disabled' || 'location' in issued) over(parts, visit, step)
  else return issued
  return null
}

/** It was ended by another request, or they were put out since the password was checked. */
function over(parts: GatewayParts, visit: Visit, { waiting }: Step): void {
  const { returnTo } = waiting
  showSignIn(parts, visit, { returnTo, error: { kind: 'form' } }, [parts.factorSignIns.remove()])
}

function enrollingOf({ pending, waiting }: Step): Enrolling {
  const { identity, returnTo } = waiting
  const { mark } = pending
  return { identity, owner: mark, pending: mark, page: 'factor', returnTo }
}

async function enrol(
  parts: GatewayParts,
  visit: Visit,
  step: Step,
  form: ReadonlyMap<string, string>,
): Promise<void> {
  const enrolling = enrollingOf(step)
  const action = form.get(factorFields.action)
  if (action === 'totp-start' || action === 'passkey-start')
    return startEnrolment(parts, visit, enrolling, action === 'totp-start' ? 'totp' : 'passkey')
  const enrolled = await confirmEnrolment(parts, visit, enrolling, form)
  if (enrolled === null) return
  // Before this one begins: whoever else signed in did so without it.
  await endOthers(parts, step.waiting.identity, null)
  const waiting = { ...step.waiting, factorAt: enrolled.at }
  const issued = await begin(parts, visit, step, waiting)
  if (issued === null) return
  const { site, app } = parts
  const page = recoveryPage({
    ...{ app, base: site.base, secure: site.secure, codes: enrolled.codes ?? [], next: waiting.returnTo },
    script: scriptPath(parts),
    acceptLanguage: visit.request.headers['accept-language'],
  })
  sendPage(visit.response, page, [...signedInCookies(parts, issued), parts.factorSignIns.remove()])
}
