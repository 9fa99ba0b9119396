import { holdfastPath } from '../core/protocol.ts'

/** Our pages that link to each other, and what they load. */
export type OwnPage =
  | 'sign-in'
  | 'sign-out'
  | 'account'
  | 'clear-cache'
  | 'take-over'
  | 'account/details'
  | 'account/email'
  | 'register'
  | 'forgot-password'
  | 'reset-password'
  | 'forgot-username'
  | 'guest'
  | 'passkey'
  | 'factor'
  | 'step-up'
  | 'account/factors'
  | `oidc/${string}`

/** The path of a page of ours below the public URL's path. */
export function ownPath(base: string, page: OwnPage): string {
  return `${base}${holdfastPath}${page}`
}
