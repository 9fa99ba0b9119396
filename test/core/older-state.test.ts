/** What an older version of an app left: migrated, refused or held against a schema. */
import { beforeEach, describe, expect, it } from 'vitest'
import { StateError } from '../../src/core/errors.ts'
import { persisted } from '../../src/core/persist.ts'
import type { StandardSchema } from '../../src/core/standard-schema.ts'
import type { ScopedState } from '../../src/core/state.ts'
import { keptIn, sessionScope } from './kept-objects.ts'

let scope: ScopedState

beforeEach(async () => {
  scope = await sessionScope()
})

const kept = (): Promise<Record<string, unknown>> => keptIn(scope)

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
