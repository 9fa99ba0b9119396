/** The account page: where somebody is signed in, and ending it; changing the password. */
import { StoreError } from '../../core/errors.ts'
import { type AccountNotice, type AccountProof, accountFields, accountPage } from '../../pages/account.ts'
import { readForm } from '../../pages/form.ts'
import { ownPath } from '../../pages/own-path.ts'
import { signInFields } from '../../pages/sign-in-form.ts'
import { changeOwnPassword, ownAudit, passwordSetter } from '../own-password.ts'
import type { GatewayParts } from '../parts.ts'
import { sendProblem } from '../problems.ts'
import { readBody, sendOn, sendPage, type Visit } from '../visit.ts'
import { devicesOf, markOf } from './own-devices.ts'
import { formRefusal, isFormToken, shownForm } from './own-form.ts'
import {
  factorProofOf,
  hasPassword,
  isFresh,
  proofOf,
  type SignedIn,
  signInName,
  stepUpPath,
} from './own-proof.ts'

const longestForm = 16_384

/** A GET shows, and changes nothing; a POST needs the password, or to have been at the provider just now. */
export async function accountRoute(parts: GatewayParts, visit: Visit): Promise<void> {
  const { session } = visit.presented
  if (session === null || session.identity === null) {
    const back = encodeURIComponent(ownPath(parts.site.base, 'account'))
    return sendOn(visit.response, `${ownPath(parts.site.base, 'sign-in')}?return_to=${back}`)
  }
  const mine: SignedIn = { ...session, identity: session.identity }
  if (visit.request.method !== 'POST') return show(parts, visit, mine)
  const refusal = formRefusal(parts, visit.request)
  if (refusal !== null) return sendProblem(parts, visit, refusal)
  const body = await readBody(visit.request, longestForm)
  const form = body === null ? null : readForm(body)
  if (form === null) return sendProblem(parts, visit, body === null ? 'too-large' : 'bad-request')
  // SECURITY: the page shares its origin with the app's scripts, so that the browser's word is not enough here.
  if (!isFormToken(parts, visit.request, form.get(signInFields.token), 'account'))
    return show(parts, visit, mine, { kind: 'form' })
  await act(parts, visit, mine, form)
}

async function act(
  parts: GatewayParts,
  visit: Visit,
  mine: SignedIn,
  form: ReadonlyMap<string, string>,
): Promise<void> {
  const doubt = await proofOf(parts, visit, mine, form.get(accountFields.password) ?? '')
  if (doubt !== null) return show(parts, visit, mine, doubt)
  const action = form.get(accountFields.action) ?? ''
  try {
    if (action === 'password' && (await factorProofOf(parts, visit, mine, null)) !== null)
      return sendOn(visit.response, stepUpPath(parts, 'account'))
    if (action === 'password')
      return await changePassword(parts, visit, mine, form.get(accountFields.newPassword) ?? '')
    const others = (await parts.sessions.listUser(mine.identity)).filter(({ sid }) => sid !== mine.sid)
    const chosen =
      action === 'end-others' ? others : others.filter(({ sid }) => action === `end:${markOf(sid)}`)
    await parts.audit.record(
      ownAudit(visit.address, mine.identity, action === 'end-others' ? 'sessions-end' : 'session-end'),
      async () => {
        for (const { sid } of chosen) {
          await parts.sessions.end(sid)
          parts.onEvent({ event: 'session_revoked', scope: 'session', subject: mine.identity.userId })
        }
      },
    )
    await show(parts, visit, mine, { kind: 'done', what: action === 'end-others' ? 'others-ended' : 'ended' })
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    await show(parts, visit, mine, { kind: 'unavailable' })
  }
}

async function changePassword(
  parts: GatewayParts,
  visit: Visit,
  mine: SignedIn,
  password: string,
): Promise<void> {
  const outcome = await changeOwnPassword(parts, mine.identity, password, visit.address)
  if (outcome === null) return sendProblem(parts, visit, 'bad-request')
  if (outcome !== 'unconfirmed' && !outcome.done) {
    // Where the file is, and what ails it, is for whoever keeps it: the log says that.
    const isFile = outcome.reason === 'unwritable'
    return show(parts, visit, mine, isFile ? { kind: 'unwritable' } : { kind: 'weak', why: outcome.message })
  }
  parts.selfService.passwordChanged(mine.identity.userId, visit.request.headers['accept-language'])
  if (outcome === 'unconfirmed') return show(parts, visit, mine, { kind: 'unconfirmed' })
  sendOn(visit.response, `${ownPath(parts.site.base, 'sign-in')}?reason=revoked`, {
    'set-cookie': [parts.cookie.clear()],
  })
}

async function show(
  parts: GatewayParts,
  visit: Visit,
  mine: SignedIn,
  notice?: AccountNotice,
): Promise<void> {
  const { site } = parts
  const { headers } = visit.request
  const form = shownForm(parts, visit.request, 'account')
  const sessions = await parts.sessions.listUser(mine.identity).catch((error: unknown) => {
    // What was done must be told, whether the store can say more or not.
    if (notice?.kind !== 'unconfirmed' || !(error instanceof StoreError)) throw error
    return []
  })
  const page = accountPage({
    app: parts.app,
    base: site.base,
    secure: site.secure,
    acceptLanguage: headers['accept-language'],
    token: form.token,
    user: signInName(mine.identity),
    devices: devicesOf(sessions, mine.sid),
    proof: proofFor(parts, mine),
    changesPassword: passwordSetter(parts, mine.identity) !== null,
    changesDetails: parts.selfService.details !== null && hasPassword(parts, mine.identity),
    now: parts.now(),
    notice,
  })
  sendPage(visit.response, page, [form.cookie])
}

function proofFor(parts: GatewayParts, { identity, authenticatedAt }: SignedIn): AccountProof {
  const { people, site } = parts
  const choice = people.providers.find(({ provider }) => provider.name === identity.authenticator)
  if (choice === undefined) return { kind: 'password' }
  const back = encodeURIComponent(ownPath(site.base, 'account'))
  const href = `${ownPath(site.base, `oidc/${choice.name}`)}?fresh=1&return_to=${back}`
  return { kind: 'provider', label: choice.label, href, fresh: isFresh(parts, authenticatedAt) }
}
