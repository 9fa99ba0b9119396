/** The page of one account on the admin listener, and what its form does. */
import type { UsersOutcome } from '../../auth/users-outcome.ts'
import { StoreError } from '../../core/errors.ts'
import { type AdminNotice, adminFields } from '../../pages/admin-frame.ts'
import { adminUserPage } from '../../pages/admin-user.ts'
import { readForm } from '../../pages/form.ts'
import { signInFields } from '../../pages/sign-in-form.ts'
import type { Actor } from '../accounts.ts'
import { sendProblem } from '../problems.ts'
import { formRefusal, isFormToken, shownForm } from '../routes/own-form.ts'
import type { SignedIn } from '../routes/own-proof.ts'
import type { Account } from '../standing.ts'
import { parameter } from '../target.ts'
import { readBody, sendPage, type Visit } from '../visit.ts'
import type { AdminParts } from './admin-parts.ts'
import { adminProof, adminProofOf } from './admin-proof.ts'
import { contextOf, markOf, shownAccount, shownSession } from './admin-view.ts'

const longestForm = 16_384
const longestName = 512

/** A GET shows, and changes nothing; a POST needs a proof of the admin's, see `adminProofOf`. */
export async function adminUserRoute(admin: AdminParts, visit: Visit, mine: SignedIn): Promise<void> {
  const { parts } = admin
  const account = accountIn(visit)
  if (account === null || !(await isThere(admin, account))) return sendProblem(parts, visit, 'not-found')
  if (visit.request.method !== 'POST') return show(admin, visit, mine, account)
  const refusal = formRefusal(parts, visit.request)
  if (refusal !== null) return sendProblem(parts, visit, refusal)
  const body = await readBody(visit.request, longestForm)
  const form = body === null ? null : readForm(body)
  if (form === null) return sendProblem(parts, visit, body === null ? 'too-large' : 'bad-request')
  if (!isFormToken(parts, visit.request, form.get(signInFields.token), 'admin'))
    return show(admin, visit, mine, account, { kind: 'form' })
  const doubt = await adminProofOf(parts, visit, mine, form.get(adminFields.password) ?? '')
  if (doubt !== null) return show(admin, visit, mine, account, doubt)
  try {
    const notice = await act(admin, visit, mine, account, form)
    if (notice === null) return sendProblem(parts, visit, 'bad-request')
    await show(admin, visit, mine, account, notice)
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    await show(admin, visit, mine, account, { kind: 'unavailable' })
  }
}

/** What came of it; `null` for what nobody was offered. */
async function act(
  admin: AdminParts,
  visit: Visit,
  mine: SignedIn,
  account: Account,
  form: ReadonlyMap<string, string>,
): Promise<AdminNotice | null> {
  const { accounts } = admin
  const { authenticator, userId } = mine.identity
  const by: Actor = { account: { authenticator, userId }, from: visit.address }
  const action = form.get(adminFields.action) ?? ''
  const roles = rolesIn(form.get(adminFields.roles) ?? '')
  if (isOneself(mine, account) && locksOut(admin, action, roles)) return { kind: 'self' }
  if (action.startsWith('end:')) {
    const all = await accounts.sessionsOf(account)
    const chosen = all.find(({ session }) => action === `end:${markOf(session.sid)}`)
    const ended = chosen !== undefined && (await accounts.endSession(by, account, chosen.session.sid))
    return { kind: ended ? 'done' : 'gone' }
  }
  switch (action) {
    case 'end-all':
      await accounts.endSessions(by, account)
      return { kind: 'done' }
    case 'disable':
    case 'enable':
      return noticeOf(await accounts.setDisabled(by, account, action === 'disable'))
    case 'factor-require':
    case 'factor-waive':
      return noticeOf(await accounts.requireFactor(by, account, action === 'factor-require'))
    case 'factors-reset':
      return noticeOf(await accounts.resetFactors(by, account))
    case 'roles':
      return noticeOf(await accounts.setRoles(by, account, roles))
    case 'remove':
      return noticeOf(await accounts.remove(by, account))
    default:
      return null
  }
}

/** An admin who locks themselves out may be the last; another can do it, and the command line can. */
function locksOut({ roles: needed }: AdminParts, action: string, roles: readonly string[]): boolean {
  if (action === 'disable' || action === 'remove') return true
  return action === 'roles' && !needed.some((role) => roles.includes(role))
}

function isOneself({ identity }: SignedIn, { authenticator, userId }: Account): boolean {
  return identity.authenticator === authenticator && identity.userId === userId
}

function noticeOf(outcome: UsersOutcome): AdminNotice {
  if (outcome.done) return { kind: 'done' }
  return outcome.reason === 'unknown-user' ? { kind: 'gone' } : { kind: 'refused', why: outcome.message }
}

async function show(
  admin: AdminParts,
  visit: Visit,
  mine: SignedIn,
  account: Account,
  notice?: AdminNotice,
): Promise<void> {
  const { parts, accounts } = admin
  const [view, sessions] = await Promise.all([accounts.view(account), accounts.sessionsOf(account)])
  const form = shownForm(parts, visit.request, 'admin')
  const { authenticator, userId, ...facts } = view
  const page = adminUserPage({
    ...contextOf(admin, visit, mine),
    token: form.token,
    proof: await adminProof(parts, visit, mine),
    account: { ...shownAccount(admin, { authenticator, userId }), ...facts },
    sessions: sessions.map((one) => ({
      ...{ mark: markOf(one.session.sid), admin: one.admin },
      ...shownSession(one.session),
    })),
    notice,
  })
  sendPage(visit.response, page, [form.cookie])
}

/**
 * Of a configured way in anybody can be an account, seen or not: they can be disabled before they come. Of another only who
 * is signed in still.
 */
async function isThere({ ways, accounts }: AdminParts, account: Account): Promise<boolean> {
  if (ways.some(({ way }) => way === account.authenticator)) return true
  return (await accounts.sessionsOf(account)).length > 0
}

function accountIn({ target }: Visit): Account | null {
  const authenticator = parameter(target.query, adminFields.way) ?? ''
  const userId = parameter(target.query, adminFields.name) ?? ''
  const isName = userId !== '' && userId.length <= longestName
  return isName && authenticator.length <= longestName ? { authenticator, userId } : null
}

function rolesIn(text: string): readonly string[] {
  const roles = text.split(',').map((role) => role.trim())
  return [...new Set(roles.filter((role) => role !== ''))]
}
