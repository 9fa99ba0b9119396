/** Objects that are kept as state by themselves: fields are read back when they are opened, and what changed is saved. */
import { StateError } from './errors.ts'
import type { Persisted, PersistOptions, SaveOutcome } from './persisted.ts'
import { type KeptFields, keptFields, type PersistScope } from './persisted-fields.ts'
import { decodeValue } from './value-decode.ts'
import { encodeValue } from './value-encode.ts'

/** A class whose instances can be made without arguments. */
export type Maker<State extends object> = new () => State

interface Definition {
  readonly name: string
  readonly options: PersistOptions<object>
}

// On the class itself, under a name nobody else can have: a registry beside it would be shared by all that runs here.
const definition: unique symbol = Symbol('holdfast.persist')

/**
 * Marks a class whose instances are kept under a name: `@persist('app-state') class AppState { items: string[] = [] }`,
 * then `await persisted(scope, AppState)`. A standard decorator; also to be called, `persist('app-state')(AppState)`.
 */
export function persist<State extends object>(
  name: string,
  options: PersistOptions<State> = {},
): (target: Maker<State>, context?: ClassDecoratorContext) => void {
  checkName(name)
  return (target) => {
    Object.defineProperty(target, definition, { value: { name, options } })
  }
}

/** Opens an instance of a class that was marked with `persist`. Rejects with `StoreError` when the store cannot tell. */
export async function persisted<State extends object>(
  scope: PersistScope,
  marked: Maker<State>,
): Promise<Persisted<State>>
/** Opens an object under a name: what it is when nothing is kept yet, or a class to make it of. */
export async function persisted<State extends object>(
  scope: PersistScope,
  name: string,
  initial: State | Maker<State>,
  options?: PersistOptions<State>,
): Promise<Persisted<State>>
export async function persisted<State extends object>(
  scope: PersistScope,
  nameOrMarked: string | Maker<State>,
  initial?: State | Maker<State>,
  options: PersistOptions<State> = {},
): Promise<Persisted<State>> {
  if (typeof nameOrMarked !== 'string') {
    const { name, options: own } = definitionOf(nameOrMarked)
    return open(scope, name, new nameOrMarked(), own as PersistOptions<State>)
  }
  if (initial === undefined)
    throw new TypeError(`persisted(scope, "${nameOrMarked}", …): say what it starts as.`)
  checkName(nameOrMarked)
  return open(scope, nameOrMarked, typeof initial === 'function' ? new initial() : copyOf(initial), options)
}

/** The objects of one piece of work, a request: opened as they are needed, and saved together at its end. */
export interface Persistence {
  /** As `persisted`, of which only the object is left to look after. The same name gives the same object. */
  open<State extends object>(marked: Maker<State>): Promise<State>
  open<State extends object>(
    name: string,
    initial: State | Maker<State>,
    options?: PersistOptions<State>,
  ): Promise<State>
  /** Saves them all; what each came to, by name. One that met a conflict is let go: opened again it is what others made it. */
  save(): Promise<ReadonlyMap<string, SaveOutcome>>
}

/** Keeps several objects of one scope together, such as all that a request works with. */
export function persistence(scope: PersistScope): Persistence {
  const opened = new Map<string, Promise<Persisted<object>>>()

  function open<State extends object>(
    nameOrMarked: string | Maker<State>,
    initial?: State | Maker<State>,
    options?: PersistOptions<State>,
  ): Promise<State> {
    const name = typeof nameOrMarked === 'string' ? nameOrMarked : definitionOf(nameOrMarked).name
    const present = opened.get(name)
    const opening =
      present ??
      (typeof nameOrMarked === 'string'
        ? persisted(scope, nameOrMarked, initial as State | Maker<State>, options)
        : persisted(scope, nameOrMarked))
    if (present === undefined) {
      opened.set(name, opening)
      // What could not be opened is not there to be saved, and may be tried again.
      opening.catch(() => opened.delete(name))
    }
    return opening.then(({ state }) => state as State)
  }

  return {
    open,
    async save() {
      const outcomes = new Map<string, SaveOutcome>()
      for (const [name, opening] of opened) {
        const saved = await (await opening).save()
        if (saved.outcome === 'conflict') opened.delete(name)
        outcomes.set(name, saved)
      }
      return outcomes
    },
  }
}

async function open<State extends object>(
  scope: PersistScope,
  name: string,
  state: State,
  options: PersistOptions<State>,
): Promise<Persisted<State>> {
  const kept = keptFields(scope, name, options)
  await kept.restore(state)
  return { state, save: () => save(kept, state, options.merge ?? 'overwrite') }
}

// Each failure means that another tab's save succeeded.
const attempts = 20

async function save(
  kept: KeptFields,
  state: object,
  merge: 'overwrite' | 'keep' | 'refuse',
): Promise<SaveOutcome> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const saved = await kept.write(state, merge !== 'overwrite')
    if (saved.outcome !== 'conflict' || merge !== 'keep') return saved
    await kept.takeOver(state, saved.fields)
  }
  throw new StateError(
    'ERR_STATE_CONFLICT',
    `Others changed the same state ${attempts} times meanwhile. Try again.`,
  )
}

/** A copy, so that what one request does to a constant of the app's never shows in another. */
function copyOf<State extends object>(initial: State): State {
  return decodeValue(encodeValue(initial)) as unknown as State
}

function definitionOf(marked: Maker<object>): Definition {
  const own = Object.getOwnPropertyDescriptor(marked, definition)?.value as Definition | undefined
  if (own !== undefined) return own
  throw new TypeError(`The class ${marked.name} is not marked: write @persist('name') before it.`)
}

function checkName(name: string): void {
  if (name !== '' && !name.includes('/')) return
  throw new StateError(
    'ERR_STATE_KEY',
    `persist(${JSON.stringify(name)}): the name must not be empty or hold a "/".`,
  )
}
