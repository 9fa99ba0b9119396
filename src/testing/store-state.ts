import type { SessionStore, StateScope } from '../core/contracts.ts'
import { type OpenStore, withStore } from './opened-store.ts'
import { bytes, created, newSid, rotated, text } from './records.ts'
import type { TestRunner } from './test-runner.ts'

async function valuesOf(store: SessionStore, scope: StateScope): Promise<Record<string, string | null>> {
  const entries = [...(await store.readState(scope))].sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, entry]) => [key, text(entry.value)]))
}

const shared: StateScope = { sid: null, name: 'user a' }

export function describeState({ describe, expect, it }: TestRunner, open: OpenStore): void {
  describe('state', () => {
    it(
      'gives back what was written: the whole scope, or the keys asked for',
      withStore(open, async (store) => {
        const write = await store.writeState(shared, [
          { key: 'a', value: bytes('1') },
          { key: 'b', value: bytes('2') },
        ])
        expect(write).toEqual({
          outcome: 'written',
          versions: new Map([
            ['a', 1],
            ['b', 1],
          ]),
        })
        expect(await valuesOf(store, shared)).toEqual({ a: '1', b: '2' })
        const some = await store.readState(shared, ['b', 'c', 'b'])
        expect([...some.keys()]).toEqual(['b'])
        expect(some.get('b')?.version).toBe(1)
        expect(await store.readState(shared, [])).toEqual(new Map())
        expect(await store.readState({ sid: null, name: 'user b' })).toEqual(new Map())
      }),
    )

    it(
      'tells an empty value from none, and takes any key as a key',
      withStore(open, async (store) => {
        await store.writeState(shared, [
          { key: '', value: bytes('') },
          { key: '__proto__', value: bytes('p') },
          { key: "'; --", value: bytes('q') },
        ])
        const found = await store.readState(shared)
        expect(found.get('')?.value).toHaveLength(0)
        expect(text(found.get('__proto__')?.value)).toBe('p')
        expect(text(found.get("'; --")?.value)).toBe('q')
        expect(found.size).toBe(3)
      }),
    )

    it(
      'keeps scopes apart by name and by owner',
      withStore(open, async (store) => {
        const one = await created(store)
        const two = await created(store)
        const scopes: readonly StateScope[] = [
          { sid: one.sid, name: 'n' },
          { sid: one.sid, name: 'm' },
          { sid: two.sid, name: 'n' },
          { sid: null, name: 'n' },
          { sid: null, name: one.sid },
          { sid: null, name: '' },
        ]
        for (const [index, scope] of scopes.entries()) {
          await store.writeState(scope, [{ key: 'k', value: bytes(`${index}`) }])
        }
        for (const [index, scope] of scopes.entries()) {
          expect(await valuesOf(store, scope)).toEqual({ k: `${index}` })
        }
      }),
    )

    it(
      'shares no bytes with its callers',
      withStore(open, async (store) => {
        const value = bytes('value')
        await store.writeState(shared, [{ key: 'k', value }])
        value.fill(0)
        const read = await store.readState(shared)
        expect(text(read.get('k')?.value)).toBe('value')
        read.get('k')?.value.fill(0)
        expect(await valuesOf(store, shared)).toEqual({ k: 'value' })
      }),
    )

    it(
      'lets no key of a scope continue below a version that was deleted there',
      withStore(open, async (store) => {
        await store.writeState(shared, [{ key: 'a', value: bytes('1') }])
        await store.writeState(shared, [{ key: 'a', value: null }])
        expect(await store.writeState(shared, [{ key: 'a', value: bytes('2'), ifVersion: 1 }])).toEqual({
          outcome: 'conflict',
          keys: ['a'],
        })
        const again = await store.writeState(shared, [{ key: 'a', value: bytes('2'), ifVersion: null }])
        expect(again).toEqual({ outcome: 'written', versions: new Map([['a', 3]]) })
      }),
    )

    it(
      'does nothing to a key that is deleted although absent',
      withStore(open, async (store) => {
        expect(await store.writeState(shared, [{ key: 'k', value: null }])).toEqual({
          outcome: 'written',
          versions: new Map(),
        })
        const write = await store.writeState(shared, [{ key: 'k', value: bytes('1') }])
        expect(write).toEqual({ outcome: 'written', versions: new Map([['k', 1]]) })
      }),
    )

    it(
      'writes all or nothing, and names every key in conflict',
      withStore(open, async (store) => {
        await store.writeState(shared, [
          { key: 'a', value: bytes('1') },
          { key: 'b', value: bytes('1') },
        ])
        const write = await store.writeState(shared, [
          { key: 'new', value: bytes('2'), ifVersion: null },
          { key: 'a', value: bytes('2'), ifVersion: null },
          { key: 'b', value: null, ifVersion: 2 },
          { key: 'free', value: bytes('2') },
          { key: 'absent', value: bytes('2'), ifVersion: 1 },
        ])
        if (write.outcome !== 'conflict') throw new Error(`Expected a conflict, got ${write.outcome}.`)
        expect([...write.keys].sort()).toEqual(['a', 'absent', 'b'])
        expect(await valuesOf(store, shared)).toEqual({ a: '1', b: '1' })
      }),
    )

    it(
      'writes when every condition holds',
      withStore(open, async (store) => {
        await store.writeState(shared, [
          { key: 'a', value: bytes('1') },
          { key: 'b', value: bytes('1') },
        ])
        const write = await store.writeState(shared, [
          { key: 'a', value: bytes('2'), ifVersion: 1 },
          { key: 'b', value: null, ifVersion: 1 },
          { key: 'c', value: bytes('2'), ifVersion: null },
        ])
        expect(write.outcome).toBe('written')
        expect(await valuesOf(store, shared)).toEqual({ a: '2', c: '2' })
      }),
    )

    it(
      'applies two operations on one key in order, both conditions against what was there before',
      withStore(open, async (store) => {
        const write = await store.writeState(shared, [
          { key: 'k', value: bytes('1'), ifVersion: null },
          { key: 'k', value: bytes('2'), ifVersion: null },
        ])
        expect(write).toEqual({ outcome: 'written', versions: new Map([['k', 2]]) })
        expect(await valuesOf(store, shared)).toEqual({ k: '2' })
        expect(await store.writeState(shared, [])).toEqual({ outcome: 'written', versions: new Map() })
      }),
    )

    it(
      'writes for a session only while it is live',
      withStore(open, async (store) => {
        const session = await created(store)
        const scope = { sid: session.sid, name: 'session' }
        const nobody = { sid: newSid(), name: 'session' }
        expect((await store.writeState(nobody, [{ key: 'k', value: bytes('v') }])).outcome).toBe('gone')
        expect(await store.readState(nobody)).toEqual(new Map())
        await store.writeState(scope, [{ key: 'k', value: bytes('v') }])
        await rotated(store, session)
        expect(await valuesOf(store, scope)).toEqual({ k: 'v' })
        expect((await store.writeState(scope, [{ key: 'k', value: bytes('w') }])).outcome).toBe('written')
        await store.end(session.sid)
        expect((await store.writeState(scope, [])).outcome).toBe('gone')
        expect((await store.writeState(scope, [{ key: 'k', value: null, ifVersion: 9 }])).outcome).toBe(
          'gone',
        )
        expect(await store.readState(scope, ['k'])).toEqual(new Map())
      }),
    )

    it(
      'keeps state without a session when sessions end',
      withStore(open, async (store) => {
        const session = await created(store)
        await store.writeState(shared, [{ key: 'k', value: bytes('v') }])
        await store.end(session.sid)
        await store.revoke('all', session.createdAt)
        expect(await valuesOf(store, shared)).toEqual({ k: 'v' })
      }),
    )
  })
}
