/** Coming in as a guest. */
import { removeFormCookie } from '../../core/form-cookie.ts'
import { returnPath } from '../../core/return-to.ts'
import { signInFields } from '../../pages/sign-in-form.ts'
import type { GatewayParts } from '../parts.ts'
import { unavailable } from '../password-check.ts'
import { sendProblem } from '../problems.ts'
import { sendOn, type Visit } from '../visit.ts'
import { postedForm } from './posted-form.ts'
import { beginSession } from './session-start.ts'
import { showSignIn } from './sign-in-shown.ts'

export async function guestRoute(parts: GatewayParts, visit: Visit): Promise<void> {
  const { guests } = parts.selfService
  if (guests === null) return sendProblem(parts, visit, 'not-found')
  const form = await postedForm(parts, visit, 'sign-in')
  if (form === null) return
  const returnTo = returnPath(
    form === 'form' ? null : (form.get(signInFields.returnTo) ?? ''),
    parts.site.base,
  )
  if (form === 'form') return showSignIn(parts, visit, { returnTo, error: { kind: 'form' } })
  const welcome = await guests.welcome(visit.address)
  if (welcome.kind !== 'guest') return showSignIn(parts, visit, { returnTo, error: welcome })
  try {
    const { identity } = welcome
    const begun = await parts.sessions.begin()
    const issued = await beginSession(
      parts,
      visit,
      { identity, token: null, remember: false, begun },
      returnTo,
    )
    if (issued === null || typeof issued === 'string' || 'location' in issued)
      return showSignIn(parts, visit, { returnTo, error: { kind: 'unavailable' } })
    sendOn(visit.response, returnTo, {
      'set-cookie': [
        parts.cookie.write(issued.credential, null),
        removeFormCookie(parts.formCookieName, parts.site.secure),
      ],
    })
  } catch (error) {
    showSignIn(parts, visit, { returnTo, error: unavailable(parts, error) })
  }
}
