/** Which sessions gave way to others of their user, so that their browsers can be told why they are out. */
import type { SessionStore } from './contracts.ts'
import type { TokenMint } from './token.ts'

// Only a courtesy: who comes after so many others, or after a restart, is told that the session has ended, as ever.
const mostRemembered = 10_000

/** Whether the session of a credential gave way, as far as this process has heard and remembers. */
export function replacedIds(store: SessionStore, mint: TokenMint): (credential: string) => boolean {
  const ids = new Set<string>()
  store.watch((change) => {
    if (change.kind !== 'ended' || change.why !== 'replaced') return
    ids.add(change.id)
    for (const oldest of ids) {
      if (ids.size <= mostRemembered) break
      ids.delete(oldest)
    }
  })
  return (credential) => {
    const token = mint.read(credential)
    return token !== null && ids.has(mint.id(token))
  }
}
