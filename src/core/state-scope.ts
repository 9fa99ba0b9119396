/** One scope of state on a store: what is written in `state.ts` as `EncodedState`. */
import type { SessionStore, StateChange, StateEntry, StateScope, StateWrite } from './contracts.ts'
import { toUtf8 } from './crypto.ts'
import { StateError, ValueError } from './errors.ts'
import type { EncodedState, StateLimits, StateOutcome, StateText, TextChange } from './state.ts'
import type { ScopeMemory } from './state-memory.ts'
import type { StateSeal } from './state-seal.ts'
import { watchScope } from './state-watch.ts'
import { decodeValue } from './value-decode.ts'

/** What a scope stands on. */
export interface ScopeParts {
  readonly store: SessionStore
  /** As the store names it. */
  readonly scope: StateScope
  readonly seal: StateSeal
  readonly limits: StateLimits
  /** `null`: every read asks the store. */
  readonly memory: ScopeMemory | null
  /** The session that has to live for it; `null` for state that belongs to none. */
  readonly sid: string | null
  /** Asked before each call; `false`: the session has ended, and there is nothing to read and nowhere to write. */
  admit(what: 'read' | 'write'): Promise<boolean>
  /** Whether the session lives, as the store knows it. */
  isLive(): Promise<boolean>
}

/** A scope whose texts are known to be values, for code of ours that has just written them. */
export interface OpenScope extends EncodedState {
  /** As `write`, without looking at the texts again. */
  writeValues(changes: readonly TextChange[]): Promise<StateOutcome>
  /** Removes all keys there are. */
  removeAll(): Promise<'written' | 'gone'>
}

const longestKey = 1024

/** The scope that these parts make. */
export function openScope(parts: ScopeParts): OpenScope {
  const { store, scope, seal, limits, memory, admit } = parts

  async function readImages(images?: readonly string[]): Promise<ReadonlyMap<string, StateEntry>> {
    return (await admit('read')) ? store.readState(scope, images) : new Map()
  }

  function opened(entries: ReadonlyMap<string, StateEntry>): Map<string, StateText> {
    const found = new Map<string, StateText>()
    for (const [image, { value, version }] of entries) {
      // What does not open was put there by somebody without the keys: it is not there.
      const entry = seal.open(image, value)
      if (entry !== null) found.set(entry.key, { text: entry.text, version })
    }
    return found
  }

  async function writeValues(changes: readonly TextChange[]): Promise<StateOutcome> {
    const tooLarge = largerThan(changes, limits.value)
    if (tooLarge !== null) return tooLarge
    if (!(await admit('write'))) return { outcome: 'gone' }
    const keys = new Map<string, string>()
    const sealed = changes.map(({ key, text, ifVersion }): StateChange => {
      const image = seal.image(key)
      keys.set(image, key)
      const box = { key: image, value: text === null ? null : seal.seal(image, key, text) }
      return ifVersion === undefined ? box : { ...box, ifVersion }
    })
    try {
      return outcomeOf(await store.writeState(scope, sealed, limits.scope), keys, changes, limits)
    } finally {
      memory?.forget()
    }
  }

  return {
    async read(keys) {
      for (const key of keys ?? []) checkKey(key)
      if (!(await admit('read'))) return new Map()
      const known = memory?.recall(keys) ?? null
      if (known !== null) return known
      const keep = memory?.reading()
      const found = opened(await store.readState(scope, keys?.map(seal.image)))
      keep?.(found, keys)
      return found
    },

    async write(changes) {
      for (const { key, text } of changes) {
        checkKey(key)
        if (text !== null) checkText(key, text, limits.value)
      }
      return writeValues(changes)
    },

    async writeValues(changes) {
      for (const { key } of changes) checkKey(key)
      return writeValues(changes)
    },

    async removeAll() {
      // By image: what does not open goes too.
      const images = [...(await readImages()).keys()]
      if (!(await admit('write'))) return 'gone'
      const removals = images.map((key) => ({ key, value: null }))
      const { outcome } = await store.writeState(scope, removals).finally(memory?.forget)
      return outcome === 'gone' ? 'gone' : 'written'
    },

    watch: (listener) => watchScope({ ...parts, read: readImages }, listener),
  }
}

function outcomeOf(
  write: StateWrite,
  keys: ReadonlyMap<string, string>,
  changes: readonly TextChange[],
  limits: StateLimits,
): StateOutcome {
  switch (write.outcome) {
    case 'written':
      return {
        outcome: 'written',
        versions: new Map([...write.versions].map(([image, version]) => [keys.get(image) ?? '', version])),
      }
    case 'conflict':
      return { outcome: 'conflict', keys: write.keys.map((image) => keys.get(image) ?? '') }
    case 'gone':
      return write
    case 'full': {
      const { key } = changes.reduce((most, one) => (lengthOf(one) > lengthOf(most) ? one : most))
      return { outcome: 'too-large', of: 'scope', key, bytes: write.bytes, limit: limits.scope }
    }
  }
}

function lengthOf({ text }: TextChange): number {
  return text?.length ?? 0
}

function largerThan(changes: readonly TextChange[], limit: number): StateOutcome | null {
  for (const { key, text } of changes) {
    // A text has at most three bytes for each of its units: most need not be written out to be counted.
    if (text === null || text.length * 3 <= limit) continue
    const bytes = toUtf8(text).length
    if (bytes > limit) return { outcome: 'too-large', of: 'value', key, bytes, limit }
  }
  return null
}

/** Throws unless the text can be the name of something. */
export function checkKey(key: string, most: number = longestKey): void {
  const bytes = key.isWellFormed() ? toUtf8(key).length : null
  if (bytes !== null && bytes <= most) return
  throw new StateError(
    'ERR_STATE_KEY',
    `The key ${JSON.stringify(key.slice(0, 40))}${key.length > 40 ? '…' : ''} cannot be used: ` +
      (bytes === null ? 'it holds half a surrogate pair.' : `it has ${bytes} bytes, ${most} is the most.`),
  )
}

function checkText(key: string, text: string, limit: number): void {
  // Too large is found, and said, before it is read.
  if (text.length > limit) return
  try {
    decodeValue(text)
  } catch (error) {
    if (!(error instanceof ValueError)) throw error
    throw new ValueError(error.code, `${JSON.stringify(key)}: ${error.message}`)
  }
}
