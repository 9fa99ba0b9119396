/**
 * The fields of a persisted object in its scope: each under a key of its own, `name/field`, and under `name` which
 * version they are of. What changed is found by writing the fields out and comparing: a `push`, a `Date` that is set, a
 * byte, a private field's doing are all seen, and the object stays what the app made it, no proxy before it.
 */
import { StateError } from './errors.ts'
import type { PersistOptions, SaveOutcome } from './persisted.ts'
import { versionsOf } from './scoped-state.ts'
import type { EncodedState, StateText, TextChange } from './state.ts'
import { decodeValue } from './value-decode.ts'
import { encodeValue } from './value-encode.ts'

/** Where objects are kept: a `ScopedState`, or what only says how to reach one. */
export interface PersistScope {
  readonly encoded: Pick<EncodedState, 'read' | 'write'>
}

export interface KeptFields {
  /** Puts what is kept into the object. Throws `StateError` (`ERR_STATE_INVALID`) for what cannot be used. */
  restore(state: object): Promise<void>
  /** Writes the fields that differ from what is known to be kept; with `checks` only if nobody else changed them. */
  write(state: object, checks: boolean): Promise<SaveOutcome>
  /** Puts what others wrote to these fields into the object. */
  takeOver(state: object, fields: readonly string[]): Promise<void>
}

/** What a key holds as far as this object knows; version `null`: nothing is kept, and the text is what it started as. */
interface Known {
  readonly text: string
  readonly version: number | null
}

export function keptFields<State extends object>(
  scope: PersistScope,
  name: string,
  { version = 1, migrate, schema, invalid = 'refuse' }: PersistOptions<State>,
): KeptFields {
  const prefix = `${name}/`
  const versionText = encodeValue({ version })
  const known = new Map<string, Known>()

  function learn(entries: ReadonlyMap<string, StateText>): void {
    known.clear()
    for (const [key, entry] of entries) if (key === name || key.startsWith(prefix)) known.set(key, entry)
  }

  /** The version and the fields that are kept; `null` for an object that was never saved. */
  function kept(): { readonly of: number; readonly fields: Record<string, unknown> } | null {
    if (known.size === 0) return null
    const fields: Record<string, unknown> = {}
    for (const [key, { text }] of known)
      if (key !== name) put(fields, key.slice(prefix.length), decodeValue(text))
    const mark = known.get(name)
    const noted = mark === undefined ? { version: 1 } : decodeValue(mark.text)
    const of = typeof noted === 'object' && noted !== null && 'version' in noted ? noted.version : null
    return { of: typeof of === 'number' ? of : Number.POSITIVE_INFINITY, fields }
  }

  /** The fields as this version means them; a text that says why they cannot be used. */
  async function usable(
    of: number,
    fields: Record<string, unknown>,
  ): Promise<Record<string, unknown> | string> {
    if (of > version) return `it is of version ${of}, and this is version ${version}`
    const meant = of < version && migrate !== undefined ? migrate(fields, of) : fields
    const result = await schema?.['~standard'].validate(meant)
    if (result === undefined) return meant
    if (result.issues === undefined) return result.value as Record<string, unknown>
    return result.issues
      .map(({ path = [], message }) => `${path.map(stepOf).join('.')}: ${message}`)
      .join('; ')
  }

  /** The object as it is now, as texts under keys. */
  function textsOf(state: object): Map<string, string> {
    const texts = new Map<string, string>()
    for (const [field, value] of Object.entries(state)) {
      // Methods written as fields, and what is not set, are no state.
      if (typeof value !== 'function' && value !== undefined) texts.set(prefix + field, encodeValue(value))
    }
    return texts
  }

  /** What has to be written so that the object is kept as it is; of a version that is new, the mark too. */
  function changesTo(texts: ReadonlyMap<string, string>): TextChange[] {
    const changes: TextChange[] = []
    for (const [key, text] of texts) if (known.get(key)?.text !== text) changes.push({ key, text })
    for (const key of known.keys()) if (key !== name && !texts.has(key)) changes.push({ key, text: null })
    if (changes.length > 0 && known.get(name)?.text !== versionText)
      changes.push({ key: name, text: versionText })
    return changes
  }

  function note(changes: readonly TextChange[], versions: ReadonlyMap<string, number>): void {
    for (const { key, text } of changes) {
      if (text === null) known.delete(key)
      else known.set(key, { text, version: versions.get(key) ?? null })
    }
  }

  const fieldsOf = (keys: readonly string[]): string[] =>
    keys.filter((key) => key !== name).map((key) => key.slice(prefix.length))

  return {
    async restore(state) {
      learn(await scope.encoded.read())
      const found = kept()
      const fields = found === null ? {} : await usable(found.of, found.fields)
      if (typeof fields === 'string' && invalid === 'refuse') {
        throw new StateError(
          'ERR_STATE_INVALID',
          `The state kept as ${JSON.stringify(name)} cannot be used: ${fields}.`,
        )
      }
      // What a field starts as is not written: else two new tabs would save their emptiness over each other's work.
      for (const [key, text] of textsOf(state)) if (!known.has(key)) known.set(key, { text, version: null })
      if (typeof fields === 'string') return
      for (const [field, value] of Object.entries(fields)) put(state, field, value)
    },

    async write(state, checks) {
      const changes = changesTo(textsOf(state))
      if (changes.length === 0) return { outcome: 'saved', fields: [] }
      const checked = (change: TextChange) => ({
        ...change,
        ifVersion: known.get(change.key)?.version ?? null,
      })
      const outcome = await scope.encoded.write(checks ? changes.map(checked) : changes)
      if (outcome.outcome === 'gone') return outcome
      if (outcome.outcome === 'conflict') return { outcome: 'conflict', fields: fieldsOf(outcome.keys) }
      note(changes, versionsOf(outcome))
      return { outcome: 'saved', fields: fieldsOf(changes.map(({ key }) => key)) }
    },

    async takeOver(state, fields) {
      const keys = [name, ...fields.map((field) => prefix + field)]
      const entries = await scope.encoded.read(keys)
      for (const key of keys) {
        const entry = entries.get(key)
        if (entry === undefined) known.delete(key)
        else known.set(key, entry)
        if (key === name) continue
        const field = key.slice(prefix.length)
        if (entry === undefined) Reflect.deleteProperty(state, field)
        else put(state, field, decodeValue(entry.text))
      }
    },
  }
}

function put(target: object, field: string, value: unknown): void {
  // Assigned, a field __proto__ would change the prototype, and one with a setter would run it.
  Object.defineProperty(target, field, { value, writable: true, enumerable: true, configurable: true })
}

function stepOf(step: PropertyKey | { readonly key: PropertyKey }): string {
  return String(typeof step === 'object' ? step.key : step)
}
