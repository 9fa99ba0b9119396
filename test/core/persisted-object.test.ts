/** An object that is kept: what comes back of it, and what two tabs make of it. */
import { beforeEach, describe, expect, it } from 'vitest'
import { persisted } from '../../src/core/persist.ts'
import type { ScopedState } from '../../src/core/state.ts'
import { AppState, keptIn, sessionScope } from './kept-objects.ts'
import { startProcess } from './samples.ts'

let scope: ScopedState
/** How often something was written to the scope since it was opened. */
let writes: number

beforeEach(async () => {
  writes = 0
  const real = await sessionScope()
  const encoded = {
    ...real.encoded,
    write: (changes: Parameters<typeof real.encoded.write>[0]) => {
      writes++
      return real.encoded.write(changes)
    },
  }
  scope = { ...real, encoded }
})

const kept = (): Promise<Record<string, unknown>> => keptIn(scope)

function reopened(): Promise<{ state: AppState; save(): Promise<unknown> }> {
  return persisted(scope, 'app-state', AppState)
}

describe('a persisted object', () => {
  it('comes back as it was left, however deep it was changed', async () => {
    const { state, save } = await reopened()
    state.add('kelp')
    state.items.push('wrack')
    state.filter.tags.add('deep')
    state.filter.depth = 3
    state.seen.set('a', new Date(0))
    state.seen.get('a')?.setUTCFullYear(2026)
    state.bytes[1] = 7
    state.note = 'x'
    expect(await save()).toEqual({
      outcome: 'saved',
      fields: ['items', 'filter', 'seen', 'bytes', 'note'],
    })
    const again = (await reopened()).state
    expect(again).toBeInstanceOf(AppState)
    expect(again.items).toEqual(['kelp', 'wrack'])
    expect(again.count).toBe(2)
    expect(again.filter).toEqual({ depth: 3, tags: new Set(['deep']) })
    expect(again.seen).toEqual(new Map([['a', new Date('2026-01-01T00:00:00.000Z')]]))
    expect(again.bytes).toEqual(new Uint8Array([0, 7]))
    expect(again.note).toBe('x')
    again.add('more')
    expect(again.items).toEqual(['kelp', 'wrack', 'more'])
  })

  it('writes nothing that did not change, and nothing at all for a look', async () => {
    const first = await reopened()
    expect(await first.save()).toEqual({ outcome: 'saved', fields: [] })
    expect(writes).toBe(0)
    first.state.items.push('kelp')
    await first.save()
    await first.save()
    expect(writes).toBe(1)
    expect(await kept()).toEqual({ 'app-state': { version: 1 }, 'app-state/items': ['kelp'] })
    const second = await reopened()
    second.state.items = ['kelp']
    await second.save()
    expect(writes).toBe(1)
    second.state.items.reverse().push('x')
    expect(await second.save()).toEqual({ outcome: 'saved', fields: ['items'] })
  })

  it('leaves both tabs what they changed in different fields, from the very first save on', async () => {
    const [one, two] = [await reopened(), await reopened()]
    one.state.items.push('one')
    two.state.filter.depth = 2
    await one.save()
    await two.save()
    const { state } = await reopened()
    expect(state.items).toEqual(['one'])
    expect(state.filter.depth).toBe(2)
  })

  it('lets the last save win in the same field, or the first, or asks, as it is told', async () => {
    const open = (merge: 'overwrite' | 'keep' | 'refuse') =>
      persisted(scope, 'form', { name: '', city: '' }, { merge })
    const first = await open('overwrite')
    const [overwriting, keeping, asking] = [await open('overwrite'), await open('keep'), await open('refuse')]
    first.state.name = 'first'
    await first.save()
    keeping.state.name = 'keeping'
    keeping.state.city = 'Kiel'
    expect(await keeping.save()).toEqual({ outcome: 'saved', fields: ['city'] })
    expect(keeping.state).toEqual({ name: 'first', city: 'Kiel' })
    asking.state.name = 'asking'
    expect(await asking.save()).toEqual({ outcome: 'conflict', fields: ['name'] })
    expect((await open('keep')).state).toEqual({ name: 'first', city: 'Kiel' })
    overwriting.state.name = 'overwriting'
    expect(await overwriting.save()).toEqual({ outcome: 'saved', fields: ['name'] })
    expect((await open('keep')).state).toEqual({ name: 'overwriting', city: 'Kiel' })
  })

  it('does not bring back what another tab deleted', async () => {
    const open = () => persisted(scope, 'cart', {} as Record<string, number>)
    const first = await open()
    first.state.kelp = 1
    first.state.wrack = 1
    await first.save()
    const [one, two] = [await open(), await open()]
    delete one.state.kelp
    two.state.dulse = 1
    await one.save()
    await two.save()
    expect((await open()).state).toEqual({ wrack: 1, dulse: 1 })
  })

  it('never shares what it starts as between two openings', async () => {
    const initial = { items: [] as string[] }
    const [one, two] = [await persisted(scope, 'a', initial), await persisted(scope, 'b', initial)]
    one.state.items.push('mine')
    expect(two.state.items).toEqual([])
    expect(initial.items).toEqual([])
  })

  it('keeps objects of different names apart, also where one name begins like the other', async () => {
    const short = await persisted(scope, 'a', { x: 0 })
    const long = await persisted(scope, 'ab', { x: 0 })
    short.state.x = 1
    long.state.x = 2
    await short.save()
    await long.save()
    await scope.set('a-key of the app itself', 3)
    expect((await persisted(scope, 'a', { x: 0 })).state).toEqual({ x: 1 })
    expect((await persisted(scope, 'ab', { x: 0 })).state).toEqual({ x: 2 })
    for (const name of ['', 'a/b'])
      await expect(persisted(scope, name, {})).rejects.toMatchObject({ code: 'ERR_STATE_KEY' })
  })

  it('saves nothing where one field cannot be kept, and says which', async () => {
    const { state, save } = await persisted(scope, 'a', { fine: 0, bad: null as unknown })
    state.fine = 1
    state.bad = { cart: [new AppState()] }
    await expect(save()).rejects.toThrow('["cart"][0] cannot be kept: a AppState')
    state.bad = 'x'.repeat(2 ** 20)
    await expect(save()).rejects.toMatchObject({ code: 'ERR_STATE_TOO_LARGE' })
    expect(await kept()).toEqual({})
  })

  it('takes a key __proto__ from the store as a field', async () => {
    await scope.set('a/__proto__', { isAdmin: true })
    const { state } = await persisted(scope, 'a', {})
    expect(Object.getPrototypeOf(state)).toBe(Object.prototype)
    expect((state as { isAdmin?: boolean }).isAdmin).toBeUndefined()
  })

  it('says that the session has ended', async () => {
    const process = await startProcess()
    const { session } = await process.signIn()
    const state = process.sessions.state.of(process.sessions.capability(session) ?? '')
    if (state === null) throw new Error('The session opens no state.')
    const object = await persisted(state.session, 'a', { x: 0 })
    object.state.x = 1
    await process.sessions.end(session.sid)
    expect(await object.save()).toEqual({ outcome: 'gone' })
  })
})
