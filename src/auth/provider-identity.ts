/** Whom a provider's claims speak of, and what of them is told. */
import type { Identity, Json, JsonObject } from '../core/contracts.ts'

export interface IdentityOptions {
  /** The claim that holds roles; dots lead into objects (`realm_access.roles`). */
  readonly rolesClaim: string
  /** Whether its word is taken for addresses of which it does not say whether they are verified. @default false */
  readonly trustEmail?: boolean
}

const protocolClaims: ReadonlySet<string> = new Set(
  [
    'iss',
    'aud',
    'azp',
    'exp',
    'nbf',
    'iat',
    'jti',
    'nonce',
    'at_hash',
    'c_hash',
    's_hash',
    'sid',
    'auth_time',
  ].concat(['acr', 'amr', 'rolesClaim', '__proto__']),
)

/** The person as we know them. */
export function identityOf(
  name: string,
  userId: string,
  from: JsonObject,
  { rolesClaim, trustEmail = false }: IdentityOptions,
): Identity {
  const claims: Record<string, Json> = {}
  for (const [claim, value] of Object.entries(from)) if (!protocolClaims.has(claim)) claims[claim] = value
  // SECURITY: an app that goes by addresses would take one that nobody has checked for its owner's. Unknown is not checked.
  if (!isVerified(claims.email_verified, trustEmail)) delete claims.email
  claims.roles = rolesIn(from, rolesClaim)
  return { userId, authenticator: name, claims }
}

/** A boolean (OpenID Connect Core §5.1), or the text that some providers make of it. */
function isVerified(said: Json | undefined, trusted: boolean): boolean {
  return said === undefined ? trusted : said === true || said === 'true'
}

function rolesIn(claims: JsonObject, path: string): readonly string[] {
  // Some providers' claims are named by a URL, dots and all.
  let value: Json | undefined = claims[path]
  if (value === undefined) {
    value = path
      .split('.')
      .reduce<Json | undefined>((at, key) => (isObject(at) ? at[key] : undefined), claims)
  }
  if (typeof value === 'string') return [value]
  return Array.isArray(value) ? value.filter((role): role is string => typeof role === 'string') : []
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
