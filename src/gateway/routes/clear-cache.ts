/** Empties the browser's cache of this origin, in an answer that nobody waits for. */
import type { GatewayParts } from '../parts.ts'
import { sendProblem } from '../problems.ts'
import type { Visit } from '../visit.ts'

/**
 * What the sign-in page asks for as an image, once somebody has signed out. Not with the sign-out itself: a browser holds
 * an answer with this header back until it has gone through its whole cache, that of every other site included, which
 * took Chromium 156 from two to six seconds for 8,000 entries (`docs/decisions/0009-clearing-the-cache.md`).
 */
export function clearCacheRoute(parts: GatewayParts, visit: Visit): void {
  const { headers } = visit.request
  // SECURITY: any page on the web may ask for an image of ours, and keep the browser busy with it. Where the browser does
  // not say who asks, it would not listen to the header either: both need a secure context.
  if (headers['sec-fetch-site'] !== 'same-origin') return sendProblem(parts, visit, 'cross-origin')
  visit.response.writeHead(204, {
    'cache-control': 'no-store',
    // "storage" would take the app's own data, "cookies" those of sibling hosts.
    'clear-site-data': '"cache"',
    'cross-origin-resource-policy': 'same-origin',
    ...(parts.site.secure && { 'strict-transport-security': 'max-age=31536000' }),
  })
  visit.response.end()
}
