/** Names that were somebody's: what is kept under them must not become another's who registers. */
import type { StateScope } from '../../core/contracts.ts'
import type { SealedState } from '../../core/sealed-state.ts'

export interface RetiredNames {
  /** Notes that the user of this name is no more. Rejects with `StoreError` when that cannot be kept. */
  add(userId: string): Promise<void>
  has(userId: string): Promise<boolean>
}

export function retiredNames(state: SealedState, app: string): RetiredNames {
  const scope: StateScope = { sid: null, name: `retired-names:${app}` }
  return {
    async add(userId) {
      await state.set(scope, userId, true)
    },
    // SECURITY: a change that changes nothing: what does not open must not read as "nobody's".
    async has(userId) {
      const found = await state.change(scope, userId, () => undefined)
      return found !== 'gone' && found.value !== null
    },
  }
}
