/** What an ID token says of when and how somebody signed in at their provider. */

/** Values of the claims `acr` and `amr`, one of which is enough (OpenID Connect Core §2, RFC 8176). */
export interface FactorClaims {
  readonly acr: readonly string[]
  readonly amr: readonly string[]
}

type Claims = Readonly<Record<string, unknown>> | undefined

/** When the provider last asked them; 0 where it does not say, and never later than now. */
export function askedAtOf(claims: Claims): number {
  const at = claims?.auth_time
  return typeof at === 'number' ? Math.min(at * 1000, Date.now()) : 0
}

/** Whether it says that they showed a second factor. */
export function saysFactor(claims: Claims, { acr, amr }: FactorClaims): boolean {
  if (typeof claims?.acr === 'string' && acr.includes(claims.acr)) return true
  return Array.isArray(claims?.amr) && claims.amr.some((one) => typeof one === 'string' && amr.includes(one))
}
