import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json, StateChange, StateScope } from '../../src/core/contracts.ts'
import { StoreError } from '../../src/core/errors.ts'
import { sealedState } from '../../src/core/sealed-state.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { startProcess, withMethods } from './samples.ts'

const shared: StateScope = { sid: null, name: 'app' }

describe('sealedState()', () => {
  it('gives back any JSON, falsy values too', async () => {
    const { store, keyring } = await startProcess()
    const state = sealedState(store, keyring)
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'binary' }),
        fc.jsonValue({ noUnicodeString: false }),
        async (key, value) => {
          expect(await state.set(shared, key, value as Json)).toBe(true)
          expect(await state.get(shared, key)).toEqual(JSON.parse(JSON.stringify(value)))
        },
      ),
      { numRuns: 200 },
    )
    for (const value of [0, false, '', [], {}]) {
      await state.set(shared, 'falsy', value)
      expect(await state.get(shared, 'falsy')).toEqual(value)
    }
  })

  it('removes with null, and has null for what was never there', async () => {
    const { store, keyring } = await startProcess()
    const state = sealedState(store, keyring)
    await state.set(shared, 'k', 'v')
    await state.set(shared, 'k', null)
    expect(await state.get(shared, 'k')).toBeNull()
    expect(await state.get(shared, 'other')).toBeNull()
  })

  it('reads many at once, those that are there', async () => {
    const { store, keyring } = await startProcess()
    const state = sealedState(store, keyring)
    for (const key of ['a', 'b', '__proto__']) await state.set(shared, key, `${key}!`)
    const found = await state.many(shared, ['a', 'missing', '__proto__'])
    expect([...found].sort()).toEqual([
      ['__proto__', '__proto__!'],
      ['a', 'a!'],
    ])
    expect((await state.many(shared, [])).size).toBe(0)
  })

  it('keeps keys, names and owners apart, however they are spelt', async () => {
    const home = await startProcess()
    const state = sealedState(home.store, home.keyring)
    const sids = [(await home.signIn()).session.sid, (await home.signIn()).session.sid, null]
    const names = ['a', 'ab', 'b', '1:a', '', '\ud800', '\ud801', '\ufffd']
    const slots = sids.flatMap((sid) =>
      names.flatMap((name) => names.map((key) => ({ scope: { sid, name }, key }))),
    )
    for (const [index, { scope, key }] of slots.entries()) await state.set(scope, key, index)
    for (const [index, { scope, key }] of slots.entries()) expect(await state.get(scope, key)).toBe(index)
  })

  it('changes a value as often as it is told to, however many do at once, on whatever replica', async () => {
    const { store, keyring } = await startProcess()
    const states = [sealedState(store, keyring), sealedState(store, keyring)]
    const count = (value: Json): Json => ((value as number | null) ?? 0) + 1
    await Promise.all(Array.from({ length: 50 }, (_, n) => states[n % 2]?.change(shared, 'n', count)))
    expect(await states[0]?.get(shared, 'n')).toBe(50)
    expect(await states[0]?.change(shared, 'n', () => undefined)).toEqual({ value: 50 })
    expect(await states[0]?.change(shared, 'n', () => null)).toEqual({ value: null })
    expect(await states[0]?.get(shared, 'n')).toBeNull()
  })

  it('is gone with the session that owns it, and says so to who writes late', async () => {
    const home = await startProcess()
    const state = sealedState(home.store, home.keyring)
    const { session } = await home.signIn()
    const scope = { sid: session.sid, name: 'tab' }
    expect(await state.set(scope, 'k', 'v')).toBe(true)
    await home.sessions.end(session.sid)
    expect(await state.get(scope, 'k')).toBeNull()
    expect(await state.set(scope, 'k', 'late')).toBe(false)
  })

  it('SECURITY: shows the store neither scope nor key nor value', async () => {
    const store = memoryStore()
    const seen: string[] = []
    const home = await startProcess({
      store: withMethods(store, {
        writeState(scope, changes: readonly StateChange[]) {
          for (const { key, value } of changes)
            seen.push(scope.name, key, Buffer.from(value ?? []).toString('latin1'))
          return store.writeState(scope, changes)
        },
      }),
    })
    await sealedState(home.store, home.keyring).set(
      { sid: null, name: 'anna’s drafts' },
      'diagnosis',
      'secret text',
    )
    expect(seen).toHaveLength(3)
    for (const text of seen) expect(text).not.toMatch(/anna|drafts|diagnosis|secret|text/)
  })

  it('SECURITY: does not open a value that was moved to another key, scope or session', async () => {
    const store = memoryStore()
    let last: Uint8Array = new Uint8Array(0)
    let forged: Uint8Array | null = null
    const home = await startProcess({
      store: withMethods(store, {
        writeState(scope, changes: readonly StateChange[]) {
          last = changes[0]?.value ?? last
          return store.writeState(
            scope,
            changes.map((change) => ({ ...change, value: forged ?? change.value })),
          )
        },
      }),
    })
    const state = sealedState(home.store, home.keyring)
    const { session } = await home.signIn()
    await state.set({ sid: null, name: 'n' }, 'k', 'theirs')
    forged = last
    for (const [scope, key] of [
      [{ sid: null, name: 'n' }, 'other'],
      [{ sid: null, name: 'm' }, 'k'],
      [{ sid: session.sid, name: 'n' }, 'k'],
      [{ sid: null, name: 'nk' }, ''],
    ] as const) {
      await state.set(scope, key, 'mine')
      await expect(state.change(scope, key, () => 'new')).rejects.toMatchObject({ code: 'ERR_STORE_CORRUPT' })
      expect(await state.get(scope, key)).toBeNull()
    }
  })

  it('says that it cannot tell when the store cannot', async () => {
    const { store, keyring } = await startProcess()
    const state = sealedState(store, keyring)
    await store.close()
    await expect(state.get(shared, 'k')).rejects.toBeInstanceOf(StoreError)
    await expect(state.set(shared, 'k', 1)).rejects.toBeInstanceOf(StoreError)
  })
})
