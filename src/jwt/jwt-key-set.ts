/** The keys of one issuer: which signs, which still verify, and what the world may see of them. */
import type { JsonObject } from '../core/contracts.ts'
import { ConfigError } from '../core/errors.ts'
import type { JwtKey } from './jwt-key.ts'

/** Keys by `kid`. */
export interface JwtKeySet {
  /** What new tokens are signed with. */
  readonly signing: JwtKey & { readonly signing: NonNullable<JwtKey['signing']> }
  /** The key of exactly this name, or `null`. A `kid` is looked up here and nowhere else: it is no path, query or URL. */
  find(kid: string): JwtKey | null
  /** The public keys as a JWK set (RFC 7517 §5). */
  readonly published: { readonly keys: readonly JsonObject[] }
}

/**
 * The set of these keys: the first signs, all verify. To rotate, deploy `[old, new]` (everyone learns the new one), then
 * `[new, old]`, and `[new]` once the last token of the old one has expired. Throws `ConfigError` for an empty set, one that
 * cannot sign, or two keys of one name.
 */
export function jwtKeySet(keys: readonly JwtKey[]): JwtKeySet {
  const [first] = keys
  if (first === undefined || first.signing === null)
    throw new ConfigError('ERR_CONFIG_INVALID', 'The first JWT key must be able to sign: give a private one.')
  const byKid = new Map(keys.map((key) => [key.kid, key]))
  if (byKid.size !== keys.length)
    throw new ConfigError(
      'ERR_CONFIG_INVALID',
      'Two JWT keys have the same kid. Each needs a name of its own.',
    )
  return {
    signing: { ...first, signing: first.signing },
    find: (kid) => byKid.get(kid) ?? null,
    published: { keys: keys.flatMap(({ published }) => (published === null ? [] : [published])) },
  }
}
