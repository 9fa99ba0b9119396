import { atOnce, type OpenStore, tally, withStore, withTwo } from './opened-store.ts'
import { bytes, hour, text } from './records.ts'
import type { TestRunner } from './test-runner.ts'

export function describeCounters({ describe, expect, it }: TestRunner, open: OpenStore): void {
  describe('once', () => {
    it(
      'is true once for each key until its time is over',
      withStore(open, async (store, { advance }) => {
        expect(await store.once('ticket', 1000)).toBe(true)
        expect(await store.once('ticket', 1000)).toBe(false)
        expect(await store.once('other', 1000)).toBe(true)
        advance(999)
        expect(await store.once('ticket', 1000)).toBe(false)
        advance(1)
        expect(await store.once('ticket', 1000)).toBe(true)
        expect(await store.once('ticket', 1000)).toBe(false)
      }),
    )

    it(
      'is not prolonged by those who were refused',
      withStore(open, async (store, { advance }) => {
        await store.once('ticket', 1000)
        advance(900)
        expect(await store.once('ticket', hour)).toBe(false)
        advance(100)
        expect(await store.once('ticket', 1000)).toBe(true)
      }),
    )

    it(
      'is true to one of a hundred, whatever replica they ask',
      withTwo(open, async (one, two) => {
        const answers = await atOnce(100, (index) => (index % 2 === 0 ? one : two).once('ticket', hour))
        expect(tally(answers).get(true)).toBe(1)
        expect(await one.once('ticket', hour)).toBe(false)
        expect(await two.once('ticket', hour)).toBe(false)
      }),
    )
  })

  describe('hit', () => {
    it(
      'counts the hits of each key in the window its first hit opened',
      withStore(open, async (store, { advance }) => {
        expect(await store.hit('a', 1000)).toBe(1)
        advance(999)
        expect(await store.hit('a', 1000)).toBe(2)
        expect(await store.hit('b', 1000)).toBe(1)
        advance(1)
        expect(await store.hit('a', 1000)).toBe(1)
        expect(await store.hit('b', 1000)).toBe(2)
      }),
    )

    it(
      'counts a hundred hits one by one, whatever replica they meet',
      withTwo(open, async (one, two) => {
        const counts = await atOnce(100, (index) => (index % 2 === 0 ? one : two).hit('a', hour))
        expect([...counts].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1))
      }),
    )

    it(
      'does not take the keys of once for its own',
      withStore(open, async (store) => {
        expect(await store.hit('a', hour)).toBe(1)
        expect(await store.once('a', hour)).toBe(true)
        expect(await store.hit('a', hour)).toBe(2)
      }),
    )
  })

  describe('keyring', () => {
    it(
      'is null in a new store, then what was written last',
      withStore(open, async (store) => {
        expect(await store.readKeyring()).toBeNull()
        const box = bytes('first')
        expect(await store.writeKeyring(null, box)).toBe(true)
        box.fill(0)
        const first = await store.readKeyring()
        expect(text(first?.box)).toBe('first')
        first?.box.fill(0)
        expect(await store.writeKeyring(first?.version ?? null, bytes('second'))).toBe(true)
        const second = await store.readKeyring()
        expect(text(second?.box)).toBe('second')
        expect(second?.version).not.toBe(first?.version)
      }),
    )

    it(
      'is never replaced by a writer who saw another version',
      withStore(open, async (store) => {
        expect(await store.writeKeyring(1, bytes('early'))).toBe(false)
        await store.writeKeyring(null, bytes('first'))
        const version = (await store.readKeyring())?.version ?? 0
        expect(await store.writeKeyring(null, bytes('second first'))).toBe(false)
        expect(await store.writeKeyring(version + 1, bytes('too new'))).toBe(false)
        await store.writeKeyring(version, bytes('second'))
        expect(await store.writeKeyring(version, bytes('too old'))).toBe(false)
        expect(text((await store.readKeyring())?.box)).toBe('second')
      }),
    )

    it(
      'takes one of fifty first root keys, and shows it to every replica',
      withTwo(open, async (one, two) => {
        const answers = await atOnce(50, (index) =>
          (index % 2 === 0 ? one : two).writeKeyring(null, bytes(`${index}`)),
        )
        expect(tally(answers).get(true)).toBe(1)
        expect(text((await one.readKeyring())?.box)).toBe(`${answers.indexOf(true)}`)
        expect(await two.readKeyring()).toEqual(await one.readKeyring())
      }),
    )
  })
}
