/** The objects that a request keeps in its session: opened as they are asked for, saved together at its end. */
import { StateError } from '../core/errors.ts'
import { type Maker, persistence } from '../core/persist.ts'
import type { PersistOptions } from '../core/persisted.ts'
import type { PersistScope } from '../core/persisted-fields.ts'
import type { ValueScope } from './session-values.ts'

export interface SessionObjectsOptions {
  /** The scope of the session as it is now; `null` while nothing is stored of it. */
  scope(): ValueScope | null
  /** Starts a session if there is none; `null` if it has ended. */
  start(): Promise<ValueScope | null>
}

export interface SessionObjects {
  open<State extends object>(
    nameOrMarked: string | Maker<State>,
    initial?: State | Maker<State>,
    options?: PersistOptions<State>,
  ): Promise<State>
  /** `false`: the session has ended. Throws `StateError` where one of them must not be written over another's. */
  save(): Promise<boolean>
  /** Lets go of them, unsaved: they belonged to another session. */
  drop(): void
}

export function sessionObjects({ scope, start }: SessionObjectsOptions): SessionObjects {
  // Asked for each time: signing in gives the request another session, and a first change gives it its first.
  const lasting: PersistScope = {
    encoded: {
      read: async (keys) => (await scope()?.read(keys)) ?? new Map(),
      write: async (changes) => (await (await start())?.write(changes)) ?? { outcome: 'gone' },
    },
  }
  let objects = persistence(lasting)

  return {
    open: (nameOrMarked, initial, options) =>
      typeof nameOrMarked === 'string'
        ? objects.open(nameOrMarked, initial as typeof initial & object, options)
        : objects.open(nameOrMarked),

    async save() {
      let isKept = true
      for (const [name, saved] of await objects.save()) {
        if (saved.outcome === 'gone') isKept = false
        if (saved.outcome !== 'conflict') continue
        const fields = saved.fields.map((field) => `${name}.${field}`).join(', ')
        throw new StateError(
          'ERR_STATE_CONFLICT',
          `Changed by another request meanwhile: ${fields}. Nothing of ${JSON.stringify(name)} was written.`,
        )
      }
      return isKept
    },

    drop() {
      objects = persistence(lasting)
    },
  }
}
