/**
 * How far a service worker of the app may reach. SECURITY: one whose scope covers our pages sees every form that is sent to
 * them, the password in it too, and stays after the page, or the hole in the app, that registered it is gone. Where its script
 * lies decides, and `Service-Worker-Allowed`: both pass through here.
 */
import type { IncomingHttpHeaders } from 'node:http'
import { holdfastPath } from '../../core/protocol.ts'

/** Whether a browser asks for the script of a worker that may reach our pages. No page can leave that word out. */
export function isReachingWorker(headers: IncomingHttpHeaders, path: string, base: string): boolean {
  return headers['service-worker'] !== undefined && reachesFrom(path, base)
}

/**
 * Whether an answer would do as the script of a worker that may reach our pages, whatever it was asked for as. By the
 * specification a page may have a worker's script taken from what the browser keeps (`updateViaCache`): of that no request
 * passes through here.
 */
export function mayBecomeReachingWorker(type: string, path: string, base: string): boolean {
  return /javascript|ecmascript|jscript|livescript/i.test(type) && reachesFrom(path, base)
}

function reachesFrom(path: string, base: string): boolean {
  return reaches(path.slice(0, path.lastIndexOf('/') + 1), base)
}

/** Whether `Service-Worker-Allowed` lets the worker of the script at this path reach our pages; what cannot be read may. */
export function widensToOurs(allowed: string, path: string, base: string): boolean {
  const from = `http://app${path}`
  return !URL.canParse(allowed, from) || reaches(new URL(allowed, from).pathname, base)
}

// Scopes are compared as text: `/_hold` reaches `/_holdfast/sign-in`.
function reaches(scope: string, base: string): boolean {
  const ours = `${base}${holdfastPath}`
  return ours.startsWith(scope) || scope.startsWith(ours)
}
