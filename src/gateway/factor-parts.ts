/** Second factors, put together. */
import { passkeyChallenges } from '../auth/passkey-challenge.ts'
import { relyingParty } from '../auth/passkeys.ts'
import type { SessionStore } from '../core/contracts.ts'
import { type CookieOptions, cookieTransport } from '../core/cookie.ts'
import { random, toBase64url } from '../core/crypto.ts'
import type { EventListener } from '../core/events.ts'
import type { Keyring } from '../core/keyring.ts'
import { sealedState } from '../core/sealed-state.ts'
import type { Config } from './config.ts'
import { factorSignIns } from './factor-sign-in.ts'
import { accountFactors, type FactorsOptions } from './factors.ts'
import type { GatewayParts } from './parts.ts'
import { guestAuthenticator } from './self-service/guest.ts'

export interface FactorPartsOptions {
  readonly store: SessionStore
  readonly keyring: Keyring
  readonly origin: string
  /** The app as people know it, and as the store does. */
  readonly app: string
  readonly config: Pick<Config, 'name' | 'secondFactor'>
  readonly cookie: CookieOptions
  /** Whether this account must have one although not everybody must. */
  readonly isRequired: FactorsOptions['isRequired']
  readonly onEvent: EventListener
  readonly now: () => number
}

export function openFactors(options: FactorPartsOptions): Pick<GatewayParts, 'factors' | 'factorSignIns'> {
  const { store, keyring, config, cookie, onEvent, now, isRequired } = options
  const factors = accountFactors({
    ...{ state: sealedState(store, keyring), key: keyring.key('recovery-code/v1'), app: config.name, now },
    challenges: passkeyChallenges({ key: keyring.key('passkey-challenge/v1'), store, now }),
    site: relyingParty(options.origin, options.app),
    // A guest has no account that a factor could protect.
    isRequired: async (who) =>
      who.authenticator !== guestAuthenticator &&
      (config.secondFactor === 'required' || (await isRequired(who))),
    newHandle: () => toBase64url(random(32)),
    onEvent,
  })
  const formCookieName = cookieTransport(cookie, 'form').name
  const key = keyring.key('factor-sign-in/v1')
  return { factors, factorSignIns: factorSignIns({ ...cookie, key, factors, formCookieName, now }) }
}
