import type { ClientConfig } from './config.ts'
import type { Curtain } from './curtain.ts'
import type { Deadlines } from './deadline.ts'
import type { Departure } from './departure.ts'
import { warningDialog } from './dialog.ts'
import { eventLine } from './events.ts'
import { watchExpiry } from './expiry.ts'
import { type Message, neighbours } from './neighbours.ts'
import type { Answer, SessionClient } from './session.ts'
import type { Tab } from './tab.ts'

/** A page of somebody who is signed in, for as long as they are. */
export interface SessionWatch {
  /** Asks the gateway, and leaves the page if the session has ended. */
  check(): Promise<Answer>
  /** For `pagehide`. */
  rest(): void
  /** For `pageshow` after the back/forward cache: nothing shows until the gateway says the session lives. */
  wake(): void
}

/** What the watch works with. */
export interface SessionWatchOptions {
  readonly config: ClientConfig
  /** The browser's own WebSocket. */
  readonly native: typeof WebSocket
  readonly session: SessionClient
  readonly curtain: Curtain
  readonly departure: Departure
  /** `null` in a frame of a page that is itself watched: it only guards against the back button. */
  readonly tab: Tab | null
}

const SILENCE = 30_000
const FAILED = 'That did not work. Please try again.'

/** Watches the session of a signed-in page: sign-out, expiry, the back button. */
export function watchSession(options: SessionWatchOptions): SessionWatch {
  const { config, native, session, curtain, departure, tab } = options
  let known: Deadlines & { readonly mark?: string } = config
  let heardAt = Date.now()
  let signingOut: Promise<unknown> | undefined

  const depart = (): void => {
    if (departure.isLeaving()) return
    others.tell({ type: 'signed-out' })
    void departure.leave(signingOut)
  }
  const learn = (said: Deadlines): void => {
    heardAt = Date.now()
    known = { ...known, ...said }
    if (tab !== null) expiry.update(said)
  }
  // SECURITY: another person may have signed in meanwhile, and this page still holds the first one's data.
  // The absolute deadline stands in for the mark: it is fixed when a session is made.
  const isAnother = (live: typeof known): boolean =>
    live.mark !== known.mark || (live.mark === undefined && live.absoluteAt !== known.absoluteAt)

  const act = (answer: Answer): Answer => {
    if (answer === null || departure.isLeaving()) return answer
    if (answer === 'signed-out') depart()
    else if (isAnother(answer)) {
      curtain.draw()
      location.reload()
    } else {
      curtain.lift()
      learn(answer)
    }
    return answer
  }
  const check = (): Promise<Answer> => session.check().then(act)

  const others = neighbours(config.base, async (said) => {
    if (said.type === 'deadlines') return learn(said)
    // A neighbour may speak of a session before ours. Out of sight first; then only a live one comes back.
    curtain.draw()
    if ((await check()) === null) await departure.leave()
  })

  const expiry = watchExpiry(
    warningDialog({
      async stay() {
        const answer = await session.extend()
        if (answer !== null && answer !== 'signed-out') others.tell({ type: 'deadlines', ...answer })
        return act(answer) === null ? FAILED : ''
      },
      async signOut() {
        const ended = session.signOut()
        signingOut = ended
        if (!(await ended)) return FAILED
        depart()
        return ''
      },
      dismiss: () => expiry.dismiss(),
    }),
    check,
    () => {
      curtain.draw()
      void check()
    },
  )

  const line = eventLine({
    WebSocket: native,
    url: () =>
      `${location.origin.replace('http', 'ws')}${config.base}/_holdfast/events?_holdfast_tab=${tab?.id()}`,
    check,
    onMessage(json) {
      const said: Message = JSON.parse(json)
      if (said.type === 'deadlines') learn(said)
      if (said.type === 'signed-out') depart()
    },
    onEnd: depart,
  })

  let away = false
  const listen = async (): Promise<void> => {
    others.open()
    await tab?.settled()
    if (!away) line.open()
  }

  if (tab !== null) {
    void listen()
    expiry.update(config)
    addEventListener('online', line.hurry)
    document.addEventListener('visibilitychange', () => {
      if (document.hidden || away) return
      expiry.look()
      line.hurry()
      if (Date.now() - heardAt > SILENCE) void check()
    })
  }

  return {
    check,
    rest() {
      away = true
      // Already now, while the page goes: on the way back it would be seen before any script runs.
      curtain.draw()
      line.close()
      others.close()
      session.abandon()
    },
    wake() {
      away = false
      if (tab !== null) void listen()
      // Where the gateway cannot say, the browser asks for the page itself, and shows what comes of that.
      void check().then((answer) => answer === null && location.reload())
    },
  }
}
