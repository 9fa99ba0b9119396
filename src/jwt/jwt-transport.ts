/** How a JWT travels: in the Authorization header, or in a cookie of ours. */
import { type CookieOptions, type CookieTransport, cookieTransport } from '../core/cookie.ts'

/** The parts of a request that can carry a token. */
export interface TokenHeaders {
  readonly authorization: string | null | undefined
  readonly cookie: string | null | undefined
}

/** Two cookies that scripts cannot read: one shows who it is, the other is for the refresh address. */
export interface JwtTransport {
  /**
   * The access token of a request; `null` if there is none, or if header and cookie bring two different ones (RFC 6750 §2
   * allows one way at a time): which of them is meant is unknowable.
   */
  read(headers: TokenHeaders): string | null
  /** The refresh token in the cookie, or `null`. */
  readRefresh(headers: Pick<TokenHeaders, 'cookie'>): string | null
  /** Two Set-Cookie lines. `refreshFor`: seconds the browser keeps the refresh token, `null` until it closes. */
  write(
    pair: { readonly accessToken: string; readonly expiresIn: number; readonly refreshToken: string },
    refreshFor: number | null,
  ): readonly string[]
  /** Set-Cookie lines that remove both. */
  clear(): readonly string[]
}

// RFC 6750 §2.1 and RFC 9110 §11.1: the scheme in any case, one token, nothing else.
const bearer = /^bearer +([\w.-]+)$/i

/** The token of an `Authorization: Bearer` header, or `null`. */
export function bearerToken(authorization: string | null | undefined): string | null {
  return bearer.exec(authorization ?? '')?.[1] ?? null
}

/** Bearer header and cookies. Throws `ConfigError` for a name that no cookie can have. */
export function jwtTransport(options: CookieOptions): JwtTransport {
  const access: CookieTransport = cookieTransport(options, 'jwt-access')
  const refresh: CookieTransport = cookieTransport(options, 'jwt-refresh')
  return {
    read({ authorization, cookie }) {
      const inCookie = access.read(cookie ?? undefined)
      if (authorization === null || authorization === undefined) return inCookie
      const inHeader = bearerToken(authorization)
      return inCookie === null || inCookie === inHeader ? inHeader : null
    },
    readRefresh: ({ cookie }) => refresh.read(cookie ?? undefined),
    write: ({ accessToken, expiresIn, refreshToken }, refreshFor) => [
      access.write(accessToken, expiresIn),
      refresh.write(refreshToken, refreshFor),
    ],
    clear: () => [access.clear(), refresh.clear()],
  }
}
