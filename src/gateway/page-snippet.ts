/** What goes into each page of the app: the scripts of ours, and what they have to know. */
import { holdfastPath } from '../core/protocol.ts'
import type { BrowserScript } from './client-script.ts'
import type { GatewayParts } from './parts.ts'
import { sessionMark } from './routes/session.ts'
import type { Visit } from './visit.ts'

export function pageSnippet(parts: GatewayParts, visit: Visit): string {
  const { site, clientScript, presetScript } = parts
  const { session } = visit.presented
  const signedIn = session?.identity != null
  const config = {
    base: site.base,
    signedIn,
    begin: !signedIn,
    idleAt: signedIn ? session.idleAt : null,
    absoluteAt: signedIn ? session.absoluteAt : null,
    now: parts.now(),
    ...(signedIn ? { mark: sessionMark(session) } : {}),
  }
  // JSON without `<`, `&` and `'` is safe inside a single-quoted attribute.
  const json = JSON.stringify(config).replace(/[<>&']/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`)
  const element = ({ name, version }: BrowserScript): string =>
    `<script src="${site.base}${holdfastPath}${name}?v=${version}" data-holdfast='${json}'></script>`
  // The preset's own first: when the page goes, it looks at the page before the other hides it.
  return (presetScript === null ? '' : element(presetScript)) + element(clientScript)
}
