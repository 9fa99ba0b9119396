import { expect, it } from 'vitest'
import { beginning } from '../../src/core/beginning.ts'
import type { SessionStore } from '../../src/core/contracts.ts'
import { memoryStore } from '../../src/stores/memory.ts'

/** A store that a fail-over may lead to another history, of which nobody is told but by a gap. */
async function failingOver(lost: number) {
  let serving: SessionStore = memoryStore()
  for (let count = 0; count < lost; count++) await serving.revoke({ user: 'kelp' }, 5)
  let answer = (): Promise<void> => Promise.resolve()
  const store: SessionStore = {
    ...serving,
    isCurrent: () => true,
    async mark(user) {
      const mark = await serving.mark(user)
      await answer()
      return mark
    },
  }
  return {
    store,
    failOver() {
      serving = memoryStore()
    },
    /** Lets the next answers be on their way until it is called. */
    hold(): () => void {
      let release = (): void => {}
      const released = new Promise<void>((resolve) => {
        release = resolve
      })
      answer = () => released
      return () => {
        answer = () => Promise.resolve()
        release()
      }
    },
  }
}

it('P2: SECURITY: begins where the store is after a gap, not where it was before a fail-over lost the newest', async () => {
  const { store, failOver } = await failingOver(3)
  const beginnings = beginning(store)
  const before = await beginnings.now()
  expect(beginnings.known()).toBe(before)
  failOver()
  beginnings.apply({ kind: 'gap' })
  expect(beginnings.known()).toBe(0)
  expect(await beginnings.now()).toBe(before - 3)
  expect(beginnings.known()).toBe(before - 3)
  beginnings.apply({ kind: 'revoked', epoch: 'all', before: before - 2 })
  expect(await beginnings.now()).toBe(before - 2)
})

it('P2: SECURITY: forgets an answer that was on its way when a fail-over lost what it tells of', async () => {
  const { store, failOver, hold } = await failingOver(3)
  const beginnings = beginning(store)
  const release = hold()
  const early = beginnings.now()
  failOver()
  beginnings.apply({ kind: 'gap' })
  release()
  const before = await early
  expect(await beginnings.now()).toBe(before - 3)
  expect(beginnings.known()).toBe(before - 3)
})
