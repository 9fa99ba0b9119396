/** Whose state is whose, and for how long: tabs, sessions, people and apps. */
import { describe, expect, it } from 'vitest'
import type { ScopedState } from '../../src/core/state.ts'
import { codeOf, stateOf, valuesOf, visitor } from './opened-state.ts'
import { ben, day, hour, minute, startProcess } from './samples.ts'

describe('state', () => {
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
