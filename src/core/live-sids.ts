/** Which sids live: a store cannot be asked, and need not be asked again while it vouches that nothing changed. */
import type { SessionStore, StoreChange } from './contracts.ts'

const mostRemembered = 10_000

/** Whether the session with a sid lives, as the store knows it; its deadlines are the caller's to check. */
export function liveSids(store: SessionStore): (sid: string) => Promise<boolean> {
  const live = new Set<string>()
  let generation = 0

  let isWatching = false

  function follow(change: StoreChange): void {
    if (change.kind === 'state') return
    generation++
    if (change.kind === 'ended') live.delete(change.sid)
    else if (change.kind !== 'changed') live.clear()
  }

  return async (sid) => {
    // Not before somebody asks: most apps keep nothing by user.
    if (!isWatching) store.watch(follow)
    isWatching = true
    // First: it may deliver what takes the sid away.
    if (store.isCurrent() && live.has(sid)) return true
    const since = generation
    // A store writes nothing, not even nothing, for a session that is not live.
    const { outcome } = await store.writeState({ sid, name: 'live' }, [])
    if (outcome === 'gone') return false
    if (since === generation) {
      if (live.size >= mostRemembered) live.clear()
      live.add(sid)
    }
    return true
  }
}
