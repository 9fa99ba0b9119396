/** Holds what a session keeps against what the app says it keeps. */
import { SessionError } from '../core/errors.ts'
import type { StandardSchema } from '../core/standard-schema.ts'

/** A schema for each key, of any library that speaks Standard Schema. It must take what it gives. */
export type SchemasOf<Data extends object> = {
  readonly [Key in keyof Data]?: StandardSchema<Data[Key]>
}

export interface ValueSchemas {
  /** The value to keep. Throws `SessionError` `ERR_DATA_INVALID` for one that its key's schema refuses. */
  accept(key: string, value: unknown): unknown
  /** The value as its schema gives it; `undefined` for one that it refuses, as after a change of the schema. */
  read(key: string, value: unknown): Promise<unknown>
}

/** The one prefix that is not the app's to use. */
export const reserved = 'holdfast:'

export function valueSchemas(schemas: SchemasOf<Record<string, unknown>>): ValueSchemas {
  const validatorOf = (key: string): StandardSchema<unknown>['~standard'] | undefined =>
    Object.hasOwn(schemas, key) ? schemas[key]?.['~standard'] : undefined

  return {
    accept(key, value) {
      if (key.startsWith(reserved))
        throw refusal(key, `keys that begin with "${reserved}" are the library's own`)
      const result = validatorOf(key)?.validate(value)
      if (result === undefined) return value
      // One that must wait to decide is asked at the reading alone.
      if (result instanceof Promise) {
        result.catch(() => undefined)
        return value
      }
      if (result.issues === undefined) return result.value
      throw refusal(key, result.issues.map(({ message }) => message).join('; '))
    },

    async read(key, value) {
      const result = await validatorOf(key)?.validate(value)
      if (result === undefined) return value
      return result.issues === undefined ? result.value : undefined
    },
  }
}

function refusal(key: string, why: string): SessionError {
  return new SessionError('ERR_DATA_INVALID', `session.set(${JSON.stringify(key)}, …): ${why}.`)
}
