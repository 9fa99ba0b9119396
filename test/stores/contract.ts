/**
 * The contract of `SessionStore`, as tests. A store is done when its suite passes:
 *
 *     describeStore('myStore()', async () => ({ store, advance, close }))
 */
import { describe } from 'vitest'
import { describeChanges } from './contract/changes.ts'
import { describeCounters } from './contract/counters.ts'
import { describeEnding } from './contract/ending.ts'
import { describeHistory } from './contract/history.ts'
import type { OpenStore } from './contract/opened.ts'
import { describeRevocation } from './contract/revocation.ts'
import { describeRotation } from './contract/rotation.ts'
import { describeSessions } from './contract/sessions.ts'
import { describeState } from './contract/state.ts'
import { describeSweep } from './contract/sweep.ts'

export type { OpenedStore, OpenStore } from './contract/opened.ts'

/** Proves every sentence of the store contract. `open` makes a new, empty store for each test. */
export function describeStore(name: string, open: OpenStore): void {
  describe(name, () => {
    describeSessions(open)
    describeRotation(open)
    describeEnding(open)
    describeRevocation(open)
    describeState(open)
    describeCounters(open)
    describeSweep(open)
    describeChanges(open)
    describeHistory(open)
  })
}
