/** A new password, by the link that was mailed. */
import { ownPath } from '../../pages/own-path.ts'
import { resetFields, resetPasswordPage } from '../../pages/reset-password.ts'
import type { SelfServiceFault } from '../../pages/self-service-page.ts'
import type { GatewayParts } from '../parts.ts'
import { sendProblem } from '../problems.ts'
import { sendOn, sendPage, type Visit } from '../visit.ts'
import { followedLink, forgetLink, isOwnDocument, keptLink } from './followed-link.ts'
import { askerOf, pagePlace } from './page-place.ts'
import { postedForm } from './posted-form.ts'

export async function resetPasswordRoute(parts: GatewayParts, visit: Visit): Promise<void> {
  const { passwordReset } = parts.selfService
  if (passwordReset === null) return sendProblem(parts, visit, 'not-found')
  if (keptLink(parts, visit, 'reset-password', 'reset-password')) return
  if (!isOwnDocument(visit)) return sendProblem(parts, visit, 'cross-origin')
  const token = followedLink(parts, visit, 'reset-password')

  const show = (fault?: SelfServiceFault): void => {
    const user = fault?.kind === 'link' ? null : passwordReset.opened(token)
    const { place, cookie } = pagePlace(parts, visit, 'link')
    const page = resetPasswordPage({ ...place, user, fault: user === null ? { kind: 'link' } : fault })
    sendPage(visit.response, page, user === null ? [cookie, forgetLink(parts, 'reset-password')] : [cookie])
  }
  if (visit.request.method !== 'POST') return show()
  const form = await postedForm(parts, visit, 'link')
  if (form === null) return
  if (form === 'form') return show({ kind: 'form' })
  const outcome = await passwordReset.reset(token, form.get(resetFields.newPassword) ?? '', askerOf(visit))
  if (outcome.kind !== 'reset') return show(outcome)
  // Signs nobody in: who has a second factor is still asked for it.
  sendOn(visit.response, `${ownPath(parts.site.base, 'sign-in')}?reason=password-set`, {
    'set-cookie': [forgetLink(parts, 'reset-password'), parts.cookie.clear()],
  })
}
