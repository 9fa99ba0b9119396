/** Refuses what a foreign page sent with this site's cookies. */
import { originVerdict } from '../core/csrf.ts'
import type { EventListener } from '../core/events.ts'
import { problemAnswer } from './answer.ts'
import { type Answer, type Incoming, isUpgrade } from './incoming.ts'

export interface OriginGuardOptions {
  readonly origin: string
  readonly isGuarded: (incoming: Incoming) => boolean
  readonly onEvent: EventListener
}

/** The refusal of a request; `null` if it may go on. `credential` is what it carries of ours. */
export type OriginGuard = (incoming: Incoming, credential: string | null) => Answer | null

export function originGuard({ origin, isGuarded, onEvent }: OriginGuardOptions): OriginGuard {
  /** A program without a cookie has nothing that a foreign page could use: it need not say where it is from. */
  function isOurs(incoming: Incoming, credential: string | null): boolean {
    const from = incoming.header('origin')
    // Cookies of every kind ride along cross-site sockets from sibling domains, and no preflight asks.
    if (isUpgrade(incoming)) return from === undefined ? credential === null : from === origin
    if (!isGuarded(incoming)) return true
    const headers = { 'sec-fetch-site': incoming.header('sec-fetch-site'), origin: from }
    const verdict = originVerdict(incoming.method, headers, origin)
    return verdict === 'allowed' || (verdict === 'unknown-origin' && credential === null)
  }

  return (incoming, credential) => {
    const { method } = incoming
    // The usual request ends here.
    if ((method === 'GET' || method === 'HEAD') && incoming.header('upgrade') === undefined) return null
    if (isOurs(incoming, credential)) return null
    const [path = ''] = incoming.target.split('?', 1)
    onEvent({ event: 'origin_refused', origin: incoming.header('origin') ?? '', path })
    return problemAnswer('cross-origin')
  }
}
