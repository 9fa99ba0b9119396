import { type ClientConfig, readConfig } from './config.ts'
import { createCurtain } from './curtain.ts'
import { createDeparture } from './departure.ts'
import { SESSION_ENDED } from './events.ts'
import { sessionClient } from './session.ts'
import { type SessionWatch, watchSession } from './session-watch.ts'
import { wrapWebSocket } from './socket.ts'
import { currentTab } from './tab.ts'

/** Whether this is the outermost window of our origin: the tab itself, or a frame in somebody else's page. */
function isOutermost(): boolean {
  try {
    return window.parent === window || !window.parent.document
  } catch {
    return true
  }
}

function start(config: ClientConfig): void {
  const native = window.WebSocket
  const session = sessionClient(config.base)
  const curtain = createCurtain(document.documentElement)
  const outermost = isOutermost()
  const departure = createDeparture(config.base, curtain, outermost)
  const tab = outermost ? currentTab() : null
  let signedIn: SessionWatch | null = null
  const watch = (config: ClientConfig): void => {
    signedIn ??= watchSession({ config, native, session, curtain, departure, tab })
  }
  if (config.signedIn) watch(config)
  // Somebody has signed in on this very page.
  addEventListener('holdfast', (event) => watch((event as CustomEvent<ClientConfig>).detail))

  addEventListener('pagehide', () => {
    tab?.leave()
    signedIn?.rest()
  })
  addEventListener('pageshow', (event) => {
    if (!event.persisted) return
    tab?.resume()
    signedIn?.wake()
  })

  if (tab === null) return
  let begun: Promise<unknown> | undefined
  let hasBegun = !config.begin
  wrapWebSocket(native, {
    tab: () => (hasBegun ? tab.id() : null),
    async ready() {
      // Not before a page really opens a socket: what only reads documents gets no session.
      if (!hasBegun) begun ??= session.begin()
      await begun
      hasBegun = true
      await tab.settled()
    },
    onClose(code) {
      if (code === SESSION_ENDED) void signedIn?.check()
    },
  })
}

try {
  const config = readConfig(document.currentScript)
  // In a sandbox without an origin there is neither storage nor a session to speak of.
  if (config !== null && self.origin !== 'null') start(config)
} catch {
  // The page comes first: it works without us, as it does where scripts are blocked.
}
