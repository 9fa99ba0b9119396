/** Passkeys: what a browser is asked, and what is believed of its answer (WebAuthn level 3, by `@simplewebauthn/server`). */
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'

/** A passkey as it is kept: nothing of it opens anything. */
export interface Passkey {
  readonly id: string
  /** COSE, in base64url. */
  readonly publicKey: string
  readonly counter: number
  readonly transports: readonly string[]
}

/** Whose site it is: from our own configuration, never from a request. */
export interface RelyingParty {
  /** Host name: the RP ID. */
  readonly id: string
  readonly origin: string
  readonly name: string
}

/** What a browser showed with a passkey. */
export interface Assertion {
  readonly counter: number
  /** Whether the device made sure of the person, by PIN or biometrics. */
  readonly userVerified: boolean
}

/** An answer as the browser sends it, read so far that its owner and its challenge can be looked up. */
export interface PasskeyAnswer {
  readonly credentialId: string
  readonly challenge: string
  /** Whose it claims to be; `null` where the device does not say. */
  readonly userHandle: string | null
  readonly raw: object
}

const longestAnswer = 16_384
const patience = 5 * 60_000

/** The relying party of a site; `null` where browsers have no passkeys: for a bare address, and without TLS. */
export function relyingParty(origin: string, name: string): RelyingParty | null {
  const { hostname: id, protocol } = new URL(origin)
  // An IP address is no RP ID (WebAuthn §5.1.3); plain http is a secure context on localhost alone.
  if (/^[\d.]+$/.test(id) || id.startsWith('[')) return null
  const isLocal = id === 'localhost' || id.endsWith('.localhost')
  return protocol === 'https:' || isLocal ? { id, origin, name } : null
}

/** What `navigator.credentials.create` is given, as JSON. */
export async function creationOptions(
  site: RelyingParty,
  who: { readonly handle: string; readonly name: string; readonly label: string },
  known: readonly Passkey[],
  challenge: string,
): Promise<object> {
  const { generateRegistrationOptions } = await import('@simplewebauthn/server')
  return generateRegistrationOptions({
    ...{ rpID: site.id, rpName: site.name, challenge: bytesOf(challenge), timeout: patience },
    ...{ userID: bytesOf(who.handle), userName: who.name, userDisplayName: who.label },
    attestationType: 'none',
    excludeCredentials: known.map(described),
    // Found without a name typed first; a key that has no room for that is a second factor still.
    authenticatorSelection: { residentKey: 'preferred', userVerification: 'preferred' },
  })
}

/** What `navigator.credentials.get` is given, as JSON. Without `known` the person chooses among those of this site. */
export function requestOptions(site: RelyingParty, known: readonly Passkey[], challenge: string): object {
  return {
    ...{ rpId: site.id, challenge, timeout: patience },
    allowCredentials: known.map((one) => ({ ...described(one), type: 'public-key' })),
    userVerification: known.length === 0 ? 'required' : 'preferred',
  }
}

/** `null` for what is no answer of a browser. */
export function readPasskeyAnswer(text: string): PasskeyAnswer | null {
  if (text.length > longestAnswer) return null
  try {
    const raw: unknown = JSON.parse(text)
    const { id, response } = raw as { id?: unknown; response?: Readonly<Record<string, unknown>> }
    const { clientDataJSON, userHandle } = response ?? {}
    if (typeof id !== 'string' || typeof clientDataJSON !== 'string') return null
    const { challenge } = JSON.parse(Buffer.from(clientDataJSON, 'base64url').toString('utf8')) as {
      challenge?: unknown
    }
    if (typeof challenge !== 'string') return null
    return {
      ...{ credentialId: id, challenge, raw: raw as object },
      userHandle: typeof userHandle === 'string' && userHandle !== '' ? userHandle : null,
    }
  } catch {
    return null
  }
}

/** The passkey that a browser made for us; `null` if it did not. The challenge is the caller's to check. */
export async function madePasskey(site: RelyingParty, answer: PasskeyAnswer): Promise<Passkey | null> {
  const { verifyRegistrationResponse } = await import('@simplewebauthn/server')
  try {
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: answer.raw as RegistrationResponseJSON,
      expectedChallenge: answer.challenge,
      expectedOrigin: site.origin,
      expectedRPID: site.id,
      requireUserVerification: false,
    })
    if (!verified) return null
    const { id, publicKey, counter, transports = [] } = registrationInfo.credential
    return { id, publicKey: Buffer.from(publicKey).toString('base64url'), counter, transports }
  } catch {
    // It throws for whatever is wrong with an answer; none of it is a fault of ours.
    return null
  }
}

/**
 * What a browser showed with this passkey; `null` if nothing. The challenge and the counter are the caller's to check: what
 * came of the counter is known only where it is written.
 */
export async function shownPasskey(
  site: RelyingParty,
  answer: PasskeyAnswer,
  passkey: Passkey,
): Promise<Assertion | null> {
  const { verifyAuthenticationResponse } = await import('@simplewebauthn/server')
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: answer.raw as AuthenticationResponseJSON,
      expectedChallenge: answer.challenge,
      expectedOrigin: site.origin,
      expectedRPID: site.id,
      requireUserVerification: false,
      credential: { id: passkey.id, publicKey: bytesOf(passkey.publicKey), counter: 0 },
    })
    if (!verified) return null
    return { counter: authenticationInfo.newCounter, userVerified: authenticationInfo.userVerified }
  } catch {
    return null
  }
}

/** Whether a counter went back or stood still: then there are two of a device that counts (WebAuthn §6.1.1). */
export function isCounterBack(before: number, now: number): boolean {
  return (before > 0 || now > 0) && now <= before
}

function described({ id, transports }: Passkey): { id: string; transports: string[] } {
  return { id, transports: [...transports] }
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(text, 'base64url'))
}
