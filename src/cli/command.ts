/** What a command is: how it is called, what it says of itself, what it does. */
import type { OptionValue } from '../gateway/config-load.ts'

/** An option that is no setting. */
export interface CommandOption {
  readonly name: string
  /** What stands for its value in help; '' for one without. */
  readonly value: string
  readonly about: string
}

/** How a command was called. */
export interface Call {
  readonly words: readonly string[]
  /** What follows `--`; `null` if there is no `--`. */
  readonly rest: readonly string[] | null
  /** The options that are no settings. */
  readonly options: ReadonlyMap<string, OptionValue>
  /** The options that are settings, and `config`. */
  readonly settings: ReadonlyMap<string, OptionValue>
}

export interface Command {
  /** One or two words, such as `users add`. */
  readonly name: string
  /** What follows the name, such as `<name> [options]`. */
  readonly synopsis: string
  readonly about: string
  /** Keys of the settings it takes as options. */
  readonly settings: readonly string[]
  readonly options: readonly CommandOption[]
  /** The words it needs at least, and takes at most. */
  readonly words: readonly [least: number, most: number]
  /** What of this shape is a word, also with a dash in front: ids are random, and begin with any letter. */
  readonly wordShape?: RegExp
  /** Whether it takes a command after `--`. */
  readonly takesCommand: boolean
  /** A call, and what it does. */
  readonly examples: readonly (readonly [call: string, does: string])[]
  /** Further paragraphs of its help. */
  readonly notes?: readonly string[]
  /** Does it; the exit code. Rejects with `HoldfastError` for what a person can put right. */
  run(call: Call): Promise<number>
}

/** The settings that say where sessions are. */
export const storeSettings: readonly string[] = ['store', 'secretFile', 'name']
