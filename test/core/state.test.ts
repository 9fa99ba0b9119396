import { afterEach, describe, expect, it } from 'vitest'
import type { SessionStore, StateScope } from '../../src/core/contracts.ts'
import { StateError, ValueError } from '../../src/core/errors.ts'
import type { Session } from '../../src/core/session.ts'
import { createStateEngine } from '../../src/core/session-state.ts'
import type { ScopedState, SessionState, StateEvent } from '../../src/core/state.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { ben, Clock, day, hour, minute, type Process, settled, startProcess } from './samples.ts'

function stateOf(process: Process, session: Session): SessionState {
  const capability = process.sessions.capability(session)
  const state = capability === null ? null : process.sessions.state.of(capability)
  if (state === null) throw new Error('The session opens no state.')
  return state
}

/** The code of what a call rejects with. */
async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call
  } catch (error) {
    if (error instanceof StateError || error instanceof ValueError) return error.code
    throw error
  }
  return 'none'
}

async function valuesOf(scope: ScopedState | null): Promise<Record<string, unknown>> {
  const entries = (await scope?.entries()) ?? new Map()
  return Object.fromEntries([...entries].map(([key, { value }]) => [key, value]))
}

/** The session in which a browser works before anybody signs in. */
async function visitor(process: Process): Promise<Session> {
  const started = await process.sessions.start(process.sessions.beginAnonymous())
  if (started === null) throw new Error('Not started.')
  return started.session
}

describe('state', () => {
  it('gives back what was set, tells null from absent, and counts versions', async () => {
    const process = await startProcess()
    const { session } = await process.signIn()
    const state = stateOf(process, session).session
    const cart = { items: ['kelp', new Date(0)], seen: new Set([1n]), at: new Uint8Array([1]) }
    expect(await state.set('cart', cart)).toBe(1)
    for (const [key, value] of [
      ['null', null],
      ['zero', 0],
      ['no', false],
      ['', ''],
    ] as const)
      await state.set(key, value)
    expect(await state.get('cart')).toEqual(cart)
    expect(await state.get('null')).toBeNull()
    expect(await state.get('zero')).toBe(0)
    expect(await state.get('no')).toBe(false)
    expect(await state.get('')).toBe('')
    expect(await state.get('none')).toBeUndefined()
    expect(await state.set('cart', {})).toBe(2)
    expect(await state.delete('cart')).toBe(true)
    expect(await state.delete('cart')).toBe(false)
    expect(await state.get('cart')).toBeUndefined()
    expect([...(await state.entries()).keys()].sort()).toEqual(['', 'no', 'null', 'zero'])
    expect([...(await state.entries(['no', 'none'])).keys()]).toEqual(['no'])
    await state.clear()
    expect(await valuesOf(state)).toEqual({})
  })

  it('keeps the scopes of two people, two sessions and two tabs apart', async () => {
    const process = await startProcess()
    const anna = stateOf(process, (await process.signIn()).session)
    const annaElsewhere = stateOf(process, (await process.signIn()).session)
    const other = stateOf(process, (await process.signIn({ identity: ben })).session)
    const scopes: readonly (readonly [string, ScopedState | null])[] = [
      ['session', anna.session],
      ['elsewhere', annaElsewhere.session],
      ['ben', other.session],
      ['tab', anna.tab('a')],
      ['other tab', anna.tab('b')],
      ['page', anna.page('a')],
      ["same tab's name elsewhere", annaElsewhere.tab('a')],
      ['user', anna.user],
      ["ben's", other.user],
      ['app', anna.app],
    ]
    for (const [name, scope] of scopes) await scope?.set('key', name)
    for (const [name, scope] of scopes) expect(await valuesOf(scope)).toEqual({ key: name })
    expect(await annaElsewhere.user?.get('key')).toBe('user')
    expect(await other.app.get('key')).toBe('app')
    expect(await process.sessions.state.app.get('key')).toBe('app')
  })

  it('keeps apps that share a store apart, also where everything else is the same', async () => {
    const one = await startProcess({ app: 'one' })
    const two = await startProcess({ app: 'two', store: one.store, keyring: one.keyring, clock: one.clock })
    const capability = one.sessions.capability((await one.signIn()).session) ?? ''
    expect(two.sessions.state.of(capability)).toBeNull()
    await one.sessions.state.app.set('key', 1)
    expect(await two.sessions.state.app.get('key')).toBeUndefined()
  })

  it('is the same on every replica, and after the token was rotated', async () => {
    const one = await startProcess()
    const two = await startProcess({ clock: one.clock, store: one.store, keyring: one.keyring })
    const issued = await one.signIn()
    await stateOf(one, issued.session).session.set('draft', 'x')
    one.clock.advance(hour)
    const next = await one.sessions.rotate(issued.session, issued.credential)
    const found = await two.sessions.load(next?.credential ?? '')
    if (found === null) throw new Error('The new token names no session.')
    expect(await stateOf(two, found.session).session.get('draft')).toBe('x')
    expect(await stateOf(two, found.session).session.set('draft', 'y')).toBe(2)
    expect(await stateOf(one, issued.session).session.get('draft')).toBe('y')
  })

  it('ends with the session, and stays for the user', async () => {
    const process = await startProcess()
    const { session } = await process.signIn()
    const state = stateOf(process, session)
    await state.session.set('a', 1)
    await state.tab('t').set('a', 1)
    await state.user?.set('a', 1)
    await process.sessions.end(session.sid)
    for (const scope of [state.session, state.tab('t'), state.tab('new'), state.page('t'), state.user]) {
      expect(await scope?.get('a')).toBeUndefined()
      expect(await scope?.write([{ key: 'a', value: 2 }])).toEqual({ outcome: 'gone' })
      expect(await codeOf(scope?.set('a', 2) ?? Promise.resolve())).toBe('ERR_SESSION_ENDED')
      expect(await codeOf(scope?.delete('a') ?? Promise.resolve())).toBe('ERR_SESSION_ENDED')
      expect(await codeOf(scope?.clear() ?? Promise.resolve())).toBe('ERR_SESSION_ENDED')
    }
    const again = stateOf(process, (await process.signIn()).session)
    expect(await valuesOf(again.session)).toEqual({})
    expect(await valuesOf(again.tab('t'))).toEqual({})
    expect(await valuesOf(again.user)).toEqual({ a: 1 })
  })

  it('is closed to a session that was revoked, and to one past its absolute deadline', async () => {
    const process = await startProcess()
    const { session } = await process.signIn({ remember: true })
    const capability = process.sessions.capability(session) ?? ''
    const state = stateOf(process, session)
    await state.user?.set('a', 1)
    await state.session.set('a', 1)
    process.clock.advance(30 * day - 1)
    expect(await state.user?.get('a')).toBe(1)
    process.clock.advance(1)
    expect(process.sessions.state.of(capability)).toBeNull()
    for (const scope of [state.user, state.session, state.tab('t')]) {
      expect(await scope?.get('a')).toBeUndefined()
      expect(await scope?.write([{ key: 'a', value: 2 }])).toEqual({ outcome: 'gone' })
    }
    const second = await process.signIn()
    const other = stateOf(process, second.session)
    expect(await other.user?.get('a')).toBe(1)
    await process.sessions.revokeUser({ authenticator: 'users-file', userId: 'anna' })
    expect(await other.user?.get('a')).toBeUndefined()
    expect(await other.session.write([{ key: 'a', value: 2 }])).toEqual({ outcome: 'gone' })
  })

  it('gives an anonymous visitor a session and tabs, and no user', async () => {
    const process = await startProcess()
    const state = stateOf(process, await visitor(process))
    expect(state.owner).toBeNull()
    expect(state.user).toBeNull()
    await state.session.set('a', 1)
    expect(await state.session.get('a')).toBe(1)
  })

  it('writes several keys at once or none, and names those in conflict', async () => {
    const process = await startProcess()
    const state = stateOf(process, (await process.signIn()).session).session
    await state.write([
      { key: 'a', value: 1 },
      { key: 'b', value: 1 },
    ])
    const conflict = await state.write([
      { key: 'a', value: 2, ifVersion: 1 },
      { key: 'b', value: 2, ifVersion: 9 },
      { key: 'c', delete: true, ifVersion: 1 },
      { key: 'd', value: 2 },
    ])
    expect(conflict).toEqual({ outcome: 'conflict', keys: ['b', 'c'] })
    expect(await valuesOf(state)).toEqual({ a: 1, b: 1 })
    const written = await state.write([
      { key: 'a', delete: true, ifVersion: 1 },
      { key: 'b', value: 2, ifVersion: 1 },
      { key: 'c', value: 1, ifVersion: null },
    ])
    expect(written).toEqual({
      outcome: 'written',
      versions: new Map([
        ['a', 2],
        ['b', 2],
        ['c', 3],
      ]),
    })
    expect(await valuesOf(state)).toEqual({ b: 2, c: 1 })
  })

  it('writes nothing of a write that holds what cannot be kept', async () => {
    const process = await startProcess()
    const state = stateOf(process, (await process.signIn()).session).session
    const bad = [
      { key: 'a', value: 1 },
      { key: 'b', value: () => {} },
    ]
    expect(await codeOf(state.write(bad))).toBe('ERR_VALUE_TYPE')
    expect(
      await codeOf(
        state.write([
          { key: 'a', value: 1 },
          { key: '\ud800', value: 1 },
        ]),
      ),
    ).toBe('ERR_STATE_KEY')
    expect(await codeOf(state.set('k'.repeat(1025), 1))).toBe('ERR_STATE_KEY')
    expect(await codeOf(state.set('é'.repeat(513), 1))).toBe('ERR_STATE_KEY')
    expect(
      await codeOf(
        state.encoded.write([
          { key: 'a', text: '1' },
          { key: 'b', text: 'NaN' },
        ]),
      ),
    ).toBe('ERR_VALUE_SYNTAX')
    expect(await valuesOf(state)).toEqual({})
    expect(await state.set('é'.repeat(512), 1)).toBe(1)
    expect(() => stateOf(process, { ...({} as Session) })).toThrow()
  })

  it('says which value is too large, how large, and writes nothing', async () => {
    const clock = new Clock()
    const store = memoryStore({ now: clock.now })
    const { keyring, sessions, signIn } = await startProcess({ clock, store })
    const engine = createStateEngine({ store, keyring, now: clock.now, limits: { value: 100, scope: 4096 } })
    const state = engine.of(sessions.capability((await signIn()).session) ?? '')?.session
    if (state === undefined) throw new Error('The capability opens nothing.')
    // 98 characters and two quotes are exactly 100 bytes; an é is two.
    expect(await state.set('fits', 'x'.repeat(98))).toBe(1)
    expect(
      await state.write([
        { key: 'a', value: 1 },
        { key: 'big', value: 'é'.repeat(50) },
      ]),
    ).toEqual({
      ...{ outcome: 'too-large', of: 'value' },
      ...{ key: 'big', bytes: 102, limit: 100 },
    })
    await expect(state.set('big', 'x'.repeat(99))).rejects.toThrow(
      'State "big" is 101 bytes large, and 100 is the most',
    )
    expect([...(await state.entries()).keys()]).toEqual(['fits'])
    let written = 1
    let outcome = await state.write([{ key: `${written}`, value: written }])
    while (outcome.outcome === 'written' && written < 100)
      outcome = await state.write([{ key: `${++written}`, value: written }])
    expect(outcome).toEqual({
      ...{ outcome: 'too-large', of: 'scope' },
      ...{ key: `${written}`, bytes: (written + 1) * 284, limit: 4096 },
    })
    expect(await codeOf(state.set('more', 1))).toBe('ERR_STATE_TOO_LARGE')
    // What there is can still be changed and removed.
    expect(await state.set('1', 2)).toBe(2)
    expect(await state.delete('2')).toBe(true)
    expect(await state.set('more', 1)).toBeGreaterThan(0)
  })

  it('keeps the text of values that are only carried as it was written', async () => {
    const process = await startProcess()
    const state = stateOf(process, (await process.signIn()).session).session
    const text = '{"b":1.0,"10":{"$int":"1"},"1":[1e+16]}'
    await state.encoded.write([{ key: 'k', text }])
    expect((await state.encoded.read()).get('k')).toEqual({ text, version: 1 })
  })

  it('keeps fifty tabs of a session, and forgets the one that was written longest ago', async () => {
    const process = await startProcess()
    const state = stateOf(process, (await process.signIn({ remember: true })).session)
    for (let tab = 0; tab < 50; tab++) {
      await state.tab(`tab ${tab}`).set('key', tab)
      await state.page(`tab ${tab}`).set('widgets', tab)
      process.clock.advance(minute)
    }
    process.clock.advance(hour)
    // Written again, so that it is the second that was written longest ago.
    await state.tab('tab 0').set('key', 'again')
    await state.tab('one more').set('key', 1)
    expect(await state.tab('tab 0').get('key')).toBe('again')
    expect(await state.tab('tab 1').get('key')).toBeUndefined()
    expect(await state.page('tab 1').get('widgets')).toBeUndefined()
    expect(await state.tab('tab 2').get('key')).toBe(2)
    expect(await state.tab('one more').get('key')).toBe(1)
    expect(await codeOf((async () => state.tab('x'.repeat(201)))())).toBe('ERR_STATE_KEY')
  })
})

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
