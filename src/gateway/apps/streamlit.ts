/** Streamlit: F5 returns the very same session, `st.user` is real, `st.logout()` signs out. */
import type { Json, StateScope } from '../../core/contracts.ts'
import { pageProtocol } from '../../core/protocol.ts'
import type { SealedState } from '../../core/sealed-state.ts'
import { isPageSecret, pageImage } from '../page-secret.ts'
import type { AppPreset, Opened, Opening } from './preset.ts'
import { isStreamlitSessionId, sessionIdTap } from './streamlit-session-id.ts'
import { signStreamlitCookie, streamlitUser, streamlitUserCookie } from './streamlit-user.ts'

export interface StreamlitOptions {
  /** Where the Streamlit session of each tab is remembered. */
  readonly state: SealedState
  /** The app's name: apps that share a store do not mix. */
  readonly app: string
  /** Shared with the app as its `server.cookieSecret`. */
  readonly cookieSecret: string
  readonly publicOrigin: string
  readonly base: string
  readonly now: () => number
  /** Told of a write that failed: the tab is then a new session after the next F5, no more. */
  onError(error: unknown): void
}

// The frontend asks `<path>/_stcore/health` and then its parent: a sub-page's own must stay 404, so match by suffix.
const polled = /\/_stcore\/(health|host-config|script-health-check|metrics)$/
const stream = /\/_stcore\/stream$/
const disconnectedSessionTtl = 60 * 60

export function streamlitPreset(options: StreamlitOptions): AppPreset {
  const { state, base } = options
  // The next upgrade of a tab may come before the write of its session id is done.
  const writing = new Map<string, Promise<unknown>>()

  const scopeOf = (sid: string, tab: string): StateScope => ({ sid, name: `tab:${options.app}:${tab}` })

  const remember = (sid: string, tab: string, known: Known): void => {
    const slot = `${sid} ${tab}`
    const write = state
      .set(scopeOf(sid, tab), 'streamlit-session', known.page === null ? known.id : { ...known })
      .catch(options.onError)
      .finally(() => {
        if (writing.get(slot) === write) writing.delete(slot)
      })
    writing.set(slot, write)
  }

  const recall = async (sid: string, tab: string): Promise<Known | null> => {
    await writing.get(`${sid} ${tab}`)
    return knownOf(await state.get(scopeOf(sid, tab), 'streamlit-session'))
  }

  return {
    name: 'streamlit',
    healthPath: `${base}/_stcore/health`,
    script: 'streamlit.js',
    isPolled: (path) => polled.test(path),

    ownRoute(path) {
      if (path === `${base}/auth/logout`) return 'sign-out'
      return path === `${base}/auth/login` ? 'sign-in' : null
    },

    // Chunks (`_streamlit_user__1`) and tokens too: whoever could plant one could name themselves.
    isReservedCookie: (name) => name.startsWith(streamlitUserCookie),

    userCookie(session) {
      const user = streamlitUser(options.publicOrigin, session?.identity ?? null)
      const value = signStreamlitCookie(options.cookieSecret, streamlitUserCookie, user, options.now())
      return `${streamlitUserCookie}=${value}`
    },

    async open({ path, session, tab, protocols }: Opening): Promise<Opened> {
      // SECURITY: the third value resumes whatever session it names, without asking whose it is. The client's own is
      // never believed; only what this tab of this session was given goes on.
      const { page, protocols: given } = withoutPageSecret(protocols)
      const [selected = '', xsrf = ''] = given
      const own = given.length === 0 ? [] : [selected, xsrf]
      if (session === null || tab === null || !stream.test(path)) return { protocols: own }
      const opened = page === null ? { protocols: own } : { protocols: own, page }
      const known = await recall(session.sid, tab)
      // SECURITY: who planted the browser's cookie has a copy of it, and an app may show the id of a tab. To take over
      // what the person sees and types there, the tab's secret is needed too.
      if (known !== null && known.page !== null && known.page !== page) return opened
      return {
        ...opened,
        protocols: known === null ? own : [selected, xsrf, known.id],
        tap: sessionIdTap((id) => {
          if (id !== known?.id || page !== known.page) remember(session.sid, tab, { id, page })
        }),
      }
    },

    environment: () => ({
      STREAMLIT_SERVER_HEADLESS: 'true',
      // It names the app's own address, where nobody is signed in.
      STREAMLIT_LOGGER_HIDE_WELCOME_MESSAGE: 'true',
      STREAMLIT_BROWSER_GATHER_USAGE_STATS: 'false',
      STREAMLIT_SERVER_COOKIE_SECRET: options.cookieSecret,
      STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL: String(disconnectedSessionTtl),
      // The gateway is the only client, and it is the one that compresses nothing and reads the first frame.
      STREAMLIT_SERVER_ENABLE_WEBSOCKET_COMPRESSION: 'false',
      ...(base === '' ? {} : { STREAMLIT_SERVER_BASE_URL_PATH: base.slice(1) }),
    }),

    objection({ anyRoles, mixed }) {
      if (!anyRoles && !mixed) return null
      return (
        'Streamlit picks its pages inside one socket, so a path rule guards the first document of a page and nothing ' +
        'else. Guard pages in the app with holdfast.require_role(), or say `documentsOnly: true` if that is enough.'
      )
    },
  }
}

/** The Streamlit session of a tab, and the image of the tab's secret; `null` where its pages showed none. */
interface Known {
  readonly id: string
  readonly page: string | null
}

function knownOf(value: Json): Known | null {
  if (typeof value === 'string') return isStreamlitSessionId(value) ? { id: value, page: null } : null
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return null
  const { id, page } = value as { readonly [name: string]: Json | undefined }
  if (typeof id !== 'string' || !isStreamlitSessionId(id)) return null
  return { id, page: typeof page === 'string' ? page : null }
}

/** Our page script says the page's secret behind Streamlit's own values: there it is in no address, and so in no log. */
function withoutPageSecret(protocols: readonly string[]): {
  readonly protocols: readonly string[]
  readonly page: string | null
} {
  const secrets = protocols.filter((one) => one.startsWith(pageProtocol))
  const secret = secrets[0]?.slice(pageProtocol.length) ?? ''
  return {
    protocols: protocols.filter((one) => !one.startsWith(pageProtocol)),
    page: secrets.length === 1 && isPageSecret(secret) ? pageImage(secret) : null,
  }
}
