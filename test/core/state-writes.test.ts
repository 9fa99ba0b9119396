/** What a write of state does, and what it refuses. */
import { describe, expect, it } from 'vitest'
import type { Session } from '../../src/core/session.ts'
import { createStateEngine } from '../../src/core/session-state.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { codeOf, stateOf, valuesOf } from './opened-state.ts'
import { Clock, startProcess } from './samples.ts'

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
})
