/** What is answered in place of a service worker that would reach our pages. */
import type { GatewayParts } from '../parts.ts'
import type { Visit } from '../visit.ts'

// Not a refusal: that would leave a worker where it is that was there before. In its place this one ends it.
const leaving = `addEventListener('install', () => skipWaiting())
addEventListener('activate', (event) => event.waitUntil(registration.unregister()))
`
const mostTold = 100
const told = new WeakMap<GatewayParts, Set<string>>()

/** A worker that does nothing, and leaves. */
export function sendLeavingWorker(parts: GatewayParts, { request, response, target }: Visit): void {
  tell(parts, target.path)
  response.writeHead(200, {
    'content-type': 'text/javascript; charset=utf-8',
    'content-length': Buffer.byteLength(leaving),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
    ...(parts.site.secure && { 'strict-transport-security': 'max-age=31536000' }),
  })
  response.end(request.method === 'HEAD' ? undefined : leaving)
}

/** Once for each path: browsers ask again with every page. */
function tell(parts: GatewayParts, path: string): void {
  const paths = told.get(parts) ?? new Set()
  told.set(parts, paths)
  if (paths.has(path) || paths.size >= mostTold) return
  paths.add(path)
  parts.log.write('warn', 'service_worker_replaced', { path })
}
