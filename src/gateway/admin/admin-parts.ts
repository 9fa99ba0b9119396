/** What the admin listener works with. */
import type { SessionManager } from '../../core/manager.ts'
import type { Accounts } from '../accounts.ts'
import type { GatewayParts } from '../parts.ts'

export interface AdminParts {
  /** As for the app, save for what is the listener's own: its address, its cookies, its sessions. */
  readonly parts: GatewayParts
  /** The sessions of the app. */
  readonly appSessions: SessionManager
  readonly accounts: Accounts
  /** Who has one of these may come in. */
  readonly roles: readonly string[]
  /** Whoever vouches for people, with its name as people know it; `null` where our texts have one. */
  readonly ways: readonly { readonly way: string; readonly label: string | null }[]
}
