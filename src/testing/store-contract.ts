/**
 * The contract of `SessionStore`, as tests. A store is done when its suite passes:
 *
 *     import { describe, expect, it } from 'vitest'
 *     describeStore({ describe, expect, it }, 'myStore()', async () => ({ store, advance, close }))
 */
import type { OpenStore } from './opened-store.ts'
import { describeChanges } from './store-changes.ts'
import { describeCounters } from './store-counters.ts'
import { describeEnding } from './store-ending.ts'
import { describeLimits } from './store-limits.ts'
import { describeRevocation } from './store-revocation.ts'
import { describeRotation } from './store-rotation.ts'
import { describeSessionLimit } from './store-session-limit.ts'
import { describeSessions } from './store-sessions.ts'
import { describeState } from './store-state.ts'
import { describeSweep } from './store-sweep.ts'
import type { TestRunner } from './test-runner.ts'

/** Proves every sentence of the store contract. `open` makes a new, empty store for each test. */
export function describeStore(runner: TestRunner, name: string, open: OpenStore): void {
  runner.describe(name, () => {
    describeSessions(runner, open)
    describeRotation(runner, open)
    describeEnding(runner, open)
    describeRevocation(runner, open)
    describeSessionLimit(runner, open)
    describeState(runner, open)
    describeLimits(runner, open)
    describeCounters(runner, open)
    describeSweep(runner, open)
    describeChanges(runner, open)
  })
}
