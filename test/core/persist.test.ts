import { transformSync } from 'esbuild'
import { beforeEach, describe, expect, it } from 'vitest'
import { persist, persisted, persistence } from '../../src/core/persist.ts'
import type { ScopedState } from '../../src/core/state.ts'
import { type AppState, keptIn, sessionScope } from './kept-objects.ts'

let scope: ScopedState

beforeEach(async () => {
  scope = await sessionScope()
})

const kept = (): Promise<Record<string, unknown>> => keptIn(scope)

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
