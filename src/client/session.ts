import type { Deadlines } from './deadline.ts'

/** A live session, as the gateway describes it. */
export interface LiveSession extends Deadlines {
  readonly mark?: string
}

/** `null` means the gateway could not say (503, no network): never a reason to sign anybody out. */
export type Answer = LiveSession | 'signed-out' | null

/** The gateway's session endpoints, as this page's cookie may use them. */
export interface SessionClient {
  /** Asks without counting as activity. Calls made meanwhile share the one answer. */
  check(): Promise<Answer>
  /** Forgets a check that is under way: a page that rests in the cache must not wake to an old answer. */
  abandon(): void
  /** Asks for a later idle deadline. */
  extend(): Promise<Answer>
  /** Has an anonymous session handed to the browser; settles within 3 s, whatever came of it. */
  begin(): Promise<unknown>
  /** Ends the session; `false` if the gateway did not acknowledge it. */
  signOut(): Promise<boolean>
}

async function readAnswer(response: Response): Promise<Answer> {
  if (response.status === 401) return 'signed-out'
  if (!response.ok) return null
  const body = (await response.json()) as (LiveSession & { signedIn?: boolean }) | null
  return body?.signedIn === true ? body : null
}

/** A client for the session endpoints under a public base path. */
export function sessionClient(base: string): SessionClient {
  // Pages and their libraries replace `fetch`; ours is the one from before any of them ran.
  const { fetch } = window
  const ask = async (path: string, method: string, signal = AbortSignal.timeout(5000)): Promise<Response> =>
    fetch(`${base}/_holdfast/${path}`, {
      method,
      signal,
      cache: 'no-store',
      // A redirect is never followed: what an outer proxy or captive portal leads to is not our answer.
      redirect: 'manual',
      // The answer to a sign-out must reach the cookie even if the page is gone by then.
      keepalive: true,
    })
  const session = (method: string): Promise<Answer> =>
    ask('session', method)
      .then(readAnswer)
      .catch(() => null)
  let checking: Promise<Answer> | null = null

  return {
    check() {
      if (checking !== null) return checking
      const mine: Promise<Answer> = session('GET').then((answer) => {
        if (checking !== mine) return null
        checking = null
        return answer
      })
      checking = mine
      return mine
    },
    abandon() {
      checking = null
    },
    extend: () => session('POST'),
    begin() {
      const signal = AbortSignal.timeout(3000)
      const post = () => ask('begin', 'POST', signal)
      // Tabs that open together would each be given a session, and all but the last would lose theirs:
      // one at a time, the next already brings the cookie. Without Web Locks (plain http) they race.
      const turn = navigator.locks ? navigator.locks.request('holdfast-begin', { signal }, post) : post()
      return turn.catch(() => null)
    },
    signOut: () =>
      ask('sign-out', 'POST')
        // A page that asks to confirm is a 200, and no acknowledgement.
        .then(({ type }) => type === 'opaqueredirect')
        .catch(() => false),
  }
}
