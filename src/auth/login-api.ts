/** An API of somebody else's that knows who people are: it takes a name and a password, and vouches by a token. */
import type { CredentialsAuthenticator, Identity, Json, JsonObject } from '../core/contracts.ts'
import { AuthError } from '../core/errors.ts'
import type { Vouched, Voucher } from './voucher.ts'

export interface LoginApiOptions {
  /** Takes `{username, password}` by POST. */
  readonly url: URL
  /** Takes `{token}` by POST; `null`: nobody is asked about again. */
  readonly verifyUrl: URL | null
  /** How long an answer may take, in milliseconds. @default 10000 */
  readonly patience?: number
}

export interface LoginApi extends Voucher {
  readonly name: 'login-api'
  /**
   * Who the name and password belong to; `null` if to nobody. Rejects with `AuthError` when the API cannot tell: it is
   * away, fails, or answers what cannot be understood.
   */
  signIn(username: string, password: string, signal: AbortSignal): Promise<Vouched | null>
}

const mostBytes = 65_536
const longestText = 256
const mostClaims = 32
const longestToken = 8_192

/** Speaks to the API. Nothing is asked yet. */
export function loginApi({ url, verifyUrl, patience = 10_000 }: LoginApiOptions): LoginApi {
  const ask = async (where: URL, body: JsonObject, signal: AbortSignal): Promise<Answer> => {
    try {
      const response = await fetch(where, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify(body),
        // A password must not follow a redirect to wherever it points.
        redirect: 'error',
        signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]),
      })
      return { status: response.status, text: await bodyOf(response) }
    } catch (cause) {
      if (cause instanceof AuthError) throw cause
      throw new AuthError('ERR_AUTH_UNAVAILABLE', `${where.origin} did not answer.`, { cause })
    }
  }

  return {
    name: 'login-api',

    async signIn(username, password, signal) {
      const answer = await ask(url, { username, password }, signal)
      if ([400, 401, 403, 422].includes(answer.status)) return null
      return vouchedBy(url, answer, username)
    },

    async verify(token, signal) {
      if (verifyUrl === null) return 'untold'
      const answer = await ask(verifyUrl, { token }, signal)
      if (answer.status === 401 || answer.status === 403) return null
      return vouchedBy(verifyUrl, answer, null)
    },
  }
}

interface Answer {
  readonly status: number
  readonly text: string
}

async function bodyOf(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const piece of response.body ?? []) {
    text += decoder.decode(piece as Uint8Array, { stream: true })
    if (text.length > mostBytes) throw strange(response.url, `more than ${mostBytes} bytes`)
  }
  return text + decoder.decode()
}

/** The person in an answer; `null` for an empty one, which is how many an API says no. */
function vouchedBy(where: URL, { status, text }: Answer, username: string | null): Vouched | null {
  if (status === 429) throw new AuthError('ERR_AUTH_BUSY', `${where.origin} asks for patience (429).`)
  if (status < 200 || status > 299) throw strange(where.href, `status ${status}`)
  const body = parse(text)
  if (body === null || Array.isArray(body) || typeof body !== 'object')
    throw strange(where.href, 'no JSON object')
  const user = body as JsonObject
  const userId = idOf(user.id) ?? idOf(user.username)
  if (userId === null) {
    if (Object.keys(user).length === 0) return null
    throw strange(where.href, 'neither `id` nor `username`')
  }
  const token = user.token
  if (typeof token === 'string' && token.length > longestToken)
    throw strange(where.href, `a token of more than ${longestToken} characters`)
  return {
    identity: { userId, authenticator: 'login-api', claims: claimsOf(user, username) },
    token: typeof token === 'string' && token !== '' ? token : null,
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return null
  }
}

function idOf(value: Json | undefined): string | null {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
  return typeof value === 'string' && value.trim() !== '' && value.length <= longestText ? value : null
}

// An answer may hold more than is meant for an app: what opens something stays out of what the app is told.
const secretive = /pass|pwd|token|secret|hash|salt|otp|pin$|private|credential|(?:^|_)key/i

function claimsOf(user: JsonObject, username: string | null): JsonObject {
  const claims: Record<string, Json> = {}
  const preferred = idOf(user.username) ?? username
  if (preferred !== null) claims.preferred_username = preferred
  for (const [name, value] of Object.entries(user)) {
    if (name === 'id' || name === 'username' || name === '__proto__' || secretive.test(name)) continue
    if (Object.keys(claims).length < mostClaims && isPlain(value)) claims[name] = value
  }
  return claims
}

function isPlain(value: Json): boolean {
  if (Array.isArray(value)) return value.length <= mostClaims && value.every(isText)
  return isText(value) || typeof value === 'number' || typeof value === 'boolean'
}

function isText(value: Json): boolean {
  return typeof value === 'string' && value.length <= longestText
}

/** The message never holds what came: it may be somebody's password, sent back. */
function strange(where: string, what: string): AuthError {
  return new AuthError(
    'ERR_AUTH_UNAVAILABLE',
    `${new URL(where).origin} answered what cannot be used: ${what}.`,
  )
}

/** The API as what checks a name and a password, and the token that came with each identity it gave. */
export function loginApiAuthenticator(api: LoginApi): {
  readonly authenticator: CredentialsAuthenticator
  readonly tokenOf: (identity: Identity) => string | null
} {
  const tokens = new WeakMap<Identity, string>()
  return {
    tokenOf: (identity) => tokens.get(identity) ?? null,
    authenticator: {
      kind: 'credentials',
      name: api.name,
      async verify(username, password, signal) {
        const vouched = await api.signIn(username, password, signal)
        if (vouched === null) return null
        if (vouched.token !== null) tokens.set(vouched.identity, vouched.token)
        return vouched.identity
      },
    },
  }
}
