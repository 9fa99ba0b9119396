/** Everything that a request keeps in its session, to be saved together: values under keys, and objects. */
import { type SessionObjects, sessionObjects } from './session-objects.ts'
import { type SessionValues, type SessionValuesOptions, sessionValues } from './session-values.ts'

export interface SessionContents {
  readonly values: SessionValues
  readonly objects: SessionObjects
  /** `false`: the session has ended. */
  save(): Promise<boolean>
  /** Forgets what was to be saved: it belonged to another session. */
  drop(): void
}

export function sessionContents(options: SessionValuesOptions): SessionContents {
  const values = sessionValues(options)
  const objects = sessionObjects(options)
  return {
    values,
    objects,
    async save() {
      const isKept = await values.save()
      if (await objects.save()) return isKept
      // Who asks again would be told again; they are told once.
      objects.drop()
      return false
    },
    drop() {
      values.drop()
      objects.drop()
    },
  }
}
