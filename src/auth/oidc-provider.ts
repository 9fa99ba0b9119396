/** An OpenID provider: sends people there, takes them back, asks about them again, and hears when they are out. */
import { createRemoteJWKSet } from 'jose'
import * as client from 'openid-client'
import type { Json, JsonObject } from '../core/contracts.ts'
import { AuthError } from '../core/errors.ts'
import { askedAtOf, type FactorClaims, saysFactor } from './factor-claims.ts'
import { type LogoutSubject, readLogoutToken } from './logout-token.ts'
import { type IdentityOptions, identityOf } from './provider-identity.ts'
import { type ProviderTicket, readTicket, writeTicket } from './provider-ticket.ts'
import type { Vouched, Voucher } from './voucher.ts'

export interface OidcProviderOptions extends IdentityOptions {
  readonly issuer: URL
  readonly clientId: string
  /** `null` for a public client. */
  readonly clientSecret: string | null
  /** Where the provider sends people back to, exactly as it is registered there. */
  readonly redirectUri: string
  readonly scopes: readonly string[]
  /** What its ID token says of who showed it a second factor; `null`: nothing that is to be trusted. @default null */
  readonly secondFactor?: FactorClaims | null
  /** How long one request to the provider may take, in milliseconds. @default 5000 */
  readonly patience?: number
}

/** What one sign-in in one browser has to prove at its end. */
export interface OidcFlow {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
}

export interface OidcProvider extends Voucher {
  /** Whether its word counts for a second factor. */
  readonly vouchesFactors: boolean
  /** Where to send the browser; `fresh`: where it must be asked for a password even if it is signed in there. Rejects with `AuthError` when the provider cannot be reached. */
  begin(flow: OidcFlow, fresh: boolean): Promise<URL>
  /**
   * Who came back. `null`: the provider, or its answer, says no: refused by the person, another flow's, forged. Rejects
   * with `AuthError` when the provider cannot be reached.
   */
  finish(callback: URL, flow: OidcFlow): Promise<Vouched | null>
  /** Where a browser signs out of the provider too, to come back with `state`; `null` if it has no such place. */
  signOutUrl(token: string, returnTo: string, state: string): Promise<URL | null>
  /**
   * Whom a logout token (OpenID Back-Channel Logout 1.0) speaks of; `null` for one that is not to be believed. Rejects with
   * `AuthError` where that cannot be known, for want of the provider or of its newest keys.
   */
  readLogout(token: string): Promise<LogoutSubject | null>
}

const discoveredAgainAfter = 3_600_000
const clockTolerance = 30

export function oidcProvider(options: OidcProviderOptions): OidcProvider {
  const { issuer, clientId, redirectUri, secondFactor = null, patience = 5_000 } = options
  // An identity is issuer and subject (OpenID Connect Core §5.7): under a new issuer nobody inherits anybody.
  const name = `oidc:${issuer.href}`
  let known: { readonly at: number; readonly config: Promise<client.Configuration> } | null = null
  // Those of each discovery: who posts a thousand tokens makes us ask for the keys once.
  const keySets = new WeakMap<client.Configuration, ReturnType<typeof createRemoteJWKSet>>()

  function configuration(): Promise<client.Configuration> {
    if (known === null || Date.now() - known.at > discoveredAgainAfter) {
      const config = discover(options, patience)
      const found = { at: Date.now(), config }
      known = found
      // What failed is tried again with the next person.
      config.catch(() => {
        if (known === found) known = null
      })
    }
    return known.config
  }

  async function vouchedBy(
    config: client.Configuration,
    tokens: client.TokenEndpointResponse & client.TokenEndpointResponseHelpers,
    before: ProviderTicket | null,
  ): Promise<Vouched> {
    const idToken = tokens.claims()
    const subject = idToken?.sub ?? before?.subject ?? ''
    const more = needsMore(idToken) ? await userInfo(config, tokens.access_token, subject) : {}
    const claims = { ...more, ...idToken } as JsonObject
    // The provider may have let them through without a question: they were signed in there.
    const askedAt = askedAtOf(idToken)
    return {
      identity: identityOf(name, subject, claims, options),
      authenticatedAt: askedAt,
      // SECURITY: by the signed ID token alone; and unknown is not just now.
      ...(secondFactor !== null && saysFactor(idToken, secondFactor) && { factorAt: askedAt }),
      token: writeTicket({
        subject,
        refresh: tokens.refresh_token ?? before?.refresh ?? null,
        idToken: tokens.id_token ?? before?.idToken ?? null,
        providerSid: textOf(claims.sid) ?? before?.providerSid ?? null,
        issuedAt: idToken?.iat ?? before?.issuedAt ?? null,
      }),
    }
  }

  return {
    name,
    vouchesFactors: secondFactor !== null,

    async begin({ state, nonce, verifier }, fresh) {
      const config = await configuration()
      return client.buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        scope: options.scopes.join(' '),
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state,
        nonce,
        ...(secondFactor !== null &&
          secondFactor.acr.length > 0 && { acr_values: secondFactor.acr.join(' ') }),
        // With `max_age` the ID token has to say when they were asked (OpenID Connect Core §2).
        ...(fresh && { prompt: 'login', max_age: '0' }),
      })
    },

    async finish(callback, { state, nonce, verifier }) {
      const config = await configuration()
      const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier }
      try {
        const tokens = await client.authorizationCodeGrant(config, callback, {
          ...checks,
          idTokenExpected: true,
        })
        return await vouchedBy(config, tokens, null)
      } catch (error) {
        if (isRefusal(error)) return null
        throw unreachable(issuer, error)
      }
    },

    async verify(token) {
      const ticket = readTicket(token)
      if (ticket?.refresh == null) return 'untold'
      const config = await configuration()
      try {
        const tokens = await client.refreshTokenGrant(config, ticket.refresh)
        return await vouchedBy(config, tokens, ticket)
      } catch (error) {
        // `invalid_grant` alone says that the person is out there (RFC 6749 §5.2); all else says nothing of them.
        if (error instanceof client.ResponseBodyError && error.error === 'invalid_grant') return null
        throw unreachable(issuer, error)
      }
    },

    async signOutUrl(token, returnTo, state) {
      const config = await configuration()
      if (config.serverMetadata().end_session_endpoint === undefined) return null
      const idToken = readTicket(token)?.idToken ?? null
      return client.buildEndSessionUrl(config, {
        post_logout_redirect_uri: returnTo,
        state,
        ...(idToken !== null && { id_token_hint: idToken }),
      })
    },

    async readLogout(token) {
      const config = await configuration()
      const { jwks_uri, issuer: exact } = config.serverMetadata()
      if (jwks_uri === undefined) return null
      try {
        const keys =
          keySets.get(config) ?? createRemoteJWKSet(new URL(jwks_uri), { timeoutDuration: patience })
        keySets.set(config, keys)
        return await readLogoutToken(token, { issuer: exact, clientId, keys })
      } catch (error) {
        if (isUnreachable(error)) throw unreachable(issuer, error)
        return null
      }
    },
  }
}

async function discover(
  { issuer, clientId, clientSecret }: OidcProviderOptions,
  patience: number,
): Promise<client.Configuration> {
  const method = clientSecret === null ? client.None() : client.ClientSecretBasic(clientSecret)
  // Plain http is for a provider on this machine only: the configuration refuses any other.
  const insecure = issuer.protocol === 'http:' ? [client.allowInsecureRequests] : []
  const execute = [client.enableNonRepudiationChecks, ...insecure]
  try {
    const metadata = { [client.clockTolerance]: clockTolerance }
    const timeout = patience / 1000
    return await client.discovery(issuer, clientId, metadata, method, { execute, timeout })
  } catch (error) {
    throw unreachable(issuer, error)
  }
}

function needsMore(claims: client.IDToken | undefined): boolean {
  return claims === undefined || (claims.email === undefined && claims.name === undefined)
}

async function userInfo(config: client.Configuration, token: string, subject: string): Promise<JsonObject> {
  if (config.serverMetadata().userinfo_endpoint === undefined) return {}
  return (await client.fetchUserInfo(config, token, subject)) as JsonObject
}

function textOf(value: Json | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

/** Whether an error is the provider's or the protocol's "no", rather than that nobody could be asked. */
function isRefusal(error: unknown): boolean {
  if (error instanceof client.AuthorizationResponseError) return error.error !== 'temporarily_unavailable'
  if (error instanceof client.ResponseBodyError) return error.status < 500
  return error instanceof client.ClientError && !isUnreachable(error)
}

const away = new Set([
  'OAUTH_TIMEOUT',
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
  'OAUTH_RESPONSE_IS_NOT_JSON',
  'ERR_JWKS_TIMEOUT',
  'ERR_JWKS_NO_MATCHING_KEY',
])

function isUnreachable(error: unknown): boolean {
  const { code } = (error ?? {}) as { readonly code?: unknown }
  return (
    error instanceof TypeError ||
    (typeof code === 'string' && (away.has(code) || code === 'ERR_JOSE_GENERIC'))
  )
}

/** The message holds no answer: it may hold tokens. */
function unreachable(issuer: URL, cause: unknown): AuthError {
  if (cause instanceof AuthError) return cause
  const what = cause instanceof Error ? cause.message.slice(0, 200) : 'unknown'
  return new AuthError(
    'ERR_AUTH_UNAVAILABLE',
    `The identity provider ${issuer.origin} cannot be asked: ${what}`,
    {
      cause,
    },
  )
}
