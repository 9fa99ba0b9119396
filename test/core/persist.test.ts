import { transformSync } from 'esbuild'
import { beforeEach, describe, expect, it } from 'vitest'
import { StateError } from '../../src/core/errors.ts'
import { persist, persisted, persistence } from '../../src/core/persist.ts'
import type { StandardSchema } from '../../src/core/standard-schema.ts'
import type { ScopedState } from '../../src/core/state.ts'
import { startProcess } from './samples.ts'

class AppState {
  items: string[] = []
  filter: { depth: number; tags: Set<string> } = { depth: 0, tags: new Set() }
  seen: Map<string, Date> = new Map()
  bytes: Uint8Array = new Uint8Array(2)
  #touched = 0
  note?: string
  readonly add = (item: string): void => {
    this.#touched++
    this.items.push(item)
  }

  get count(): number {
    return this.items.length + this.#touched * 0
  }
}

let scope: ScopedState
/** How often something was written to the scope since it was opened. */
let writes: number

beforeEach(async () => {
  const process = await startProcess()
  const { session } = await process.signIn()
  const state = process.sessions.state.of(process.sessions.capability(session) ?? '')
  if (state === null) throw new Error('The session opens no state.')
  writes = 0
  const { session: real } = state
  const encoded = {
    ...real.encoded,
    write: (changes: Parameters<typeof real.encoded.write>[0]) => {
      writes++
      return real.encoded.write(changes)
    },
  }
  scope = { ...real, encoded }
})

async function kept(): Promise<Record<string, unknown>> {
  return Object.fromEntries([...(await scope.entries())].map(([key, { value }]) => [key, value]))
}

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

describe('what an older version left', () => {
  const migrate = (fields: Record<string, unknown>, from: number): Record<string, unknown> => {
    const { name, ...rest } = fields
    return from === 1 ? { ...rest, names: [name] } : fields
  }

  it('is turned into what this one means, and saved so', async () => {
    const old = await persisted(scope, 'a', { name: '', city: '' })
    Object.assign(old.state, { name: 'Anna', city: 'Kiel' })
    await old.save()
    const open = () => persisted(scope, 'a', { names: [] as unknown[], city: '' }, { version: 2, migrate })
    const next = await open()
    expect(next.state).toEqual({ names: ['Anna'], city: 'Kiel' })
    await next.save()
    expect(await kept()).toEqual({ a: { version: 2 }, 'a/names': ['Anna'], 'a/city': 'Kiel' })
    expect((await open()).state).toEqual({ names: ['Anna'], city: 'Kiel' })
  })

  it('is refused where it is newer, and left as it is', async () => {
    const newer = await persisted(scope, 'a', { x: 0 }, { version: 3 })
    newer.state.x = 1
    await newer.save()
    const refusal = await persisted(scope, 'a', { x: 0 }, { version: 2 }).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(StateError)
    expect(refusal).toMatchObject({ code: 'ERR_STATE_INVALID' })
    expect(String(refusal)).toContain('"a" cannot be used: it is of version 3, and this is version 2')
    expect(await kept()).toEqual({ a: { version: 3 }, 'a/x': 1 })
  })

  it('is held against the schema, which may turn it into something else, or refuse it', async () => {
    const schema: StandardSchema<{ depth?: number }> = {
      '~standard': {
        version: 1,
        vendor: 'test',
        async validate(value) {
          const { depth } = value as { depth?: unknown }
          if (typeof depth !== 'number') return { issues: [{ message: 'must be a number', path: ['depth'] }] }
          return { value: { depth: Math.round(depth) } }
        },
      },
    }
    const first = await persisted(scope, 'a', { depth: 0 })
    first.state.depth = 1.6
    await first.save()
    expect((await persisted(scope, 'a', { depth: 0 }, { schema })).state).toEqual({ depth: 2 })
    await scope.set('a/depth', 'deep')
    await expect(persisted(scope, 'a', { depth: 0 }, { schema })).rejects.toThrow('depth: must be a number')
    const reset = await persisted(scope, 'a', { depth: 0 }, { schema, invalid: 'reset' })
    expect(reset.state).toEqual({ depth: 0 })
    await reset.save()
    expect((await kept())['a/depth']).toBe(0)
  })
})

describe('@persist', () => {
  it('is a standard decorator, and the class stays the one it was', async () => {
    const source = `
      @persist('app-state', { version: 2 })
      class Decorated { items: string[] = []; add(item: string) { this.items.push(item) } }
      return Decorated`
    const { code } = transformSync(`export default (persist) => {${source}\n}`, {
      loader: 'ts',
      target: 'es2022',
      format: 'cjs',
    })
    const module = { exports: {} as { default: (of: typeof persist) => new () => AppState } }
    new Function('module', 'exports', code)(module, module.exports)
    const Decorated = module.exports.default(persist)
    const { state, save } = await persisted(scope, Decorated)
    expect(state).toBeInstanceOf(Decorated)
    state.add('kelp')
    await save()
    expect(await kept()).toEqual({ 'app-state': { version: 2 }, 'app-state/items': ['kelp'] })
    expect((await persisted(scope, Decorated)).state.items).toEqual(['kelp'])
  })

  it('can be called, and does not pass to subclasses', async () => {
    class Plain {
      x = 0
    }
    class Heir extends Plain {}
    persist<Plain>('plain')(Plain)
    const { state, save } = await persisted(scope, Plain)
    state.x = 1
    await save()
    expect(await kept()).toEqual({ plain: { version: 1 }, 'plain/x': 1 })
    await expect(persisted(scope, Heir)).rejects.toThrow(
      "The class Heir is not marked: write @persist('name')",
    )
    expect(() => persist('a/b')).toThrow('must not be empty or hold a "/"')
  })
})

describe('the objects of one request', () => {
  it('are opened once each and saved together', async () => {
    const work = persistence(scope)
    const [cart, again] = [
      await work.open('cart', { items: [] as string[] }),
      await work.open('cart', { items: [] as string[] }),
    ]
    expect(cart).toBe(again)
    const form = await work.open('form', { name: '' })
    cart.items.push('kelp')
    expect(await work.save()).toEqual(
      new Map([
        ['cart', { outcome: 'saved', fields: ['items'] }],
        ['form', { outcome: 'saved', fields: [] }],
      ]),
    )
    form.name = 'Anna'
    await work.save()
    expect(await kept()).toEqual({
      ...{ cart: { version: 1 }, 'cart/items': ['kelp'] },
      ...{ form: { version: 1 }, 'form/name': 'Anna' },
    })
  })

  it('can be opened again where they could not be opened', async () => {
    await scope.set('a', { version: 2 })
    const work = persistence(scope)
    await expect(work.open('a', { x: 0 })).rejects.toMatchObject({ code: 'ERR_STATE_INVALID' })
    await scope.delete('a')
    expect(await work.open('a', { x: 0 })).toEqual({ x: 0 })
    expect(await work.save()).toEqual(new Map([['a', { outcome: 'saved', fields: [] }]]))
  })
})
