/** What is kept of a sign-in at an OpenID provider, to ask about it again: sealed in the store, never sent to a browser. */

export interface ProviderTicket {
  readonly subject: string
  /** The refresh token; `null` if the provider gave none. */
  readonly refresh: string | null
  readonly idToken: string | null
  /** The session at the provider, if it names it. */
  readonly providerSid: string | null
  /** When the ID token was issued, in seconds of the provider's clock. */
  readonly issuedAt: number | null
}

export function writeTicket(ticket: ProviderTicket): string {
  return JSON.stringify(ticket)
}

/** `null` for what is no ticket. */
export function readTicket(text: string): ProviderTicket | null {
  try {
    const { subject, refresh, idToken, providerSid, issuedAt } = JSON.parse(text) as Partial<ProviderTicket>
    if (typeof subject !== 'string') return null
    return {
      ...{ subject, refresh: refresh ?? null, idToken: idToken ?? null },
      ...{ providerSid: providerSid ?? null, issuedAt: issuedAt ?? null },
    }
  } catch {
    return null
  }
}
