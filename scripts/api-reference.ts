/** `npm run docs`: writes the API reference, `docs/api/`, from the source and its comments. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type ApiEntry, type ApiName, readApi } from './api-surface.ts'

const folder = fileURLToPath(new URL('../docs/api/', import.meta.url))

/** What each entry point is for, in a line, and the page that tells how to use it. */
const entries: Readonly<Record<string, readonly [what: string, guide: string]>> = {
  holdfast: ['Sessions for any server, and the engine beneath', 'library.md'],
  'holdfast/fetch': ['Fetch handlers, Next.js, SvelteKit, Astro', 'fetch.md'],
  'holdfast/hono': ['Hono', 'hono.md'],
  'holdfast/express': ['Express 5', 'express.md'],
  'holdfast/express-session': ['In the place of express-session', 'express-session.md'],
  'holdfast/fastify': ['Fastify 5', 'fastify.md'],
  'holdfast/memory': ['A store that ends with its process, for tests', 'stores.md'],
  'holdfast/sqlite': ['A store in one file', 'stores.md'],
  'holdfast/redis': ['A store in Redis', 'stores.md'],
  'holdfast/postgres': ['A store in PostgreSQL', 'stores.md'],
  'holdfast/jwt': ['JSON Web Tokens that can be taken back', 'jwt.md'],
  'holdfast/import': ['Reading another system’s sessions', 'import.md'],
  'holdfast/testing': ['What proves a store, and what tests of a server need', 'library.md'],
}

/** The pages by file name. */
export function apiPages(api: readonly ApiEntry[] = readApi()): ReadonlyMap<string, string> {
  const places = placesOf(api)
  const pages = new Map(api.map((entry) => [fileOf(entry.path), page(entry, places)]))
  return pages.set('README.md', contents(api))
}

interface Place {
  readonly path: string
  readonly name: string
  readonly anchor: string
}

type Places = ReadonlyMap<string, Place>

/** Where a name is told of: at the first entry point that exports it. */
function placesOf(api: readonly ApiEntry[]): Places {
  const places = new Map<string, Place>()
  for (const { path, names } of api) {
    const anchors = anchorsOf(names)
    for (const { key, name } of names) {
      if (!places.has(key)) places.set(key, { path, name, anchor: anchors.get(key) ?? '' })
    }
  }
  return places
}

/** What readers of Markdown make of the headings: in lower case, and numbered where that makes two the same. */
function anchorsOf(names: readonly ApiName[]): ReadonlyMap<string, string> {
  const seen = new Map<string, number>()
  return new Map(
    names.map(({ key, name }) => {
      const low = name.toLowerCase()
      const times = seen.get(low) ?? 0
      seen.set(low, times + 1)
      return [key, times === 0 ? low : `${low}-${times}`]
    }),
  )
}

function fileOf(path: string): string {
  return `${path.replace('/', '-')}.md`
}

function about(path: string): readonly [what: string, guide: string] {
  const known = entries[path]
  if (known === undefined) throw new Error(`scripts/api-reference.ts: say what ${path} is for.`)
  return known
}

function contents(api: readonly ApiEntry[]): string {
  const rows = api.map(({ path, names }) => {
    const values = names.filter(({ isType }) => !isType).map(({ name }) => `\`${name}\``)
    return `| [\`${path}\`](${fileOf(path)}) | ${about(path)[0]} | ${values.join(', ')} |`
  })
  return [
    '# API reference',
    'Everything that can be imported, by where it is imported from. Made from the source by `npm run docs`; how to use it ' +
      'is told in [the library’s pages](../library.md).',
    ['| import from | what it is | functions, classes and values |', '| --- | --- | --- |', ...rows].join(
      '\n',
    ),
    'Nothing else of the package can be imported.\n',
  ].join('\n\n')
}

function page({ path, names }: ApiEntry, places: Places): string {
  const [what, guide] = about(path)
  const anchors = anchorsOf(names)
  const index = (title: string, some: readonly ApiName[]): string[] => {
    const links = some.map(({ key, name }) => `[\`${name}\`](#${anchors.get(key)})`)
    return some.length === 0 ? [] : [`${title}: ${links.join(', ')}`]
  }
  return [
    `# \`${path}\``,
    `${what}. How to use it: [${guide}](../${guide}).`,
    ...index(
      'Functions, classes and values',
      names.filter(({ isType }) => !isType),
    ),
    ...index(
      'Types',
      names.filter(({ isType }) => isType),
    ),
    ...names.flatMap((name) => section(name, path, places)),
  ]
    .join('\n\n')
    .concat('\n')
}

function section(
  { name, text, declaration, key, mentions }: ApiName,
  path: string,
  places: Places,
): string[] {
  const at = places.get(key)
  if (at !== undefined && at.path !== path) {
    return [`## ${name}`, `The same as in ${link(path, at)}.`]
  }
  const others = mentions.flatMap((mention) => (mention === key ? [] : (places.get(mention) ?? [])))
  return [
    `## ${name}`,
    ...(text === '' ? [] : [text]),
    `\`\`\`ts\n${declaration}\n\`\`\``,
    ...(others.length === 0 ? [] : [`See ${others.map((other) => link(path, other)).join(', ')}.`]),
  ]
}

function link(from: string, { path, name, anchor }: Place): string {
  return `[\`${name}\`](${path === from ? '' : fileOf(path)}#${anchor})`
}

if (import.meta.main) {
  const pages = apiPages()
  mkdirSync(folder, { recursive: true })
  for (const name of readdirSync(folder)) if (!pages.has(name)) rmSync(`${folder}${name}`)
  for (const [name, text] of pages) writeFileSync(`${folder}${name}`, text)
}
