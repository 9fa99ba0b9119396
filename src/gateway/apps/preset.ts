/** What is special about one kind of app. The gateway knows apps only through this. */
import type { Session } from '../../core/session.ts'
import type { BrowserScript } from '../client-script.ts'
import type { FrameHead } from '../proxy/frames.ts'

/** A WebSocket about to be opened. */
export interface Opening {
  readonly path: string
  /** `null` where nothing of a session is stored. */
  readonly session: Session | null
  /** The tab, as the page's script named it; `null` for a socket without one. */
  readonly tab: string | null
  /** The values of Sec-WebSocket-Protocol, in order, positions kept. */
  readonly protocols: readonly string[]
}

/** How the upgrade goes upstream. */
export interface Opened {
  readonly protocols: readonly string[]
  /** One-way image of the secret of the page that opens it, where the page has one; the secret itself goes no further. */
  readonly page?: string
  /** Sees the first frames that the app sends. */
  tap?(head: FrameHead, piece: Buffer, last: boolean): void
}

export interface AppPreset {
  readonly name: 'streamlit' | 'generic'
  /** The path at which the app says it is up. */
  readonly healthPath: string
  /** A script for its pages, before the one that all pages have. */
  readonly script: BrowserScript['name'] | null
  /** Whether a page polls this path by itself: then it is no activity of a person. */
  isPolled(path: string): boolean
  /** Whether a page asks for this path to sign out, or to sign in: the gateway answers, not the app. */
  ownRoute(path: string): 'sign-out' | 'sign-in' | null
  /** Whether only we may send a cookie of this name to the app. */
  isReservedCookie(name: string): boolean
  /** A cookie that tells the app who is there, for WebSocket upgrades. */
  userCookie(session: Session | null): string | null
  /** Prepares a WebSocket. Rejects with `StoreError` when what it needs cannot be had. */
  open(opening: Opening): Promise<Opened>
  /** Environment for an app started by us. */
  environment(): Readonly<Record<string, string>>
  /** Why these rules cannot hold for this app; `null` if they can. */
  objection(rules: { readonly anyRoles: boolean; readonly mixed: boolean }): string | null
}
