/** What a browser no longer needs once its session is over. */
import type { GatewayParts } from '../parts.ts'
import type { Visit } from '../visit.ts'

/** Whoever signs in next begins anew, and which instance of the app is theirs is found anew, too. */
export function endedCookies(
  { cookie, instanceCookie }: GatewayParts,
  { cookies }: Visit,
): readonly string[] {
  const hasPin = instanceCookie !== null && cookies?.pin != null
  return hasPin ? [cookie.clear(), instanceCookie.clear()] : [cookie.clear()]
}
