import { isDeepStrictEqual } from 'node:util'
import { type Document, isMap, isScalar, isSeq, type Pair, type ParsedNode, stringify } from 'yaml'
import { ConfigError } from '../core/errors.ts'
import { parseUsers, type UsersDocument } from './users-document.ts'

/** What a value in a users file may be set to; `undefined` removes it. */
export type UsersValue =
  | string
  | boolean
  | readonly string[]
  | { readonly [key: string]: UsersValue }
  | undefined

/** One change: a path of keys as they stand in the file, below the map of users or from its root, and the new value. */
export interface UsersEdit {
  readonly path: readonly [key: string, ...field: string[]]
  readonly value: UsersValue
  /** @default 'users' */
  readonly from?: 'users' | 'root'
}

/**
 * The document with these values changed and every other byte as it was: comments, order, quotes, the other sections.
 * Where the layout does not allow that (a map in braces, a list with comments), comments and content stay and only the
 * layout is made regular. A comment goes only with a line that is itself taken out. Proven after the fact: a result
 * that reads back as anything but the old content with these changes is not returned; then `ERR_USERS_INVALID` is
 * thrown.
 */
export function editUsers(document: UsersDocument, edits: readonly UsersEdit[]): UsersDocument {
  if (edits.length === 0) return document
  const changes = edits.map(({ path, value, from = 'users' }) => ({
    path: from === 'users' ? [...document.path, ...path] : path,
    value,
  }))
  const wanted = contentWith(document, changes)
  for (const rewrite of [spliced, regular]) {
    const text = rewrite(document, changes)
    const read = text === null ? null : tryParse(text)
    if (read !== null && isDeepStrictEqual(content(read), wanted)) return read
  }
  const keys = edits.map(({ path }) => JSON.stringify(path[0])).join(', ')
  throw new ConfigError(
    'ERR_USERS_INVALID',
    `The users file cannot be changed at ${keys} without touching other parts of it. Edit it by hand.`,
  )
}

interface Change {
  readonly path: readonly string[]
  readonly value: UsersValue
}

function tryParse(text: string): UsersDocument | null {
  try {
    return parseUsers(text, '')
  } catch {
    return null
  }
}

type Content = Map<unknown, unknown>

// As maps, for `__proto__` is a key like any other here.
function content(document: UsersDocument): Content {
  return document.yaml.toJS({ mapAsMap: true }) as Content
}

function contentWith(document: UsersDocument, changes: readonly Change[]): Content {
  const root = content(document)
  for (const { path, value } of changes) {
    const parent = path.slice(0, -1).reduce((map, key) => map.get(key) as Content, root)
    if (value === undefined) parent.delete(path.at(-1))
    else parent.set(path.at(-1), asContent(value))
  }
  return root
}

function asContent(value: UsersValue): unknown {
  if (typeof value !== 'object') return value
  if (Array.isArray(value)) return [...value]
  return new Map(Object.entries(value).map(([key, item]) => [key, asContent(item)]))
}

interface Patch {
  readonly from: number
  readonly to: number
  readonly insert: string
}

type Item = Pair<ParsedNode, ParsedNode | null>

/** The changes as cuts and insertions in the text; `null` where that cannot be done safely. */
function spliced(document: UsersDocument, changes: readonly Change[]): string | null {
  const patches = changes.map((change) => patch(document, change))
  if (patches.includes(null)) return null
  const inOrder = patches
    .filter((one) => one !== null)
    .flat()
    .sort((a, b) => a.from - b.from)
  const end = inOrder.reduce(
    ({ text, at }, { from, to, insert }) => ({ text: text + document.text.slice(at, from) + insert, at: to }),
    { text: '', at: 0 },
  )
  return end.text + document.text.slice(end.at)
}

function patch({ yaml, text }: UsersDocument, { path, value }: Change): Patch | readonly Patch[] | null {
  const map = yaml.getIn(path.slice(0, -1), true)
  const last = path.at(-1) ?? ''
  // In braces, or without a line of its own to measure the indentation by.
  if (!isMap(map) || map.flow === true || map.items.length === 0) return null
  const items = map.items as Item[]
  const item = items.find(({ key }) => isScalar(key) && key.value === last)
  if (item === undefined)
    return value === undefined ? null : append(text, items, stringify({ [last]: value }, style))
  if (value === undefined) return items.length === 1 ? null : cut(text, item)
  return fewer(text, item, value) ?? replace(text, item, value)
}

/** The lines taken out of a list that only becomes shorter; the others, and the comments on them, stay where they are. */
function fewer(text: string, { key, value: list }: Item, value: UsersValue): readonly Patch[] | null {
  if (!isSeq(list) || list.flow === true || !Array.isArray(value)) return null
  const items = list.items as ParsedNode[]
  const gone = items.filter((item) => !(isScalar(item) && value.includes(item.value as string)))
  if (items.length - gone.length !== value.length) return null
  const cuts = gone.map(({ range: [from, to] }) => {
    const start = text.lastIndexOf('\n', from - 1) + 1
    return text.slice(start, from).trim() === '-'
      ? { from: start, to: endOfLine(text, to), insert: '' }
      : null
  })
  if (!cuts.every((one) => one !== null)) return null
  // What is left of an emptied list stands behind its key, before the comment there.
  const at = text.indexOf(':', key.range[1]) + 1
  return value.length > 0 ? cuts : [{ from: at, to: at, insert: ' []' }, ...cuts]
}

function replace(text: string, item: Item, value: UsersValue): Patch | null {
  const node = item.value
  if (node === null || node.range[1] <= node.range[0]) return null
  const [from, to] = node.range
  if (isScalar(node) && !node.type?.startsWith('BLOCK') && typeof value !== 'object') {
    const insert = stringify(value, style).trimEnd()
    return insert.includes('\n') ? null : { from, to, insert }
  }
  // A comment inside a list belongs to one of its lines; which, after the change, is for the parser to say.
  if (!isSeq(node) || !Array.isArray(value) || text.slice(from, to).includes('#')) return null
  if (node.flow === true) {
    return {
      from,
      to,
      insert: stringify(value, { ...style, collectionStyle: 'flow', flowCollectionPadding: false }).trimEnd(),
    }
  }
  const [start, end] = [startOfLine(text, item), endOfLine(text, to)]
  const indent = text.slice(start, item.key.range[0])
  const lines = stringify({ [String(item.key)]: value }, style)
  return indent.trim() === '' ? { from: start, to: end, insert: indented(text, indent, lines) } : null
}

const style = { lineWidth: 0 } as const

function append(text: string, items: readonly Item[], lines: string): Patch | null {
  const [first, last] = [items[0], items.at(-1)]
  if (first === undefined || last === undefined) return null
  const indent = text.slice(startOfLine(text, first), first.key.range[0])
  if (indent.trim() !== '') return null
  const at = endOfLine(text, endOf(last))
  const gap = at > 0 && text[at - 1] !== '\n' ? lineEnd(text) : ''
  return { from: at, to: at, insert: gap + indented(text, indent, lines) }
}

function indented(text: string, indent: string, lines: string): string {
  const block = lines.trimEnd().split('\n')
  return block.map((line) => `${indent}${line}${lineEnd(text)}`).join('')
}

function lineEnd(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n'
}

function cut(text: string, item: Item): Patch | null {
  const from = startOfLine(text, item)
  if (text.slice(from, item.key.range[0]).trim() !== '') return null
  return { from, to: endOfLine(text, endOf(item)), insert: '' }
}

function startOfLine(text: string, item: Item): number {
  return text.lastIndexOf('\n', item.key.range[0] - 1) + 1
}

function endOf(item: Item): number {
  return item.value?.range[1] ?? item.key.range[1]
}

/** The offset after the line that `offset` closes; a block scalar's end already is one. */
function endOfLine(text: string, offset: number): number {
  if (offset > 0 && text[offset - 1] === '\n') return offset
  const end = text.indexOf('\n', offset)
  return end === -1 ? text.length : end + 1
}

/** The changes through the parsed document: content and comments stay, the layout becomes regular. */
function regular(document: UsersDocument, changes: readonly Change[]): string {
  const yaml = document.yaml.clone() as Document.Parsed<ParsedNode>
  for (const { path, value } of changes) {
    const map = yaml.getIn(path.slice(0, -1), true)
    if (isMap(map) && map.items.length === 0) map.flow = false
    const list = yaml.getIn(path, true)
    if (value === undefined) yaml.deleteIn(path)
    else if (isSeq(list) && Array.isArray(value))
      list.items = value.map((item) => kept(list.items, item) ?? item)
    else yaml.setIn(path, yaml.createNode(value))
  }
  const text = yaml.toString(style)
  return document.text.includes('\r\n') ? text.replaceAll('\n', '\r\n') : text
}

/** The node of an item that stays in its list, and with it the comment beside it. */
function kept(items: readonly unknown[], value: unknown): unknown {
  return items.find((item) => isScalar(item) && item.value === value)
}
