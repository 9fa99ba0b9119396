/** Ending what was never stored. */
import type { Beginning } from './beginning.ts'
import type { SessionStore } from './contracts.ts'
import { random } from './crypto.ts'
import { StoreError } from './errors.ts'
import type { Keyring } from './keyring.ts'
import { sessionRecord } from './record.ts'
import type { Session } from './session.ts'

export interface TombstoneParts {
  readonly store: SessionStore
  readonly keyring: Keyring
  readonly beginnings: Beginning
}

const attempts = 3

/**
 * Of an anonymous session nothing is stored that could end, and a request on its way could start it yet: it is stored, so
 * that its end leaves a tombstone.
 */
export async function leaveTombstone(
  { store, keyring, beginnings }: TombstoneParts,
  session: Session,
): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const stored = { ...session, begun: await beginnings.now(), version: 1 }
    const creation = await store.create(sessionRecord(keyring, stored, random(32), random(32)))
    if (creation !== 'revoked') return
    beginnings.forget()
  }
  throw new StoreError(
    'ERR_STORE_UNAVAILABLE',
    'Revocations came too fast to sign in between them. Try again.',
  )
}
