/** What a request does to its session's values: collected, then written as one. */
import { StateError } from '../core/errors.ts'
import type { EncodedState, StateOutcome, StateText, TextChange } from '../core/state.ts'
import { decodeValue } from '../core/value-decode.ts'
import { encodeValue } from '../core/value-encode.ts'
import type { Flash } from './request-session.ts'
import { reserved, type ValueSchemas } from './value-schemas.ts'

/** Where a stored session's values lie. */
export type ValueScope = Pick<EncodedState, 'read' | 'write'>

export interface SessionValuesOptions {
  readonly schemas: ValueSchemas
  /** The scope of the session as it is now; `null` while nothing is stored of it. */
  scope(): ValueScope | null
  /** Starts a session if there is none; `null` if it has ended. */
  start(): Promise<ValueScope | null>
  /** Called before anything is collected; throws where it would come too late. */
  onChange(): void
}

export interface SessionValues {
  get(key: string): Promise<unknown>
  entries(): Promise<ReadonlyMap<string, unknown>>
  set(key: string, value: unknown): void
  delete(key: string): void
  clear(): void
  update(key: string, change: (present: unknown) => unknown): Promise<unknown>
  flash(flash: Flash): void
  flashes(): Promise<readonly Flash[]>
  /** `false`: the session has ended. */
  save(): Promise<boolean>
  /** Forgets what was collected: it belonged to another session. */
  drop(): void
}

/** As JSON text, so that what cannot be kept is refused where it is set; `null`: removed. */
interface Change {
  readonly text: string | null
}

/** What one save writes. */
interface Collected {
  readonly changes: ReadonlyMap<string, Change>
  readonly left: readonly Flash[]
  readonly clearing: object | null
}

const flashKey = `${reserved}flash`
// Each failure means that another request succeeded.
const attempts = 50

/** The values of one request's session. Reads go to the scope, which asks the store where it must. */
export function sessionValues({ schemas, scope, start, onChange }: SessionValuesOptions): SessionValues {
  // Texts, so that later changes to a value change nothing.
  let changes = new Map<string, Change>()
  let left: readonly Flash[] = []
  /** Told apart by identity: one that is made again while a save is under way is not the one that is saved. */
  let clearing: object | null = null

  const stored = async (key: string): Promise<StateText | undefined> => (await scope()?.read([key]))?.get(key)
  const opened = async (key: string, text: string | undefined): Promise<unknown> =>
    text === undefined ? undefined : schemas.read(key, decodeValue(text))

  function collect(key: string, text: string | null): void {
    onChange()
    changes.set(key, { text })
  }

  /** Whether there is anything to do in a session that holds nothing yet. */
  const isWorthStarting = (): boolean =>
    left.length > 0 || [...changes.values()].some(({ text }) => text !== null)

  async function save(): Promise<boolean> {
    if (clearing === null && changes.size === 0 && left.length === 0) return true
    const collected: Collected = { changes: new Map(changes), left, clearing }
    const target = scope() === null && !isWorthStarting() ? 'nothing' : await start()
    if (target === 'nothing' || target === null) {
      forget(collected)
      return target !== null
    }
    for (let attempt = 0; attempt < attempts; attempt++) {
      const written = await target.write(await changesOn(target, collected))
      if (written.outcome === 'conflict') continue
      forget(collected)
      return isWritten(written)
    }
    throw busy('the messages of flash()')
  }

  async function changesOn(target: ValueScope, collected: Collected): Promise<TextChange[]> {
    const made: TextChange[] = [...collected.changes].map(([key, { text }]) => ({ key, text }))
    if (collected.clearing !== null) {
      const before = (await target.read()).keys()
      for (const key of before)
        if (!collected.changes.has(key) && key !== flashKey) made.push({ key, text: null })
    }
    if (collected.left.length > 0) {
      const entry = (await target.read([flashKey])).get(flashKey)
      const text = encodeValue([...flashesIn(entry), ...collected.left])
      made.push({ key: flashKey, text, ifVersion: entry?.version ?? null })
    }
    return made
  }

  /** What is stored under the app's own keys, with what was collected on top. */
  async function texts(): Promise<ReadonlyMap<string, string | null>> {
    const all = new Map<string, string | null>()
    const found = clearing === null ? await scope()?.read() : undefined
    for (const [key, { text }] of found ?? []) if (!key.startsWith(reserved)) all.set(key, text)
    for (const [key, { text }] of changes) all.set(key, text)
    return all
  }

  function drop(): void {
    changes = new Map()
    left = []
    clearing = null
  }

  /** Forgets these, not what was set since they were collected. */
  function forget(collected: Collected): void {
    for (const [key, change] of collected.changes) if (changes.get(key) === change) changes.delete(key)
    left = left.filter((flash) => !collected.left.includes(flash))
    if (clearing === collected.clearing) clearing = null
  }

  async function update(key: string, change: (present: unknown) => unknown): Promise<unknown> {
    if (clearing !== null || changes.has(key)) await save()
    for (let attempt = 0; attempt < attempts; attempt++) {
      const entry = await stored(key)
      const value = schemas.accept(key, change(await opened(key, entry?.text)))
      const text = encodeValue(value)
      const target = await start()
      if (target === null) throw ended(key)
      const written = await target.write([{ key, text, ifVersion: entry?.version ?? null }])
      if (written.outcome === 'conflict') continue
      if (!isWritten(written)) throw ended(key)
      return value
    }
    throw busy(`the value of ${JSON.stringify(key)}`)
  }

  return {
    async get(key) {
      const text = changes.get(key)?.text
      if (text !== undefined) return text === null ? undefined : decodeValue(text)
      return clearing === null ? opened(key, (await stored(key))?.text) : undefined
    },

    async entries() {
      const all = new Map<string, unknown>()
      for (const [key, text] of await texts()) {
        const value = text === null ? undefined : await opened(key, text)
        if (value !== undefined) all.set(key, value)
      }
      return all
    },

    set: (key, value) => collect(key, encodeValue(schemas.accept(key, value))),
    delete: (key) => collect(key, null),

    clear() {
      onChange()
      changes.clear()
      clearing = {}
    },

    update,

    flash({ kind, text }) {
      onChange()
      left = [...left, { kind, text }]
    },

    async flashes() {
      const here = left
      left = []
      for (let attempt = 0; attempt < attempts; attempt++) {
        const entry = await stored(flashKey)
        if (entry === undefined) return here
        // Taken by exactly one: of two pages that load at once one shows them.
        const taken = await scope()?.write([{ key: flashKey, text: null, ifVersion: entry.version }])
        if (taken?.outcome !== 'conflict')
          return taken?.outcome === 'written' ? [...flashesIn(entry), ...here] : here
      }
      throw busy('the messages of flash()')
    },

    save,
    drop,
  }
}

function flashesIn(entry: StateText | undefined): readonly Flash[] {
  const value = entry === undefined ? [] : decodeValue(entry.text)
  return Array.isArray(value) ? (value as unknown as readonly Flash[]) : []
}

/** `false`: the session has ended. */
function isWritten(outcome: StateOutcome): boolean {
  if (outcome.outcome !== 'too-large') return outcome.outcome === 'written'
  const { of, key, bytes, limit } = outcome
  const what = of === 'value' ? `The value of ${JSON.stringify(key)}` : 'All that the session holds'
  throw new StateError(
    'ERR_STATE_TOO_LARGE',
    `${what} would take ${bytes} bytes, ${limit} is the most. Nothing was written. Keep large things elsewhere, and ` +
      'their names in the session.',
  )
}

function ended(key: string): StateError {
  return new StateError(
    'ERR_SESSION_ENDED',
    `session.update(${JSON.stringify(key)}): the session ended meanwhile, and nothing was written. Ask to sign in again.`,
  )
}

function busy(what: string): StateError {
  return new StateError(
    'ERR_STATE_CONFLICT',
    `Other requests changed ${what} ${attempts} times while this one tried to. Nothing was written; try again.`,
  )
}
