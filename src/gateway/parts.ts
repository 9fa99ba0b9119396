/** What the gateway's routes work with; `wire.ts` puts it together. */
import type { SessionStore } from '../core/contracts.ts'
import type { CookieTransport } from '../core/cookie.ts'
import type { EventListener } from '../core/events.ts'
import type { FormTokens } from '../core/form-token.ts'
import type { KeyringGuard } from '../core/keyring-guard.ts'
import type { SessionManager } from '../core/manager.ts'
import type { AccountLimit } from '../core/session-limit.ts'
import type { SocketRegistry } from '../core/sockets.ts'
import type { Importer } from '../imports/index.ts'
import type { Access, AccessRule } from './access.ts'
import type { AppPreset } from './apps/preset.ts'
import type { AuditLog } from './audit.ts'
import type { ClientAddress } from './client-address.ts'
import type { BrowserScript } from './client-script.ts'
import type { FactorSignIns } from './factor-sign-in.ts'
import type { Factors } from './factors.ts'
import type { Log } from './log.ts'
import type { Newcomers } from './newcomers.ts'
import type { OidcFlows } from './oidc-flow.ts'
import type { PagePasses } from './page-pass.ts'
import type { PendingSignIns } from './pending-sign-in.ts'
import type { People } from './people.ts'
import type { ForwardedHeaders } from './proxy/forwarded.ts'
import type { Upstream } from './proxy/upstream.ts'
import type { SelfService } from './self-service/self-service.ts'
import type { SignInTickets } from './sign-in-tickets.ts'
import type { Site } from './site.ts'
import type { Standings } from './standing.ts'

/** Whether a password may be checked now. Rejects with `StoreError` when the counters cannot tell. */
export interface SignInGate {
  attempt(
    username: string,
    address: string,
  ): Promise<
    | { readonly allowed: true; readonly delaySeconds: number }
    | { readonly allowed: false; readonly retryAfterSeconds: number }
  >
}

export interface GatewayParts {
  /** The app's name as people know it. */
  readonly app: string
  readonly site: Site
  readonly access: Access
  readonly rules: readonly AccessRule[]
  readonly upstream: Upstream
  readonly store: SessionStore
  readonly keyringGuard: KeyringGuard
  readonly sessions: SessionManager
  /** Whatever begins a session that nobody signed in for comes through here. */
  readonly newcomers: Newcomers
  /** Those of the admin page: who is out at their provider is out there, too. */
  readonly adminSessions: Pick<SessionManager, 'listUser' | 'listAll' | 'end'>
  readonly sockets: SocketRegistry
  readonly cookie: CookieTransport
  /** Tells browsers which instance of the app is theirs; `null`: there is one only. */
  readonly instanceCookie: CookieTransport | null
  /** Binds a form to the browser it was shown to. */
  readonly formCookieName: string
  readonly formTokens: FormTokens
  /** Who may sign in. */
  readonly people: Omit<People, 'close'>
  /** Where every change of an account is written down. */
  readonly audit: AuditLog
  /** What people do about their own accounts. */
  readonly selfService: Omit<SelfService, 'close' | 'idle'>
  /** What is known of accounts beside who vouches for them. */
  readonly standings: Standings
  /** How many sessions an account may have; `null`: as many as there are. */
  readonly accountLimit: AccountLimit | null
  /** Sign-ins of people who are asked something more. */
  readonly pendingSignIns: PendingSignIns
  /** Second factors and passkeys. */
  readonly factors: Factors
  /** Sign-ins that wait for their second factor. */
  readonly factorSignIns: FactorSignIns
  /** Reads what an earlier system signed; `null`: there was none. */
  readonly oldSessions: Importer | null
  readonly signInGate: SignInGate
  /** Sign-ins by the app's own form that have not reached the browser yet. */
  readonly signInTickets: SignInTickets
  readonly pagePasses: PagePasses
  /** Sign-ins at identity providers that are under way. */
  readonly oidcFlows: OidcFlows
  readonly preset: AppPreset
  readonly forwarded: ForwardedHeaders
  readonly clientAddress: ClientAddress
  readonly clientScript: BrowserScript
  /** What our own pages need where a passkey is asked for. */
  readonly passkeyScript: BrowserScript
  /** What pages of this kind of app are given besides. */
  readonly presetScript: BrowserScript | null
  readonly log: Log
  readonly onEvent: EventListener
  readonly now: () => number
}
