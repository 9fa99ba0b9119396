/** The account's second factors: what there is, adding, removing, and new recovery codes. */
import { type FactorRecord, hasFactor } from '../../auth/factor-record.ts'
import { newRecoveryCodes } from '../../auth/recovery-codes.ts'
import { digest } from '../../core/crypto.ts'
import { StoreError } from '../../core/errors.ts'
import { type FactorNotice, factorFields } from '../../pages/factor.ts'
import { type FactorsPageOptions, factorsPage, type ShownFactor } from '../../pages/factors.ts'
import { readForm } from '../../pages/form.ts'
import { ownPath } from '../../pages/own-path.ts'
import { recoveryPage } from '../../pages/recovery-codes.ts'
import { signInFields } from '../../pages/sign-in-form.ts'
import { ownAudit } from '../own-password.ts'
import type { GatewayParts } from '../parts.ts'
import { sendProblem } from '../problems.ts'
import { readBody, sendOn, sendPage, type Visit } from '../visit.ts'
import { confirmEnrolment, type Enrolling, startEnrolment } from './factor-enrolment.ts'
import { endOthers } from './other-sessions.ts'
import { formRefusal, isFormToken, isShownToPerson, shownForm } from './own-form.ts'
import { factorProofOf, hasPassword, isFresh, type SignedIn, stepUpPath } from './own-proof.ts'
import { scriptPath } from './passkey-script.ts'
import { noteShown } from './shown-again.ts'

const longestForm = 32_768

export async function accountFactorsRoute(parts: GatewayParts, visit: Visit): Promise<void> {
  const { request, response } = visit
  if (!isShownToPerson(request)) return sendProblem(parts, visit, 'forbidden')
  const { session } = visit.presented
  const here = ownPath(parts.site.base, 'account/factors')
  if (session === null || session.identity === null)
    return sendOn(response, `${ownPath(parts.site.base, 'sign-in')}?return_to=${encodeURIComponent(here)}`)
  const mine: SignedIn = { ...session, identity: session.identity }
  if (request.method !== 'POST') return show(parts, visit, mine)
  const refusal = formRefusal(parts, request)
  if (refusal !== null) return sendProblem(parts, visit, refusal)
  const body = await readBody(request, longestForm)
  const form = body === null ? null : readForm(body)
  if (form === null) return sendProblem(parts, visit, body === null ? 'too-large' : 'bad-request')
  if (!isFormToken(parts, request, form.get(signInFields.token), 'factors'))
    return show(parts, visit, mine, { notice: { kind: 'form' } })
  try {
    await act(parts, visit, mine, form)
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    await show(parts, visit, mine, { notice: { kind: 'unavailable' } })
  }
}

async function act(
  parts: GatewayParts,
  visit: Visit,
  mine: SignedIn,
  form: ReadonlyMap<string, string>,
): Promise<void> {
  const action = form.get(factorFields.action) ?? ''
  // Begun with a proof, by this very session: what is asked for now is that the factor works.
  if (action === 'totp-confirm' || action === 'passkey-confirm') return confirm(parts, visit, mine, form)
  const doubt = await factorProofOf(parts, visit, mine, form.get(factorFields.password) ?? '')
  if (doubt !== null) return show(parts, visit, mine, { notice: doubt })
  if (action === 'totp-start' || action === 'passkey-start')
    return startEnrolment(parts, visit, enrollingOf(mine), action === 'totp-start' ? 'totp' : 'passkey')
  if (action === 'recovery') return makeCodes(parts, visit, mine)
  if (action.startsWith('remove:')) return remove(parts, visit, mine, action.slice('remove:'.length))
  sendProblem(parts, visit, 'bad-request')
}

function enrollingOf({ identity, sid }: SignedIn): Enrolling {
  return { identity, owner: sid, pending: null, page: 'account/factors', returnTo: '' }
}

async function confirm(
  parts: GatewayParts,
  visit: Visit,
  mine: SignedIn,
  form: ReadonlyMap<string, string>,
): Promise<void> {
  const enrolled = await confirmEnrolment(parts, visit, enrollingOf(mine), form)
  if (enrolled === null) return
  await endOthers(parts, mine.identity, mine.sid)
  const cookie = await noteShown(parts, visit, { factorAt: enrolled.at })
  const cookies = cookie === null ? [] : [cookie]
  const now: SignedIn = { ...mine, factorAt: enrolled.at }
  if (enrolled.codes === null) return show(parts, visit, now, { done: 'added' }, cookies)
  showCodes(parts, visit, enrolled.codes, cookies)
}

async function makeCodes(parts: GatewayParts, visit: Visit, mine: SignedIn): Promise<void> {
  const { identity } = mine
  const codes = newRecoveryCodes()
  const recovery = codes.flatMap((one) => parts.factors.image(identity, one) ?? [])
  const after = await parts.audit.record(ownAudit(visit.address, mine.identity, 'codes-renew'), () =>
    parts.factors.change(identity, (record) => (hasFactor(record) ? { ...record, recovery } : undefined)),
  )
  if (!hasFactor(after)) return show(parts, visit, mine)
  parts.onEvent({ event: 'recovery_codes_made', userId: identity.userId, address: visit.address })
  await endOthers(parts, mine.identity, mine.sid)
  showCodes(parts, visit, codes, [])
}

async function remove(parts: GatewayParts, visit: Visit, mine: SignedIn, mark: string): Promise<void> {
  const { identity } = mine
  const kind = kindOf(await parts.factors.of(identity), mark)
  if (kind === null) return show(parts, visit, mine)
  await parts.audit.record(ownAudit(visit.address, mine.identity, 'factor-remove'), () =>
    parts.factors.change(identity, (record) => withoutFactor(record, mark)),
  )
  parts.onEvent({ event: 'factor_removed', userId: identity.userId, kind, address: visit.address })
  await endOthers(parts, mine.identity, mine.sid)
  await show(parts, visit, mine, { done: 'removed' })
}

function kindOf({ totp, passkeys }: FactorRecord, mark: string): 'totp' | 'passkey' | null {
  if (totp !== null && mark === 'totp') return 'totp'
  return passkeys.some(({ id }) => markOf(id) === mark) ? 'passkey' : null
}

/** Recovery codes are for a factor that was lost: with the last one they go, too. */
function withoutFactor(record: FactorRecord, mark: string): FactorRecord {
  const left = {
    totp: mark === 'totp' ? null : record.totp,
    passkeys: record.passkeys.filter(({ id }) => markOf(id) !== mark),
  }
  return { ...record, ...left, ...(!hasFactor(left) && { recovery: [] }) }
}

function markOf(id: string): string {
  return digest(`passkey|${id}`).slice(0, 16)
}

function showCodes(
  parts: GatewayParts,
  visit: Visit,
  codes: readonly string[],
  cookies: readonly string[],
): void {
  const { site, app } = parts
  const page = recoveryPage({
    ...{ app, base: site.base, secure: site.secure, codes, next: ownPath(site.base, 'account/factors') },
    script: scriptPath(parts),
    acceptLanguage: visit.request.headers['accept-language'],
  })
  sendPage(visit.response, page, cookies)
}

async function show(
  parts: GatewayParts,
  visit: Visit,
  mine: SignedIn,
  { notice, done }: { notice?: FactorNotice; done?: 'removed' | 'added' } = {},
  cookies: readonly string[] = [],
): Promise<void> {
  const { site, app, factors } = parts
  const record = await factors.of(mine.identity)
  const form = shownForm(parts, visit.request, 'factors')
  const page = factorsPage({
    ...{ app, base: site.base, secure: site.secure, token: form.token, notice, done },
    ...{ factors: shownFactors(record), codesLeft: record.recovery.length, passkeys: factors.site !== null },
    ...{ proof: proofFor(parts, mine, record), script: scriptPath(parts) },
    acceptLanguage: visit.request.headers['accept-language'],
  })
  sendPage(visit.response, page, [form.cookie, ...cookies])
}

function shownFactors({ totp, passkeys }: FactorRecord): readonly ShownFactor[] {
  const apps: ShownFactor[] =
    totp === null ? [] : [{ kind: 'totp', mark: 'totp', since: totp.since, device: '' }]
  return [
    ...apps,
    ...passkeys.map(
      ({ id, since, device }) => ({ kind: 'passkey', mark: markOf(id), since, device }) as const,
    ),
  ]
}

function proofFor(parts: GatewayParts, mine: SignedIn, record: FactorRecord): FactorsPageOptions['proof'] {
  const first = { kind: 'first', href: stepUpPath(parts, 'account/factors') } as const
  if (hasFactor(record)) return isFresh(parts, mine.factorAt) ? { kind: 'shown' } : first
  if (hasPassword(parts, mine.identity)) return { kind: 'password' }
  return isFresh(parts, mine.authenticatedAt) ? { kind: 'shown' } : first
}
