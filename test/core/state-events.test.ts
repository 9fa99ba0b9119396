/** What those who watch state are told. */
import { afterEach, describe, expect, it } from 'vitest'
import type { SessionStore, StateScope } from '../../src/core/contracts.ts'
import type { ScopedState, StateEvent } from '../../src/core/state.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { stateOf } from './opened-state.ts'
import { ben, Clock, settled, startProcess } from './samples.ts'

describe('watching state', () => {
  const stops: (() => void)[] = []
  afterEach(() => {
    for (const stop of stops.splice(0)) stop()
  })

  function follow(scope: ScopedState): StateEvent[] {
    const events: StateEvent[] = []
    stops.push(scope.watch((event) => events.push(event)))
    return events
  }

  it('tells in order what the keys hold now, under their names, also what was deleted', async () => {
    const process = await startProcess()
    const two = await startProcess({ clock: process.clock, store: process.store, keyring: process.keyring })
    const issued = await process.signIn()
    const mine = stateOf(process, issued.session)
    const found = await two.sessions.load(issued.credential)
    if (found === null) throw new Error('Not loaded.')
    const theirs = stateOf(two, found.session)
    await theirs.session.set('old', 1)
    const events = follow(mine.session)
    await settled()
    await theirs.session.write([
      { key: 'a', value: [1] },
      { key: 'b', value: null },
    ])
    await settled()
    await theirs.session.delete('old')
    await theirs.tab('t').set('a', 'another scope')
    await theirs.user?.set('a', 'another scope')
    await settled()
    expect(events).toEqual([
      {
        kind: 'changed',
        items: new Map([
          ['a', { value: [1], version: 1 }],
          ['b', { value: null, version: 1 }],
        ]),
      },
      { kind: 'changed', items: new Map([['old', null]]) },
    ])
  })

  it('tells the end of the session once, and nothing after it', async () => {
    const process = await startProcess()
    const { session } = await process.signIn()
    const state = stateOf(process, session)
    const other = stateOf(process, (await process.signIn({ identity: ben })).session)
    const events = [state.session, state.user, state.tab('t'), other.session].map((scope) =>
      scope === null ? [] : follow(scope),
    )
    await process.sessions.end(session.sid)
    await settled()
    await stateOf(process, (await process.signIn()).session).user?.set('a', 1)
    await settled()
    expect(events).toEqual([[{ kind: 'ended' }], [{ kind: 'ended' }], [{ kind: 'ended' }], []])
    await process.sessions.revokeAll()
    await settled()
    expect(events[3]).toEqual([{ kind: 'ended' }])
  })

  it('says that changes may have been missed where the store cannot tell', async () => {
    const clock = new Clock()
    const store = memoryStore({ now: clock.now })
    let isDown = false
    const failing: SessionStore = {
      ...store,
      async readState(scope: StateScope, keys?: readonly string[]) {
        if (isDown) throw new Error('down')
        return store.readState(scope, keys)
      },
    }
    const process = await startProcess({ clock, store: failing })
    const state = stateOf(process, (await process.signIn()).session).session
    const events = follow(state)
    await settled()
    isDown = true
    await state.set('a', 1)
    await settled()
    isDown = false
    await state.set('a', 2)
    await settled()
    expect(events).toEqual([
      { kind: 'gap' },
      { kind: 'changed', items: new Map([['a', { value: 2, version: 2 }]]) },
    ])
  })

  it('stops when it is told to', async () => {
    const process = await startProcess()
    const state = stateOf(process, (await process.signIn()).session).session
    const events: StateEvent[] = []
    const stop = state.watch((event) => events.push(event))
    await state.set('a', 1)
    await settled()
    stop()
    await state.set('a', 2)
    await settled()
    expect(events).toHaveLength(1)
  })
})
