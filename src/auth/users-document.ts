import { type Document, isMap, LineCounter, type ParsedNode, parseDocument } from 'yaml'
import { ConfigError } from '../core/errors.ts'
import type { UserEntry, UsersFormat } from './user-entry.ts'
import { type PreauthorizedList, readPreauthorized } from './users-preauthorized.ts'
import { readUsers } from './users-schema.ts'

/** A mistake in a users file, and the line it is on. */
interface UsersFault {
  readonly line: number
  readonly message: string
}

/** A users file, read and found whole. */
export interface UsersDocument {
  readonly text: string
  readonly format: UsersFormat
  /** By `userId`, in the file's order. */
  readonly users: ReadonlyMap<string, UserEntry>
  /** Who may register, as far as the file says. */
  readonly preauthorized: readonly PreauthorizedList[]
  /** Where the map of users is in the document. */
  readonly path: readonly string[]
  readonly yaml: Document.Parsed<ParsedNode>
}

const mostCharacters = 16 * 1024 * 1024

/**
 * Reads a users file. Throws `ERR_USERS_INVALID` that names every fault with its line, and never a value that could be
 * a password.
 */
export function parseUsers(text: string, path: string): UsersDocument {
  if (text.length > mostCharacters) throw invalid(path, [{ line: 1, message: 'the file is over 16 MiB' }])
  const lines = new LineCounter()
  // `prettyErrors` would quote the line, and with it the password on it.
  // `uniqueKeys` compares every key with every other: half a minute for ten thousand users. `readUsers` does it once.
  const yaml = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    version: '1.2',
  })
  if (yaml.errors.length > 0) {
    const faults = yaml.errors.map(({ code, pos }) => ({
      line: lines.linePos(pos[0]).line,
      message: syntaxMessages[code] ?? `this is not YAML (${code})`,
    }))
    throw invalid(path, faults)
  }
  const format = formatOf(yaml)
  if (format === null) throw invalid(path, [{ line: 1, message: noUsers }])
  const faults: UsersFault[] = []
  const fault = (offset: number | undefined, message: string): void => {
    faults.push({ line: offset === undefined ? 1 : lines.linePos(offset).line, message })
  }
  const users = readUsers(yaml, format, fault)
  const preauthorized = readPreauthorized(yaml, fault)
  if (faults.length > 0) throw invalid(path, faults)
  return { text, format, users, preauthorized, path: usersPath(format), yaml }
}

/** Where a format keeps its users. */
export function usersPath(format: UsersFormat): readonly string[] {
  return format === 'holdfast' ? ['users'] : ['credentials', 'usernames']
}

const noUsers =
  'there must be either `users:` (an empty one is `users: {}`) or the `credentials:` of Streamlit-Authenticator'

// The parser's own messages may quote the text they stumbled over.
const syntaxMessages: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'indent with blanks, not with tabs',
  BAD_INDENT: 'this line is indented differently from its neighbours',
  MULTIPLE_DOCS: 'a users file is one YAML document, without further `---`',
  MISSING_CHAR: 'a quote, bracket or colon is missing',
  BAD_ALIAS: 'this alias names no anchor',
}

function formatOf(yaml: Document.Parsed<ParsedNode>): UsersFormat | null {
  const root = yaml.contents
  if (!isMap(root) || root.has('users') === root.has('credentials')) return null
  return root.has('users') ? 'holdfast' : 'streamlit-authenticator'
}

function invalid(path: string, faults: readonly UsersFault[]): ConfigError {
  const count = faults.length === 1 ? 'a mistake' : `${faults.length} mistakes`
  const list = faults.map(({ line, message }) => `  line ${line}: ${message}`).join('\n')
  return new ConfigError('ERR_USERS_INVALID', `The users file ${path} has ${count}:\n${list}`)
}
