import type { ClientConfig } from './config.ts'
import { SESSION_ENDED } from './events.ts'
import { pageSecret } from './page-secret.ts'
import type { LiveSession } from './session.ts'
import { watchStreams } from './stream-sockets.ts'
import { widgetManager } from './widget-manager.ts'

// The end of a message of the server: `parent_message` (20), 61 bytes, with a text (1) of 59 (1.57 to 1.67).
const BEFORE_TICKET = '\xa2\x01=\n;holdfast-ticket '
const TICKET_LENGTH = 43
const LONGEST = 400
// The cookie of whoever signed in next door may arrive after the news that this session is over.
const PATIENCE = [200, 600, 2000, 6000]

function ticketIn(data: unknown): string | null {
  if (!(data instanceof ArrayBuffer) || data.byteLength > LONGEST) return null
  const text = new TextDecoder('latin1').decode(data)
  const ticket = text.slice(-TICKET_LENGTH)
  return text.endsWith(BEFORE_TICKET + ticket) ? ticket : null
}

/**
 * Signs this page in where it is, when somebody signs in by the app's own form here or in another tab. `onSignedIn` is
 * told of the new session.
 */
export function watchSignIn(config: ClientConfig, onSignedIn: (session: LiveSession) => void): void {
  // Pages and their libraries replace `fetch`; ours is the one from before any of them ran.
  const { fetch } = window
  const secret = pageSecret()
  let stream: WebSocket | null = null
  let isFollowing = config.signedIn
  let isRenewed = false

  const ask = async (path: string, init: RequestInit): Promise<LiveSession | null> => {
    const options: RequestInit = { cache: 'no-store', redirect: 'manual', ...init }
    const answer = await fetch(`${config.base}/_holdfast/${path}`, options).catch(() => null)
    // As often signed in as they may be: that page asks which session is to end.
    if (answer?.status === 429) {
      const here = encodeURIComponent(location.pathname + location.search)
      location.assign(`${config.base}/_holdfast/sign-in?return_to=${here}`)
    }
    return answer?.ok ? answer.json() : null
  }
  const follow = (session: LiveSession | null): void => {
    if (session === null || isFollowing) return
    isFollowing = isRenewed = true
    onSignedIn(session)
    // To the main script, which watches over the sessions of people who are signed in.
    dispatchEvent(new CustomEvent('holdfast', { detail: { ...config, ...session, signedIn: true } }))
    // It may have been opened before the new cookie was there. The page opens another one at once.
    stream?.close()
  }
  const lookRound = async (): Promise<void> => {
    for (const pause of PATIENCE) {
      await new Promise((done) => setTimeout(done, pause))
      if (isFollowing) return
      follow(await ask('session', {}))
    }
  }

  watchStreams({
    secret,
    onOpen(socket) {
      stream = socket
      socket.addEventListener(
        'message',
        (event) => {
          const ticket = ticketIn(event.data)
          if (ticket === null) return
          event.stopImmediatePropagation()
          if (isFollowing) return
          const body = new URLSearchParams({ ticket, page: secret })
          // The cookie must reach the browser even if the page is gone by then.
          void ask('ticket', { method: 'POST', body, keepalive: true }).then(follow)
        },
        // Before the page's own listener: it would complain of a message that it has no use for.
        { capture: true },
      )
      socket.addEventListener('close', ({ code }) => {
        if (code === SESSION_ENDED && !isFollowing) void lookRound()
      })
      if (!isRenewed) return
      isRenewed = false
      socket.addEventListener('open', () => {
        // Streamlit asks for no run here: to it, this page has only lost its connection.
        setTimeout(() => {
          const manager = widgetManager()
          if (manager?.sendUpdateWidgetsMessage) manager.sendUpdateWidgetsMessage(undefined)
          else location.reload()
        })
      })
    },
  })
}
