/** The sign-in page as an answer. */
import { removeFormCookie } from '../../core/form-cookie.ts'
import type { Issued } from '../../core/manager.ts'
import { ownPath } from '../../pages/own-path.ts'
import {
  type OtherWay,
  type SignInError,
  type SignInPageOptions,
  type SignInReason,
  signInPage,
} from '../../pages/sign-in.ts'
import type { GatewayParts } from '../parts.ts'
import { sendPage, type Visit } from '../visit.ts'
import { endedCookies } from './ended-cookies.ts'
import { shownForm } from './own-form.ts'
import { passkeyAsk, scriptPath } from './passkey-script.ts'

interface Shown {
  readonly returnTo: string
  readonly reason?: SignInReason | undefined
  readonly error?: SignInError
  readonly username?: string
  readonly remember?: boolean
}

/** Shows the sign-in page, with what went wrong. */
export function showSignIn(
  parts: GatewayParts,
  visit: Visit,
  shown: Shown,
  setCookie: readonly string[] = [],
): void {
  const { site } = parts
  const { headers } = visit.request
  const form = shownForm(parts, visit.request, 'sign-in')
  const ask = passkeyAsk(parts, form.binding)
  const page = signInPage({
    ...shown,
    app: parts.app,
    base: site.base,
    secure: site.secure,
    acceptLanguage: headers['accept-language'],
    token: form.token,
    passwords: parts.people.authenticator !== null,
    others: otherWays(parts, shown.returnTo),
    links: helpOf(parts),
    guests: parts.selfService.guests !== null,
    passkey: ask === null ? null : { ask, script: scriptPath(parts) },
  })
  const cookies = [...setCookie, form.cookie]
  // A cookie that names no session any more goes; one we could not look up never reaches this page.
  if (visit.presented.credential !== null && visit.presented.session === null)
    cookies.push(...endedCookies(parts, visit))
  sendPage(visit.response, page, cookies)
}

function helpOf({ selfService }: GatewayParts): NonNullable<SignInPageOptions['links']> {
  const { registration, passwordReset, usernameReminder } = selfService
  return [
    ...(passwordReset === null ? [] : (['forgot-password'] as const)),
    ...(usernameReminder === null ? [] : (['forgot-username'] as const)),
    ...(registration === null ? [] : (['register'] as const)),
  ]
}

/** What the browser is given for a session begun by a form, and what it no longer needs. */
export function signedInCookies(parts: GatewayParts, { session, credential }: Issued): string[] {
  // Without "stay signed in" the cookie ends with the browser; the server's own limits hold either way.
  const maxAge = session.remember ? Math.floor((session.absoluteAt - parts.now()) / 1000) : null
  return [parts.cookie.write(credential, maxAge), removeFormCookie(parts.formCookieName, parts.site.secure)]
}

function otherWays({ people, site }: GatewayParts, returnTo: string): readonly OtherWay[] {
  return people.providers.map(({ name, label }) => ({
    name: label,
    href: `${ownPath(site.base, `oidc/${name}`)}?return_to=${encodeURIComponent(returnTo)}`,
  }))
}
