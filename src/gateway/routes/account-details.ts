/** What people change of their own entry: every change asks for the password, as on the account page; an address for the second factor, too. */
import { StoreError } from '../../core/errors.ts'
import { accountFields } from '../../pages/account.ts'
import { confirmEmailPage, detailsPage } from '../../pages/account-details.ts'
import { askedPage } from '../../pages/asked.ts'
import { ownPath } from '../../pages/own-path.ts'
import { registerFields } from '../../pages/register.ts'
import type { SelfServiceFault } from '../../pages/self-service-page.ts'
import type { GatewayParts } from '../parts.ts'
import { sendProblem } from '../problems.ts'
import type { Details } from '../self-service/details.ts'
import { sendOn, sendPage, type Visit } from '../visit.ts'
import { followedLink, forgetLink, isOwnDocument, keptLink } from './followed-link.ts'
import { faultOf } from './forgotten.ts'
import { factorProofOf, hasPassword, proofOf, type SignedIn, signInName, stepUpPath } from './own-proof.ts'
import { askerOf, barePlace, pagePlace } from './page-place.ts'
import { postedForm } from './posted-form.ts'
import { askedFields, ownFieldsOf } from './register.ts'

type Form = ReadonlyMap<string, string>

export async function accountDetailsRoute(parts: GatewayParts, visit: Visit): Promise<void> {
  const { details } = parts.selfService
  const { session } = visit.presented
  if (details === null) return sendProblem(parts, visit, 'not-found')
  if (session === null || session.identity === null) {
    const back = encodeURIComponent(ownPath(parts.site.base, 'account/details'))
    return sendOn(visit.response, `${ownPath(parts.site.base, 'sign-in')}?return_to=${back}`)
  }
  const mine: SignedIn = { ...session, identity: session.identity }
  // SECURITY: who is known by somebody else may have the name of somebody in the file.
  if (!hasPassword(parts, mine.identity)) return sendProblem(parts, visit, 'not-found')
  if (visit.request.method !== 'POST') return show(parts, visit, mine, details)
  const form = await postedForm(parts, visit, 'account')
  if (form === null) return
  if (form === 'form') return show(parts, visit, mine, details, { fault: { kind: 'form' } })
  const doubt = await proofOf(parts, visit, mine, form.get(accountFields.password) ?? '')
  if (doubt !== null) return show(parts, visit, mine, details, { fault: doubt, form })
  if (form.get(accountFields.action) !== 'email') return changeDetails(parts, visit, mine, details, form)
  try {
    // Where their mail goes is how they sign in: a link to set a new password goes there.
    if ((await factorProofOf(parts, visit, mine, null)) !== null)
      return sendOn(visit.response, stepUpPath(parts, 'account/details'))
    await changeEmail(parts, visit, mine, details, form)
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    show(parts, visit, mine, details, { fault: { kind: 'unavailable' }, form })
  }
}

async function changeDetails(
  parts: GatewayParts,
  visit: Visit,
  mine: SignedIn,
  details: Details,
  form: Form,
): Promise<void> {
  const name = form.get(registerFields.name) ?? ''
  const outcome = await details.change(mine.identity.userId, name, ownFieldsOf(form), askerOf(visit))
  if (outcome.kind === 'changed') return show(parts, visit, mine, details, { changed: true })
  show(parts, visit, mine, details, { fault: outcome, form })
}

async function changeEmail(
  parts: GatewayParts,
  visit: Visit,
  mine: SignedIn,
  details: Details,
  form: Form,
): Promise<void> {
  if (details.email === null) return sendProblem(parts, visit, 'bad-request')
  const typed = form.get(registerFields.email) ?? ''
  const answer = await details.email.ask(mine.identity.userId, typed, askerOf(visit))
  if (answer.kind === 'asked') return sendPage(visit.response, askedPage(barePlace(parts, visit)))
  if (answer.kind === 'domain')
    return show(parts, visit, mine, details, { fault: { kind: 'domain', domains: details.domains } })
  const fault: SelfServiceFault = answer.kind === 'same' ? { kind: 'same' } : faultOf(answer)
  show(parts, visit, mine, details, { fault })
}

interface Shown {
  readonly fault?: SelfServiceFault
  readonly form?: Form
  readonly changed?: boolean
}

function show(
  parts: GatewayParts,
  visit: Visit,
  mine: SignedIn,
  details: Details,
  { fault, form, changed = false }: Shown = {},
): void {
  const known = details.of(mine.identity.userId)
  const { place, cookie } = pagePlace(parts, visit, 'account')
  const page = detailsPage({
    ...{ ...place, fault, changed, domains: details.domains, user: signInName(mine.identity) },
    name: form?.get(registerFields.name) ?? known?.name ?? '',
    fields: askedFields(
      details.fields,
      (name) => form?.get(`${registerFields.own}${name}`) ?? known?.fields.get(name),
    ),
    email: details.email === null ? undefined : (known?.email ?? null),
  })
  sendPage(visit.response, page, [cookie])
}

/** A new address, by the link that was mailed there. */
export async function confirmEmailRoute(parts: GatewayParts, visit: Visit): Promise<void> {
  const change = parts.selfService.details?.email ?? null
  if (change === null) return sendProblem(parts, visit, 'not-found')
  if (keptLink(parts, visit, 'change-email', 'account/email')) return
  if (!isOwnDocument(visit)) return sendProblem(parts, visit, 'cross-origin')
  const token = followedLink(parts, visit, 'change-email')
  const answer = (fault?: SelfServiceFault, done = false): void => {
    const link = done || fault?.kind === 'link' ? null : change.opened(token)
    const { place, cookie } = pagePlace(parts, visit, 'link')
    const wrong: SelfServiceFault | undefined = link === null && !done ? { kind: 'link' } : fault
    const page = confirmEmailPage({ ...place, link, done, fault: wrong })
    sendPage(visit.response, page, link === null ? [cookie, forgetLink(parts, 'change-email')] : [cookie])
  }
  if (visit.request.method !== 'POST') return answer()
  const form = await postedForm(parts, visit, 'link')
  if (form === null) return
  if (form === 'form') return answer({ kind: 'form' })
  const { kind } = await change.confirm(token, askerOf(visit))
  answer(kind === 'changed' ? undefined : { kind }, kind === 'changed')
}
