/** The published contract, in Vitest, and beside it random histories held against a model. */
import { describe, expect, it } from 'vitest'
import type { OpenStore } from '../../src/testing/opened-store.ts'
import { describeStore as describeContract } from '../../src/testing/store-contract.ts'
import { describeHistory } from './contract/history.ts'

export type { OpenedStore, OpenStore } from '../../src/testing/opened-store.ts'

/** Proves every sentence of the store contract. `open` makes a new, empty store for each test. */
export function describeStore(name: string, open: OpenStore): void {
  describeContract({ describe, expect, it }, name, open)
  describe(name, () => describeHistory(open))
}
