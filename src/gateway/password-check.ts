/** Checking a name and a password: counted against guessing, wherever in the gateway they are typed in. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Identity } from '../core/contracts.ts'
import type { GatewayParts } from './parts.ts'

// Checking takes long on purpose; longer than this, something is stuck.
const patience = 30_000

export type PasswordCheck =
  | { readonly kind: 'known'; readonly identity: Identity }
  | { readonly kind: 'credentials' | 'unavailable' }
  | { readonly kind: 'throttled'; readonly seconds: number }

/** May be asked again at once, without being counted again: what holds may have changed meanwhile. */
export type OpenedCheck =
  | { readonly kind: 'open'; verify(): Promise<Identity | null> }
  | Exclude<PasswordCheck, { kind: 'known' | 'credentials' }>

type Parts = Pick<GatewayParts, 'people' | 'signInGate' | 'onEvent' | 'log'>

/** What somebody typed, and from where. */
export interface Typed {
  readonly username: string
  readonly password: string
  readonly address: string
}

/**
 * Who has this name and this password. SECURITY: whatever checks a password goes through here: the same counters for all of
 * them, so that a stolen session or an app's own form is no second way to guess.
 */
export async function checkPassword(parts: Parts, typed: Typed): Promise<PasswordCheck> {
  const check = await openPasswordCheck(parts, typed)
  if (check.kind !== 'open') return check
  try {
    const identity = await check.verify()
    return identity === null ? { kind: 'credentials' } : { kind: 'known', identity }
  } catch (error) {
    return unavailable(parts, error)
  }
}

/** As `checkPassword`, for who may have to check twice. `verify` rejects where it cannot be known. */
export async function openPasswordCheck(
  parts: Parts,
  { username, password, address }: Typed,
): Promise<OpenedCheck> {
  try {
    const gate = await parts.signInGate.attempt(username, address)
    if (!gate.allowed) {
      parts.onEvent({ event: 'sign_in_throttled', address })
      return { kind: 'throttled', seconds: gate.retryAfterSeconds }
    }
    if (gate.delaySeconds > 0) await wait(gate.delaySeconds * 1000)
  } catch (error) {
    return unavailable(parts, error)
  }
  const verify = async (): Promise<Identity | null> =>
    (await parts.people.authenticator?.verify(username, password, AbortSignal.timeout(patience))) ?? null
  return { kind: 'open', verify }
}

/** Says in the log why nothing could be checked. */
export function unavailable({ log }: Pick<Parts, 'log'>, error: unknown): { readonly kind: 'unavailable' } {
  log.write('warn', 'sign_in_unavailable', { reason: error instanceof Error ? error.message : 'unknown' })
  return { kind: 'unavailable' }
}
