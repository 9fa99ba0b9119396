/** The library's own answers: problem details (RFC 9457) with stable codes, and the way to the sign-in page. */
import { type Answer, type Incoming, isNavigation } from './incoming.ts'

export type ProblemCode = 'sign-in-required' | 'forbidden' | 'cross-origin' | 'session-ended' | 'unavailable'

const problems: Readonly<Record<ProblemCode, readonly [status: number, title: string, detail: string]>> = {
  'sign-in-required': [
    401,
    'Sign in first',
    'This needs a session, and the request brought none that is live.',
  ],
  forbidden: [403, 'Not allowed', 'You are signed in, but this needs a role that you do not have.'],
  'cross-origin': [403, 'Sent from elsewhere', 'The request was not sent by a page of this site.'],
  'session-ended': [
    409,
    'The session ended meanwhile',
    'It ended while this was under way, as by signing in or out in another tab, and this was not kept. Try again.',
  ],
  unavailable: [503, 'Sessions are unavailable', 'Nobody was signed out. Try again in a moment.'],
}

// Nobody waits longer than needed, and a store that comes back is not met by everybody at once.
const retrySeconds = 5

/** The problem for programs and for people: no session, no cookie and no name is in it. */
export function problemAnswer(code: ProblemCode): Answer {
  const [status, title, detail] = problems[code]
  return {
    status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...(status === 503 ? { 'retry-after': String(retrySeconds) } : {}),
      // RFC 9110 §15.5.2 wants a challenge with every 401; browsers ignore schemes they do not know.
      ...(status === 401 ? { 'www-authenticate': 'Holdfast' } : {}),
    },
    body: JSON.stringify({ type: `urn:holdfast:problem:${code}`, title, status, detail, code }),
  }
}

/** To the sign-in page with 303, so that nothing is posted there, and back to `target` afterwards. */
function signInAnswer(page: string, target: string): Answer {
  const joint = page.includes('?') ? '&' : '?'
  return {
    status: 303,
    headers: {
      location: `${page}${joint}return_to=${encodeURIComponent(target)}`,
      'cache-control': 'no-store',
    },
    body: '',
  }
}

/** The answer for who must sign in first: the way there for a navigation, where there is a page for it. */
export function signInFirst(page: string | null, incoming: Incoming): Answer {
  if (page === null || !isNavigation(incoming)) return problemAnswer('sign-in-required')
  const { method, target } = incoming
  return signInAnswer(page, method === 'GET' || method === 'HEAD' ? target : '/')
}

/** A Cache-Control under which no cache gives one person's cookie to the next. */
export function uncached(control: string): string {
  return /\b(?:no-store|private)\b/i.test(control) ? control : 'private, no-store'
}
