/** Where a page takes the ticket of a sign-in that was typed into the app's own form: the browser's session begins here. */
import { readForm } from '../../pages/form.ts'
import type { GatewayParts } from '../parts.ts'
import { sendProblem } from '../problems.ts'
import { pinOfSid, writePin } from '../proxy/instance-order.ts'
import { readBody, type Visit } from '../visit.ts'
import { formRefusal } from './own-form.ts'
import { sendSession } from './session.ts'
import { beginSession } from './session-start.ts'

const longestForm = 512

/**
 * POST of `ticket` and `page`, the page's secret: 200 with the deadlines and the new cookie; or 403 and no change; or 429 where
 * they are signed in as often as they may be, which our own page can ask them about.
 */
export async function ticketRoute(parts: GatewayParts, visit: Visit): Promise<void> {
  const refusal = formRefusal(parts, visit.request)
  if (refusal !== null) return sendProblem(parts, visit, refusal)
  const body = await readBody(visit.request, longestForm)
  const form = body === null ? null : readForm(body)
  const [ticket, secret] = [form?.get('ticket'), form?.get('page')]
  if (ticket === undefined || secret === undefined) return sendProblem(parts, visit, 'bad-request')

  const start = await parts.signInTickets.redeem(visit.presented.session, ticket, secret)
  if (start === null) return sendProblem(parts, visit, 'forbidden')
  const issued = await beginSession(parts, visit, start, `${parts.site.base}/`)
  if (issued === 'full') return sendProblem(parts, visit, 'too-many-requests')
  // Disabled, revoked or given a second factor since the password was checked.
  if (issued === null || issued === 'disabled' || 'location' in issued)
    return sendProblem(parts, visit, 'forbidden')
  const { session, credential } = issued
  const maxAge = session.remember ? Math.floor((session.absoluteAt - parts.now()) / 1000) : null
  sendSession(visit, session, parts.now(), [
    parts.cookie.write(credential, maxAge),
    ...instanceKept(parts, visit),
  ])
}

/** This page stays, though its session is another one: what it uploads must meet the instance that holds it. */
function instanceKept({ instanceCookie }: GatewayParts, { cookies, presented }: Visit): readonly string[] {
  const { session } = presented
  if (instanceCookie === null || session === null || cookies?.pin != null) return []
  return [instanceCookie.write(writePin(pinOfSid(session.sid)), null)]
}
