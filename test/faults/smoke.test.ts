/**
 * Half a minute of the fault suite: three replicas on each store, the faults that break most, and every promise checked.
 * Fail-overs, which need more time than that, are for `npm run faults`.
 */
import { describe, expect, it } from 'vitest'
import type { BackendName } from '../../faults/backend.ts'
import type { FaultKind } from '../../faults/nemesis.ts'
import { run } from '../../faults/run.ts'
import { verdictOf } from '../../faults/verdict.ts'

const runs: readonly (readonly [BackendName, readonly FaultKind[]])[] = [
  ['postgres', ['partition one', 'kill store', 'hang one']],
  ['redis', ['freeze store', 'feed lossy', 'partition all']],
  ['sqlite', ['kill replica', 'pause replica']],
]

describe('three replicas, while what they rest on fails', { timeout: 90_000 }, () => {
  // In a few seconds of faults one store may see none.
  let signedOut = 0

  it.each(runs)('keep every promise on %s', async (store, faults) => {
    // Other tests want the same processors.
    const { violations, history } = await run({
      ...{ store, seed: 1, seconds: 4, faults, people: 4, slack: 2_500 },
      isOnLoopback: true,
    })
    // One text: of a list, a report shows how long it is.
    expect(verdictOf(violations, history)).toBe('')
    // A run in which nothing happens keeps every promise.
    expect(history.faults.length).toBeGreaterThan(0)
    expect(history.operations.filter(({ outcome }) => outcome === 'ok').length).toBeGreaterThan(50)
    signedOut += history.operations.filter(
      ({ act, outcome }) => act === 'sign-out' && outcome === 'ok',
    ).length
  })

  it('had people sign out in it', () => {
    expect(signedOut).toBeGreaterThan(0)
  })
})
