import type { SessionStore, StateScope } from '../core/contracts.ts'
import { atOnce, changesOf, type OpenStore, tally, withStore, withTwo } from './opened-store.ts'
import { bytes, newSid, text } from './records.ts'
import type { TestRunner } from './test-runner.ts'

async function valuesOf(store: SessionStore, scope: StateScope): Promise<Record<string, string | null>> {
  const entries = [...(await store.readState(scope))].sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, entry]) => [key, text(entry.value)]))
}

const shared: StateScope = { sid: null, name: 'user a' }

/** Writes that meet, and scopes that are full. */
export function describeLimits({ describe, expect, it }: TestRunner, open: OpenStore): void {
  describe('state of many writers, and of limits', () => {
    it(
      'counts the version of a key up with every write, and never gives one out twice',
      withStore(open, async (store) => {
        const versions: (number | undefined)[] = []
        for (const value of ['1', '2', null, '4', null, '6']) {
          const write = await store.writeState(shared, [
            { key: 'k', value: value === null ? null : bytes(value) },
          ])
          if (write.outcome === 'written') versions.push(write.versions.get('k'))
        }
        expect(versions).toEqual([1, 2, 3, 4, 5, 6])
        expect((await store.readState(shared)).get('k')?.version).toBe(6)
      }),
    )

    it(
      'writes nothing that would make a scope hold more than it may, and says how much it would have been',
      withStore(open, async (store) => {
        await store.writeState(shared, [{ key: 'a', value: bytes('12345') }], 10)
        const tooMuch = await store.writeState(
          shared,
          [
            { key: 'b', value: bytes('123') },
            { key: 'c', value: bytes('123') },
          ],
          10,
        )
        expect(tooMuch).toEqual({ outcome: 'full', bytes: 11 })
        expect(await valuesOf(store, shared)).toEqual({ a: '12345' })
        const exactly = await store.writeState(shared, [{ key: 'b', value: bytes('12345') }], 10)
        expect(exactly).toEqual({ outcome: 'written', versions: new Map([['b', 1]]) })
        // Another scope has room of its own.
        const other = { sid: null, name: 'user b' }
        expect((await store.writeState(other, [{ key: 'a', value: bytes('1') }], 10)).outcome).toBe('written')
      }),
    )

    it(
      'counts what a scope holds, not what was ever written to it',
      withStore(open, async (store) => {
        const write = (value: string | null, key = 'a') =>
          store.writeState(shared, [{ key, value: value === null ? null : bytes(value) }], 10)
        for (let round = 0; round < 3; round++) {
          expect((await write('1234567890')).outcome).toBe('written')
          expect((await write('1')).outcome).toBe('written')
          expect(await write('1234567890', 'b')).toEqual({ outcome: 'full', bytes: 11 })
          expect((await write(null)).outcome).toBe('written')
        }
        // Of several operations on one key the last counts; unlimited writes are counted too.
        const twice = [
          { key: 'a', value: bytes('1234567890123') },
          { key: 'a', value: bytes('12') },
        ]
        expect((await store.writeState(shared, twice, 10)).outcome).toBe('written')
        await store.writeState(shared, [{ key: 'free', value: bytes('12345678') }])
        expect(await write('3', 'b')).toEqual({ outcome: 'full', bytes: 11 })
      }),
    )

    it(
      'lets a scope above its limit shrink, but not grow',
      withStore(open, async (store) => {
        await store.writeState(shared, [
          { key: 'a', value: bytes('1234567890') },
          { key: 'b', value: bytes('1234567890') },
        ])
        const same = await store.writeState(shared, [{ key: 'a', value: bytes('0987654321') }], 5)
        expect(same.outcome).toBe('written')
        expect((await store.writeState(shared, [{ key: 'b', value: bytes('1') }], 5)).outcome).toBe('written')
        expect(await store.writeState(shared, [{ key: 'c', value: bytes('1') }], 5)).toEqual({
          outcome: 'full',
          bytes: 12,
        })
        expect((await store.writeState(shared, [{ key: 'a', value: null }], 0)).outcome).toBe('written')
      }),
    )

    it(
      'says gone before conflict, and conflict before full',
      withStore(open, async (store) => {
        const big = { key: 'k', value: bytes('1234567890'), ifVersion: 7 }
        expect((await store.writeState({ sid: newSid(), name: 'n' }, [big], 1)).outcome).toBe('gone')
        expect(await store.writeState(shared, [big], 1)).toEqual({ outcome: 'conflict', keys: ['k'] })
        // And a refused write is told to nobody.
        const changes = changesOf(store)
        const full = await store.writeState(shared, [{ key: 'k', value: bytes('12') }], 1)
        expect(full).toEqual({ outcome: 'full', bytes: 2 })
        await store.writeState(shared, [{ key: 'after', value: bytes('1') }])
        expect(changes.filter(({ kind }) => kind === 'state')).toEqual([
          { kind: 'state', scope: shared, keys: ['after'] },
        ])
      }),
    )

    it(
      'lets no two writers together put more into a scope than it may hold',
      withTwo(open, async (one, two) => {
        const writes = await atOnce(20, (index) =>
          (index % 2 === 0 ? one : two).writeState(shared, [{ key: `k${index}`, value: bytes('1234') }], 30),
        )
        expect(tally(writes.map(({ outcome }) => outcome))).toEqual(
          new Map([
            ['written', 7],
            ['full', 13],
          ]),
        )
      }),
    )

    it(
      'keeps fifty writes to different keys, and the last of fifty to the same',
      withTwo(open, async (one, two) => {
        await atOnce(50, (index) =>
          (index % 2 === 0 ? one : two).writeState(shared, [
            { key: `k${index}`, value: bytes(`${index}`) },
            { key: 'same', value: bytes(`${index}`) },
          ]),
        )
        const found = await one.readState(shared)
        expect(found.size).toBe(51)
        expect(found.get('same')?.version).toBe(50)
      }),
    )

    it(
      'lets one of fifty writers of the same version win',
      withTwo(open, async (one, two) => {
        await one.writeState(shared, [{ key: 'k', value: bytes('0') }])
        const writes = await atOnce(50, (index) =>
          (index % 2 === 0 ? one : two).writeState(shared, [
            { key: 'k', value: bytes(`${index}`), ifVersion: 1 },
          ]),
        )
        const outcomes = writes.map(({ outcome }) => outcome)
        expect(tally(outcomes).get('written')).toBe(1)
        expect(await valuesOf(two, shared)).toEqual({ k: `${outcomes.indexOf('written')}` })
      }),
    )

    it(
      'shows a reader on any replica both keys of a write or neither',
      withTwo(open, async (one, two) => {
        const writes = atOnce(60, (index) => {
          const value = index % 5 === 4 ? null : bytes(`${index}`)
          return one.writeState(shared, [
            { key: 'left', value },
            { key: 'right', value },
          ])
        })
        let writing = true
        const done = writes.finally(() => {
          writing = false
        })
        while (writing) {
          const { left, right } = await valuesOf(two, shared)
          expect(left).toBe(right)
          await new Promise(setImmediate)
        }
        await done
      }),
    )
  })
}
