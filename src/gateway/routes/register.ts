/** Registering: asking for a link, and, with the link, choosing a name and a password. */
import { askedPage } from '../../pages/asked.ts'
import { ownPath } from '../../pages/own-path.ts'
import { type AskedField, chooseAccountPage, registerFields, registerPage } from '../../pages/register.ts'
import type { SelfServiceFault } from '../../pages/self-service-page.ts'
import type { FieldConfig } from '../config-self-service.ts'
import type { GatewayParts } from '../parts.ts'
import { sendProblem } from '../problems.ts'
import type { Registration } from '../self-service/registration.ts'
import { sendOn, sendPage, type Visit } from '../visit.ts'
import { followedLink, forgetLink, isOwnDocument, keptLink } from './followed-link.ts'
import { faultOf } from './forgotten.ts'
import { askerOf, barePlace, pagePlace } from './page-place.ts'
import { postedForm } from './posted-form.ts'

type Form = ReadonlyMap<string, string>

export async function registerRoute(parts: GatewayParts, visit: Visit): Promise<void> {
  const { registration } = parts.selfService
  if (registration === null) return sendProblem(parts, visit, 'not-found')
  if (keptLink(parts, visit, 'register', 'register')) return
  const token = followedLink(parts, visit, 'register')
  return token === ''
    ? askForLink(parts, visit, registration)
    : chooseAccount(parts, visit, registration, token)
}

async function askForLink(parts: GatewayParts, visit: Visit, registration: Registration): Promise<void> {
  const show = (fault?: SelfServiceFault, typed?: string): void => {
    const { place, cookie } = pagePlace(parts, visit, 'self-service')
    const page = registerPage({ ...place, domains: registration.domains, fault, typed })
    sendPage(visit.response, page, [cookie])
  }
  if (visit.request.method !== 'POST') return show()
  const form = await postedForm(parts, visit, 'self-service')
  if (form === null) return
  if (form === 'form') return show({ kind: 'form' })
  const typed = form.get(registerFields.email) ?? ''
  const answer = await registration.ask(typed, askerOf(visit))
  if (answer.kind === 'asked') return sendPage(visit.response, askedPage(barePlace(parts, visit)))
  show(faultOf(answer), typed)
}

async function chooseAccount(
  parts: GatewayParts,
  visit: Visit,
  registration: Registration,
  token: string,
): Promise<void> {
  if (!isOwnDocument(visit)) return sendProblem(parts, visit, 'cross-origin')
  const show = (fault?: SelfServiceFault, form?: Form): void => {
    const email = fault?.kind === 'link' ? null : registration.opened(token)
    if (email === null) return showSpent(parts, visit, registration)
    const { place, cookie } = pagePlace(parts, visit, 'link')
    const page = chooseAccountPage({
      ...{ ...place, email, fault },
      username: form?.get(registerFields.username),
      name: form?.get(registerFields.name),
      fields: askedFields(registration.fields, (name) => form?.get(`${registerFields.own}${name}`)),
    })
    sendPage(visit.response, page, [cookie])
  }
  if (visit.request.method !== 'POST') return show()
  const form = await postedForm(parts, visit, 'link')
  if (form === null) return
  if (form === 'form') return show({ kind: 'form' })
  const outcome = await registration.register(
    {
      token,
      username: form.get(registerFields.username) ?? '',
      name: form.get(registerFields.name) ?? '',
      password: form.get(registerFields.password) ?? '',
      fields: ownFieldsOf(form),
    },
    askerOf(visit),
  )
  if (outcome.kind !== 'registered') return show(outcome, form)
  sendOn(visit.response, `${ownPath(parts.site.base, 'sign-in')}?reason=registered`, {
    'set-cookie': [forgetLink(parts, 'register')],
  })
}

/** The link is worth nothing: another can be asked for on the same page. */
function showSpent(parts: GatewayParts, visit: Visit, { domains }: Registration): void {
  const { place, cookie } = pagePlace(parts, visit, 'self-service')
  const page = registerPage({ ...place, domains, fault: { kind: 'link' } })
  sendPage(visit.response, page, [cookie, forgetLink(parts, 'register')])
}

/** The fields of one's own as a page shows them. */
export function askedFields(
  fields: readonly FieldConfig[],
  given: (name: string) => string | undefined,
): readonly AskedField[] {
  return fields.map((field) => ({ ...field, value: given(field.name) }))
}

/** What was filled in of them. */
export function ownFieldsOf(form: Form): Form {
  const { own } = registerFields
  return new Map(
    [...form].flatMap(([name, value]) => (name.startsWith(own) ? [[name.slice(own.length), value]] : [])),
  )
}
