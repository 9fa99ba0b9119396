/** Where a sign-in begins among the revocations, so that those before it spare it and those after it end it. */
import type { SessionStore, StoreChange } from './contracts.ts'

export interface Beginning {
  /** The number of the newest revocation. Asks the store only where this process may have missed one. */
  now(): Promise<number>
  /** As far as this process knows without asking; what lies further back than it should is refused, never let in. */
  known(): number
  /** What is known turned out to be old. */
  forget(): void
  /** To be called with every change of the store. */
  apply(change: StoreChange): void
}

export function beginning(store: SessionStore): Beginning {
  let known = 0
  let isKnown = false
  let generation = 0

  const forget = (): void => {
    isKnown = false
    generation++
  }

  async function ask(): Promise<number> {
    const since = generation
    const { number } = await store.mark(null)
    // The race: changes were missed, or lost, while the answer was on its way.
    if (since !== generation) return number
    known = Math.max(known, number)
    isKnown = true
    return number
  }

  return {
    // Of what was acknowledged before, this process has been told all, or it is not current.
    now: async () => (isKnown && store.isCurrent() ? known : ask()),
    known: () => known,
    forget,

    apply(change) {
      if (change.kind === 'revoked') known = Math.max(known, change.before)
      if (change.kind !== 'gap') return
      forget()
      // SECURITY: a fail-over may have lost the newest revocations, and their numbers are given out anew: who began after the
      // lost ones would be spared by those. Too low a number is refused at worst.
      known = 0
      // For those who cannot wait for an answer; who can will ask again.
      ask().catch(() => {})
    },
  }
}
