/** Forgotten passwords and names: asking for a mail. The answer is the same for all. */
import { askedPage } from '../../pages/asked.ts'
import { forgotPasswordPage, forgottenFields, forgotUsernamePage } from '../../pages/forgotten.ts'
import type { Page } from '../../pages/page-response.ts'
import type { SelfServiceFault } from '../../pages/self-service-page.ts'
import type { GatewayParts } from '../parts.ts'
import { sendProblem } from '../problems.ts'
import type { Asked } from '../self-service/asking.ts'
import { sendPage, type Visit } from '../visit.ts'
import { askerOf, barePlace, pagePlace } from './page-place.ts'
import { postedForm } from './posted-form.ts'

type Shown = Parameters<typeof forgotPasswordPage>[0]
type Ask = (typed: string) => Promise<Asked | { readonly kind: 'bad-email' }>

export async function forgotPasswordRoute(parts: GatewayParts, visit: Visit): Promise<void> {
  const { passwordReset } = parts.selfService
  if (passwordReset === null) return sendProblem(parts, visit, 'not-found')
  const ask: Ask = (typed) => passwordReset.ask(typed, askerOf(visit))
  await forgotten(parts, visit, forgotPasswordPage, forgottenFields.account, ask)
}

export async function forgotUsernameRoute(parts: GatewayParts, visit: Visit): Promise<void> {
  const { usernameReminder } = parts.selfService
  if (usernameReminder === null) return sendProblem(parts, visit, 'not-found')
  const ask: Ask = (typed) => usernameReminder.ask(typed, askerOf(visit))
  await forgotten(parts, visit, forgotUsernamePage, forgottenFields.email, ask)
}

async function forgotten(
  parts: GatewayParts,
  visit: Visit,
  page: (options: Shown) => Page,
  field: string,
  ask: Ask,
): Promise<void> {
  const show = (fault?: SelfServiceFault, typed?: string): void => {
    const { place, cookie } = pagePlace(parts, visit, 'self-service')
    sendPage(visit.response, page({ ...place, fault, typed }), [cookie])
  }
  if (visit.request.method !== 'POST') return show()
  const form = await postedForm(parts, visit, 'self-service')
  if (form === null) return
  if (form === 'form') return show({ kind: 'form' })
  const typed = form.get(field) ?? ''
  const answer = await ask(typed)
  if (answer.kind === 'asked') return sendPage(visit.response, askedPage(barePlace(parts, visit)))
  show(faultOf(answer), typed)
}

/** What the page says of an answer that is not "asked". */
export function faultOf(
  answer: Exclude<Asked, { kind: 'asked' }> | { readonly kind: 'bad-email' | 'asked' },
): SelfServiceFault {
  return 'seconds' in answer ? answer : { kind: answer.kind === 'bad-email' ? answer.kind : 'unavailable' }
}
