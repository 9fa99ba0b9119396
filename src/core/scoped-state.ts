/** One scope of state as apps use it: values instead of texts. */
import { StateError } from './errors.ts'
import type { ItemChange, ScopedState, StateEvent, StateItem, StateOutcome, StateText } from './state.ts'
import type { OpenScope } from './state-scope.ts'
import { decodeValue } from './value-decode.ts'
import { encodeValue } from './value-encode.ts'

export function scopedState(scope: OpenScope): ScopedState {
  async function write(changes: readonly ItemChange[]): Promise<StateOutcome> {
    return scope.writeValues(
      changes.map((change) => {
        const { key, ifVersion } = change
        const text = 'delete' in change ? null : encodeValue(change.value)
        return ifVersion === undefined ? { key, text } : { key, text, ifVersion }
      }),
    )
  }

  return {
    async get(key) {
      const entry = (await scope.read([key])).get(key)
      return entry === undefined ? undefined : decodeValue(entry.text)
    },

    async entries(keys) {
      return new Map([...(await scope.read(keys))].map(([key, entry]) => [key, itemOf(entry)]))
    },

    write,

    async set(key, value) {
      const versions = versionsOf(await write([{ key, value }]))
      return versions.get(key) ?? 0
    },

    async delete(key) {
      return versionsOf(await write([{ key, delete: true }])).has(key)
    },

    async clear() {
      if ((await scope.removeAll()) === 'gone') throw ended()
    },

    watch: (listener) =>
      scope.watch((event) => {
        if (event.kind !== 'changed') return listener(event)
        const items = [...event.items].map(([key, entry]) => [key, entry && itemOf(entry)] as const)
        const changed: StateEvent = { kind: 'changed', items: new Map(items) }
        listener(changed)
      }),

    encoded: scope,
  }
}

function itemOf({ text, version }: StateText): StateItem {
  return { value: decodeValue(text), version }
}

/** The versions that a write came to. Throws `StateError` where it did not happen. */
export function versionsOf(written: StateOutcome): ReadonlyMap<string, number> {
  switch (written.outcome) {
    case 'written':
      return written.versions
    case 'gone':
      throw ended()
    case 'conflict':
      throw new StateError('ERR_STATE_CONFLICT', `Changed by somebody else: ${written.keys.join(', ')}.`)
    case 'too-large': {
      const { key, bytes, limit, of } = written
      const what = of === 'value' ? 'is' : 'would make its scope'
      throw new StateError(
        'ERR_STATE_TOO_LARGE',
        `State ${JSON.stringify(key)} ${what} ${bytes} bytes large, and ${limit} is the most. Nothing was written.`,
      )
    }
  }
}

function ended(): StateError {
  return new StateError(
    'ERR_SESSION_ENDED',
    'The session has ended, and its state with it. Nothing was written.',
  )
}
