/** What happens to sessions, for logs, audit and metrics: names after the OWASP logging vocabulary. */

/** One event. No field ever holds a token, a password or a cookie; `sid` is no credential. */
export type SessionEvent =
  | { readonly event: 'session_created'; readonly sid: string; readonly userId: string | null }
  /** A credential of another system was accepted, once, and this session took its place. */
  | {
      readonly event: 'session_imported'
      readonly sid: string
      readonly userId: string | null
      readonly transport: string
    }
  | { readonly event: 'session_rotated'; readonly sid: string; readonly userId: string | null }
  | { readonly event: 'session_expired'; readonly sid: string; readonly limit: 'idle' | 'absolute' }
  | { readonly event: 'session_signed_out'; readonly sid: string; readonly userId: string | null }
  | {
      readonly event: 'session_revoked'
      readonly scope: 'session' | 'user' | 'all'
      readonly subject: string
    }
  /** A token that was replaced long ago came again: a copy is about. The whole family is ended. */
  | { readonly event: 'token_reused'; readonly sid: string }
  /** A row did not open under its own identifiers: it was changed outside Holdfast, or belongs to another key ring. */
  | { readonly event: 'record_rejected'; readonly sid: string }
  | { readonly event: 'sign_in_succeeded'; readonly userId: string; readonly address: string }
  | { readonly event: 'sign_in_failed'; readonly address: string }
  | { readonly event: 'sign_in_throttled'; readonly address: string }
  | { readonly event: 'user_registered'; readonly userId: string }
  | { readonly event: 'password_reset'; readonly userId: string }
  | { readonly event: 'details_changed'; readonly userId: string }
  /** A wrong code, or a passkey that is not theirs, after a right password or in a session. */
  | { readonly event: 'factor_failed'; readonly userId: string; readonly address: string }
  | { readonly event: 'factor_throttled'; readonly userId: string; readonly address: string }
  | {
      readonly event: 'factor_enrolled' | 'factor_removed'
      readonly userId: string
      readonly kind: 'totp' | 'passkey'
      readonly address: string
    }
  | { readonly event: 'recovery_codes_made'; readonly userId: string; readonly address: string }
  | {
      readonly event: 'recovery_code_used'
      readonly userId: string
      readonly address: string
      readonly left: number
    }
  /** A passkey's counter stood still or went back: there may be a copy of it. It was refused. */
  | { readonly event: 'passkey_counter_reused'; readonly userId: string; readonly address: string }
  | {
      readonly event: 'step_up_succeeded'
      readonly sid: string
      readonly userId: string
      readonly address: string
    }
  | { readonly event: 'origin_refused'; readonly origin: string; readonly path: string }
  /** The store had lost the key ring, and it was put back: who was signed in there is not any more. */
  | { readonly event: 'keyring_restored' }
  /** The store holds another key ring than this process works with: it knows nobody's session but its own. Start it again. */
  | { readonly event: 'keyring_replaced' }
  | { readonly event: 'store_failed'; readonly code: string; readonly during: string }

/** Told of each event, in the order in which they happen. */
export type EventListener = (event: SessionEvent) => void
