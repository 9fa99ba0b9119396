import { type Document, isMap, isScalar, isSeq, type Pair, type ParsedNode, visit } from 'yaml'
import { hashShape } from './password-hash.ts'
import type { UserEntry, UsersFormat } from './user-entry.ts'
import { canonicalUserName } from './user-name.ts'
import { preauthorizedKeys } from './users-preauthorized.ts'

/** Notes a mistake at an offset of the text. */
type Fault = (offset: number | undefined, message: string) => void
type Field = ParsedNode | null | undefined
type Reader = (node: Field, fault: Fault) => Partial<UserEntry>

/** The users of a document; every mistake goes to `fault`, and reading goes on to find the next. */
export function readUsers(
  yaml: Document.Parsed<ParsedNode>,
  format: UsersFormat,
  fault: Fault,
): ReadonlyMap<string, UserEntry> {
  const users = new Map<string, UserEntry>()
  const root = yaml.contents
  refuseRepeats(yaml, fault)
  if (format === 'holdfast') refuseOthers(root, ['users', ...preauthorizedKeys], fault)
  const credentials = format === 'holdfast' ? root : child(root, 'credentials')
  const map = child(credentials, format === 'holdfast' ? 'users' : 'usernames')
  if (!isMap(map)) {
    const where = format === 'holdfast' ? 'users' : 'credentials.usernames'
    fault(map?.range?.[0], `\`${where}\` must map each user name to what is known of that user; none: \`{}\``)
    return users
  }
  refuseAnchors(map, fault)
  for (const pair of map.items) readUser(pair as Pair<ParsedNode, ParsedNode | null>, format, users, fault)
  return users
}

function readUser(
  pair: Pair<ParsedNode, ParsedNode | null>,
  format: UsersFormat,
  users: Map<string, UserEntry>,
  fault: Fault,
): void {
  const at = pair.key.range?.[0]
  const key = isScalar(pair.key) ? pair.key.value : null
  if (typeof key !== 'string') {
    fault(at, 'a user name must be text: put it in quotes')
    return
  }
  const userId = canonicalUserName(key)
  if (userId === null) {
    fault(at, `${quote(key)} cannot be a user name: letters, digits and . _ @ + ' ~ - only, at most 128`)
    return
  }
  // Two spellings of one user: which password would count?
  if (users.has(userId)) {
    if (users.get(userId)?.key === key) return
    fault(at, `${quote(key)} is the same user as ${quote(users.get(userId)?.key ?? '')}`)
    return
  }
  if (!isMap(pair.value)) {
    fault(at, `${quote(key)} needs keys below it, \`password\` first`)
    return
  }
  users.set(userId, { userId, key, ...nobody, ...readFields(pair.value as ParsedNode, format, fault) })
}

const nobody = {
  ...({ password: null, plain: null, name: null, email: null, roles: [], disabled: false } as const),
  fields: new Map<string, string>(),
}

function readFields(node: ParsedNode, format: UsersFormat, fault: Fault): Partial<UserEntry> {
  if (format === 'holdfast') {
    // A mistyped `disabled` or `roles` that is silently ignored would let someone in.
    refuseOthers(node, ['password', 'name', 'email', 'roles', 'disabled', 'fields'], fault)
    return {
      ...hashed(child(node, 'password'), fault),
      name: text(child(node, 'name'), 'name', fault),
      email: text(child(node, 'email'), 'email', fault),
      ...listed(child(node, 'roles'), fault),
      ...switched(child(node, 'disabled'), fault),
      ...asked(child(node, 'fields'), fault),
    }
  }
  const whole = text(child(node, 'name'), 'name', fault)
  const parts = ['first_name', 'last_name'].map((key) => text(child(node, key), key, fault))
  const roles = child(node, 'roles')
  return {
    ...hashedOrPlain(child(node, 'password'), fault),
    name: whole ?? (parts.filter((part) => part !== null).join(' ') || null),
    email: text(child(node, 'email'), 'email', fault),
    // Before 0.4 it was one `role`.
    ...listed(roles ?? child(node, 'role'), fault),
    ...switched(child(node, 'disabled'), fault),
    ...asked(child(node, 'fields'), fault),
  }
}

const hashed: Reader = (node, fault) => {
  const value = isScalar(node) ? node.value : node
  if (value === undefined || value === null) return {}
  if (typeof value === 'string' && hashShape(value) !== null) return { password: value }
  fault(
    node?.range?.[0],
    '`password` must be an argon2id or bcrypt hash of moderate cost; `holdfast users password` sets one',
  )
  return {}
}

// What other software's hashes begin with. Taken for plain text, a stolen hash would be the password.
const foreignHash = /^(?:\$[\w-]*\$|\{[\w-]+\}|pbkdf2|scrypt:|bcrypt|argon2|sha\d|md5)/i

const hashedOrPlain: Reader = (node, fault) => {
  const value = isScalar(node) ? node.value : node
  if (typeof value !== 'string' || value === '' || hashShape(value) !== null || foreignHash.test(value)) {
    // A guest, who signs in elsewhere, has none.
    return value === '' ? {} : hashed(node, fault)
  }
  return { plain: value }
}

const listed: Reader = (node, fault) => {
  if (node === undefined || node === null || (isScalar(node) && node.value === null)) return {}
  const items = isSeq(node) ? node.items : [node]
  const roles = items.map((item) => text(item as ParsedNode, 'roles', fault))
  // They travel in one header, separated by commas.
  if (roles.some((role) => role?.includes(','))) fault(node.range?.[0], 'a role must not contain a comma')
  return { roles: [...new Set(roles.filter((role) => role !== null))] }
}

const switched: Reader = (node, fault) => {
  const value = isScalar(node) ? node.value : node
  if (value === undefined || value === null) return {}
  if (typeof value === 'boolean') return { disabled: value }
  fault(node?.range?.[0], '`disabled` must be true or false')
  return { disabled: true }
}

/** What a field of one's own may be called: a word in the file, in forms and in what the app is told. */
export const fieldName: RegExp = /^[a-z][a-z\d_]{0,31}$/

const asked: Reader = (node, fault) => {
  if (node === undefined || node === null || (isScalar(node) && node.value === null)) return {}
  if (!isMap(node)) {
    fault(node.range?.[0], '`fields` must map words to texts')
    return {}
  }
  const fields = new Map<string, string>()
  for (const { key, value } of node.items) {
    const name = isScalar(key) ? key.value : null
    if (typeof name !== 'string' || !fieldName.test(name))
      fault((key as ParsedNode).range?.[0], 'a field is called by a word of small letters, digits and _')
    else fields.set(name, text(value as Field, name, fault) ?? '')
  }
  return { fields }
}

function text(node: Field, key: string, fault: Fault): string | null {
  const value = isScalar(node) ? node.value : node
  if (value === undefined || value === null) return null
  if (typeof value === 'string' && isDisplayable(value)) return value.trim() || null
  fault(
    node?.range?.[0],
    `\`${key}\` must be text of at most 256 characters on one line (put numbers in quotes)`,
  )
  return null
}

/** Whether a text may go into a page and a header: short, on one line, no control characters. */
export function isDisplayable(value: string): boolean {
  return value.length <= 256 && value.isWellFormed() && !/[\p{Cc}\u2028\u2029]/u.test(value)
}

function child(node: Field, key: string): Field {
  return isMap(node) ? (node.get(key, true) as Field) : undefined
}

function refuseOthers(node: Field, known: readonly string[], fault: Fault): void {
  if (!isMap(node)) return
  for (const { key } of node.items) {
    const name = isScalar(key) ? String(key.value) : ''
    if (known.includes(name)) continue
    fault((key as ParsedNode).range?.[0], `${quote(name)} is not known here; known are ${known.join(', ')}`)
  }
}

/** Of two equal keys one would count and the other be shown; which, every reader decides differently. */
function refuseRepeats(yaml: Document.Parsed<ParsedNode>, fault: Fault): void {
  visit(yaml, {
    Map(_key, map) {
      const seen = new Set<unknown>()
      for (const { key } of map.items) {
        const name = isScalar(key) ? key.value : key
        if (seen.has(name)) fault((key as ParsedNode).range?.[0], 'this key stands here a second time')
        seen.add(name)
      }
    },
  })
}

/** One user's text must be that user's alone: an edit behind an alias would change another's password. */
function refuseAnchors(map: ParsedNode, fault: Fault): void {
  visit(map, {
    Alias: (_key, node) => fault(node.range?.[0], 'write it out: users share nothing through aliases'),
    Value: (_key, node) => {
      if (node.anchor !== undefined) fault(node.range?.[0], 'write it out: no anchors among the users')
    },
  })
}

function quote(value: string): string {
  return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)
}
