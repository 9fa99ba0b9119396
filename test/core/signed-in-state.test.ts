/** What becomes of a visitor's state when they sign in. */
import { describe, expect, it } from 'vitest'
import type { SessionStore, StateScope } from '../../src/core/contracts.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { stateOf, valuesOf, visitor } from './opened-state.ts'
import { ben, Clock, startProcess } from './samples.ts'

describe('signing in', () => {
  it('takes along what was done before it, in the session and in its tabs, and ends the old session', async () => {
    const process = await startProcess()
    const before = await visitor(process)
    const old = stateOf(process, before)
    const cart = { items: ['kelp'], at: new Date(0) }
    await old.session.set('cart', cart)
    await old.tab('a').set('filter', 'x')
    await old.page('a').set('widgets', [1])
    await old.page('b').set('widgets', [2])
    const { session } = await process.signIn({ replaces: before })
    const state = stateOf(process, session)
    expect(await valuesOf(state.session)).toEqual({ cart })
    expect(await valuesOf(state.tab('a'))).toEqual({ filter: 'x' })
    expect(await valuesOf(state.page('a'))).toEqual({ widgets: [1] })
    expect(await valuesOf(state.page('b'))).toEqual({ widgets: [2] })
    expect(await valuesOf(state.user)).toEqual({})
    expect(await valuesOf(old.session)).toEqual({})
    expect(await old.session.write([{ key: 'a', value: 1 }])).toEqual({ outcome: 'gone' })
    // And carried tabs are known as such: the next sign-out and sign-in finds nothing of them.
    const again = await process.signIn({ replaces: session })
    expect(await valuesOf(stateOf(process, again.session).tab('a'))).toEqual({})
  })

  it('takes nothing along from somebody who was signed in, be it the same person', async () => {
    const process = await startProcess()
    for (const identity of [ben, undefined]) {
      const before = await process.signIn(identity === undefined ? {} : { identity })
      await stateOf(process, before.session).session.set('secret', 1)
      await stateOf(process, before.session).tab('a').set('secret', 1)
      const { session } = await process.signIn({ replaces: before.session })
      expect(await valuesOf(stateOf(process, session).session)).toEqual({})
      expect(await valuesOf(stateOf(process, session).tab('a'))).toEqual({})
    }
  })

  it('takes nothing along where the anonymous credential was not presented', async () => {
    const process = await startProcess()
    const before = await visitor(process)
    await stateOf(process, before).session.set('a', 1)
    const named = await process.sessions.refresh(before)
    const { session } = await process.signIn({ replaces: named })
    expect(await valuesOf(stateOf(process, session).session)).toEqual({})
  })

  it('takes along what is written while it copies', async () => {
    const clock = new Clock()
    const store = memoryStore({ now: clock.now })
    let late: (() => Promise<unknown>) | null = null
    const slow: SessionStore = {
      ...store,
      async readState(scope: StateScope, keys?: readonly string[]) {
        const found = await store.readState(scope, keys)
        const write = late
        late = null
        await write?.()
        return found
      },
    }
    const process = await startProcess({ clock, store: slow })
    const before = await visitor(process)
    const old = stateOf(process, before)
    await old.session.write([
      { key: 'kept', value: 1 },
      { key: 'deleted', value: 1 },
    ])
    late = async () => {
      // The first read is that of the register of tabs, so the scope itself is read after this.
      late = () =>
        old.session.write([
          { key: 'kept', value: 2 },
          { key: 'deleted', delete: true },
          { key: 'new', value: 3 },
        ])
    }
    const { session } = await process.signIn({ replaces: before })
    expect(late).toBeNull()
    expect(await valuesOf(stateOf(process, session).session)).toEqual({ kept: 2, new: 3 })
  })
})
