/** `holdfast.yaml`, read and checked whole: every fault with its line and what to write instead. */
import { readFile } from 'node:fs/promises'
import { type BaseIssue, safeParse } from 'valibot'
import {
  type Document,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  parseDocument,
  visit,
} from 'yaml'
import { ConfigError } from '../core/errors.ts'
import { type ConfigInput, configSchema } from './config-schema.ts'

/** What a source of configuration says, and what is wrong with it: one sentence a fault, place first, in the order of the text. */
export interface ConfigReading {
  /** What could be read; empty where there are faults. */
  readonly input: ConfigInput
  readonly faults: readonly string[]
}

/** The keys and indices that lead to something. */
export type ConfigPath = readonly (string | number)[]

const mostBytes = 1024 * 1024

/** Reads a configuration file. Throws `ConfigError` only if there is no reading it at all. */
export async function readConfigFile(file: string): Promise<ConfigReading> {
  return parseConfig(await readText(file), file)
}

/** Reads the text of a configuration file; never throws. */
export function parseConfig(text: string, file: string): ConfigReading {
  const lines = new LineCounter()
  const at = (offset: number | undefined): string =>
    `${file}:${offset === undefined ? 1 : lines.linePos(offset).line}`
  // `prettyErrors` would quote the line, and there may be a password in it.
  const yaml = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: '1.2' })
  const broken = [...yaml.errors, ...yaml.warnings].map(
    ({ code, pos }) => `${at(pos[0])}: ${syntaxMessages[code] ?? `this is not YAML (${code})`}`,
  )
  visit(yaml, {
    Pair: (_key, { key }) => {
      if (!isNode(key)) return
      if (!isScalar(key)) broken.push(`${at(key.range?.[0])}: a key must be a word`)
      // No schema sees these: to an object they are no keys.
      else if (/^(?:__proto__|constructor|prototype)$/.test(String(key.value))) {
        broken.push(`${at(key.range?.[0])}: ${String(key.value)} is not known here.`)
      }
    },
    Alias: (_key, { range }) =>
      void broken.push(`${at(range?.[0])}: write it out: aliases are not read here`),
  })
  if (broken.length > 0) return { input: {}, faults: broken }
  return checkConfig(yaml.toJS() ?? {}, (path) => {
    const key = keyText(path)
    const offset = offsetOf(yaml, path) ?? 0
    return { order: offset, text: `${at(offset)}:${key === '' ? '' : ` ${key}`}` }
  })
}

/** Where something stands, for people, and which place comes first. */
export interface Place {
  readonly order: number
  readonly text: string
}

/** Checks what a source says. */
export function checkConfig(document: unknown, place: (path: ConfigPath) => Place): ConfigReading {
  const result = safeParse(configSchema, document)
  if (result.success) return { input: result.output, faults: [] }
  const found = result.issues.map((issue: BaseIssue<unknown>) => ({
    ...place(pathOf(issue)),
    message: issue.message,
  }))
  const faults = found.sort((a, b) => a.order - b.order).map(({ text, message }) => `${text} ${message}`)
  return { input: {}, faults: [...new Set(faults)] }
}

// The parser's own messages may quote the text they stumbled over.
const syntaxMessages: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'indent with blanks, not with tabs',
  BAD_INDENT: 'this line is indented differently from its neighbours',
  MULTIPLE_DOCS: 'the configuration is one YAML document, without further `---`',
  MISSING_CHAR: 'a quote, bracket or colon is missing',
  DUPLICATE_KEY: 'this key stands here a second time',
  TAG_RESOLVE_FAILED: 'tags (`!…`) are not read here',
}

async function readText(file: string): Promise<string> {
  try {
    const bytes = await readFile(file)
    if (bytes.length > mostBytes) throw new ConfigError('ERR_CONFIG_INVALID', `${file} is over 1 MiB.`)
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    if (error instanceof ConfigError) throw error
    throw new ConfigError('ERR_CONFIG_INVALID', unreadable(file, error as NodeJS.ErrnoException), {
      cause: error,
    })
  }
}

function unreadable(file: string, { code }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return `There is no configuration file ${file}. Make it, or leave --config out.`
  if (code === 'EISDIR') return `${file} is a folder, not a configuration file.`
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return `${file} is not UTF-8 text. Save it as UTF-8.`
  return `The configuration file ${file} cannot be read (${code}). Check its rights.`
}

function pathOf(issue: BaseIssue<unknown>): ConfigPath {
  return (issue.path ?? []).map(({ key }) => (typeof key === 'number' ? key : String(key)))
}

/** A path as people write it: `rules[0].path`. */
export function keyText(path: ConfigPath): string {
  const text = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${cut(key)}`)).join('')
  return text.startsWith('.') ? text.slice(1) : text
}

function cut(key: string): string {
  return /^[\w-]{1,40}$/.test(key) ? key : JSON.stringify(key.slice(0, 40))
}

/** Where something stands in the text: a map's entry at its key, a list's at itself. */
function offsetOf(yaml: Document.Parsed<ParsedNode>, path: ConfigPath): number | undefined {
  let node: unknown = yaml.contents
  let offset = yaml.contents?.range[0]
  for (const key of path) {
    const pair = isMap(node)
      ? node.items.find((one) => isScalar(one.key) && String(one.key.value) === key)
      : undefined
    const found: unknown = isSeq(node) ? node.items[Number(key)] : pair?.value
    const start = isSeq(node) ? found : pair?.key
    if (start === undefined || start === null) return offset
    offset = (start as ParsedNode).range[0]
    node = found
  }
  return offset
}
