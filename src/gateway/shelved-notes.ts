/** What replicas note for one another and forget again: each note a number under a name, sealed, on shelves in the store. */
import type { Json, StateScope } from '../core/contracts.ts'
import { digest } from '../core/crypto.ts'
import type { SealedState } from '../core/sealed-state.ts'

/** Both reject with `StoreError` when the store cannot tell. */
export interface ShelvedNotes {
  /** What is noted under this name; `null` if nothing is, or it is forgotten. */
  read(name: readonly string[]): Promise<number | null>
  /** Of two numbers under one name the greater stays, and the time until they are forgotten begins anew. */
  write(name: readonly string[], number: number): Promise<void>
}

export interface ShelvedNotesOptions {
  readonly state: SealedState
  /** Whose notes these are. */
  readonly name: string
  /** When one is forgotten, in milliseconds. */
  readonly lifetime: number
  readonly now: () => number
}

/** One note: the image of its name, until when it is kept, and its number. */
type Note = readonly [image: string, until: number, number: number]

// Of an image: so many shelves that those who sign out at once rarely meet at one, so few that they may stay for ever.
const shelfLetters = 2

export function shelvedNotes({ state, name: whose, lifetime, now }: ShelvedNotesOptions): ShelvedNotes {
  const scope: StateScope = { sid: null, name: whose }
  const imageOf = (name: readonly string[]): string => digest(JSON.stringify(name))
  const shelfOf = (image: string): string => image.slice(0, shelfLetters)
  return {
    async read(name) {
      const image = imageOf(name)
      const notes = kept(await state.get(scope, shelfOf(image)), now())
      return notes.find(([one]) => one === image)?.[2] ?? null
    },

    async write(name, number) {
      const image = imageOf(name)
      await state.change(scope, shelfOf(image), (value) => {
        const notes = kept(value, now())
        const before = notes.find(([one]) => one === image)?.[2] ?? number
        const note: Note = [image, now() + lifetime, Math.max(before, number)]
        return [...notes.filter(([one]) => one !== image), note]
      })
    },
  }
}

function kept(value: Json, at: number): readonly Note[] {
  if (!Array.isArray(value)) return []
  return (value as readonly Json[]).flatMap((one) => {
    const note = noteOf(one)
    return note !== null && at < note[1] ? [note] : []
  })
}

function noteOf(value: Json): Note | null {
  if (!Array.isArray(value)) return null
  const [image, until, number] = value as readonly Json[]
  return typeof image === 'string' && typeof until === 'number' && typeof number === 'number'
    ? [image, until, number]
    : null
}
