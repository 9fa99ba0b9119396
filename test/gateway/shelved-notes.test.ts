/** Notes that replicas keep for one another: each under its name, the greatest number, and for a while. */
import { expect, it } from 'vitest'
import { openKeyring } from '../../src/core/keyring.ts'
import { sealedState } from '../../src/core/sealed-state.ts'
import { shelvedNotes } from '../../src/gateway/shelved-notes.ts'
import { watchedStore } from './watched-store.ts'

const lifetime = 60_000

it('notes are read by every replica, each under its own name, and are forgotten in time', async () => {
  const { store } = watchedStore()
  const state = sealedState(store, await openKeyring(store, ['a secret for tests, 32 bytes long or more']))
  let at = 1_000
  const notes = (name = 'one') => shelvedNotes({ state, name, lifetime, now: () => at })
  // So many that several lie on one shelf.
  const all = Array.from({ length: 300 }, (_, number) => [`a ${number}`, 'b'])
  await Promise.all(all.map((name, number) => notes().write(name, number)))
  expect(await Promise.all(all.map((name) => notes().read(name)))).toEqual(all.map((_, number) => number))
  expect([await notes('two').read(['a 1', 'b']), await notes().read(['a 1'])]).toEqual([null, null])
  at += lifetime - 1
  await notes().write(['a 7', 'b'], 3)
  await notes().write(['a 8', 'b'], 9)
  at++
  expect(await Promise.all([6, 7, 8].map((one) => notes().read([`a ${one}`, 'b'])))).toEqual([null, 7, 9])
  at += lifetime
  expect(await notes().read(['a 8', 'b'])).toBeNull()
})
