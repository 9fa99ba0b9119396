/** The rules of the house that a program can check: who may import whom, and what no file may hold. */
import { posix } from 'node:path'

/** A file's path from the root of the project, and its text. */
export type Files = ReadonlyMap<string, string>

/** Which folders of `src/` a folder may import. Every arrow of ARCHITECTURE.md, and no other. */
export const arrows: Readonly<Record<string, readonly string[]>> = {
  core: [],
  client: [],
  stores: ['core'],
  auth: ['core'],
  pages: ['core'],
  adapters: ['core'],
  testing: ['core'],
  jwt: ['core'],
  imports: ['core'],
  gateway: ['core', 'stores', 'auth', 'pages', 'imports', 'adapters'],
  cli: ['core', 'stores', 'auth', 'gateway'],
}
// Runs in a browser, or everywhere: no platform, no packages. One file of core is the exception, for one module.
const bare = new Set(['core', 'client'])
const platform: Readonly<Record<string, readonly string[]>> = { 'src/core/crypto.ts': ['node:crypto'] }
// Rays of the library that promise what they load: these packages, and Node's own modules.
const packages: Readonly<Record<string, readonly string[]>> = {
  jwt: ['jose'],
  imports: ['@msgpack/msgpack'],
}
const mostLines = 300
const emptyNames = /^(utils?|helpers?|types?|common|misc|shared|lib)$/

/** What a module imports, types too: the texts between the quotes. */
export function importsOf(text: string): readonly string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
  const found = code.matchAll(
    /^\s*(?:import|export)\b(?:[^'";]*?\bfrom)?\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm,
  )
  return [...found].map(([, named, dynamic]) => named ?? dynamic ?? '')
}

/** Imports that go against an arrow, or leave a folder that stands alone. */
export function wrongImports(files: Files): readonly string[] {
  const faults: string[] = []
  for (const [path, text] of files) {
    for (const name of importsOf(text)) if (!mayImport(path, name)) faults.push(`${path} imports ${name}`)
  }
  return faults
}

function mayImport(path: string, name: string): boolean {
  const folder = folderOf(path)
  if (!name.startsWith('.')) {
    const named = packages[folder]
    if (named !== undefined) return name.startsWith('node:') || named.includes(name)
    return !bare.has(folder) || (platform[path]?.includes(name) ?? false)
  }
  const target = resolved(path, name)
  if (!target.startsWith('src/')) return false
  return folderOf(target) === folder || (arrows[folder]?.includes(folderOf(target)) ?? false)
}

/** Modules that import one another in a circle, each circle once by one of its files. */
export function circles(files: Files): readonly string[] {
  const done = new Set<string>()
  const faults: string[] = []
  const walk = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) {
      faults.push([...trail.slice(trail.indexOf(path)), path].join(' → '))
      return
    }
    if (done.has(path)) return
    for (const name of importsOf(files.get(path) ?? '')) {
      if (name.startsWith('.')) walk(resolved(path, name), [...trail, path])
    }
    done.add(path)
  }
  for (const path of files.keys()) walk(path, [])
  return faults
}

/** Files that are too long, misnamed, in no known folder, or export a default. */
export function misshapen(files: Files): readonly string[] {
  const faults: string[] = []
  for (const [path, text] of files) {
    const lines = text.split('\n').length - 1
    const name = posix.basename(path, '.ts')
    if (lines > mostLines) faults.push(`${path} has ${lines} lines, ${mostLines} is the most`)
    if (arrows[folderOf(path)] === undefined) faults.push(`${path} is in no folder of the house`)
    if (!path.split('/').every((part) => /^[a-z][a-z0-9]*(-[a-z0-9]+)*(\.ts)?$/.test(part)))
      faults.push(`${path} is not kebab-case`)
    if (emptyNames.test(name)) faults.push(`${path} says nothing by its name`)
    if (/^export (default\b|\{[^}]*\bas default\b)/m.test(text)) faults.push(`${path} exports a default`)
  }
  return faults
}

// A path of somebody's own machine: under a home or work folder at the root, not part of a URL or a longer path.
const ownPath = /(?<![\w.~:/@$}*-])\/(home|root|Users|work|workspaces?|builds)\/[\w.-]+/
// Packages come from where the reader's own client is set up to get them.
const registryHost =
  /https?:\/\/[^\s/'"]*(registry|pypi|pythonhosted|artifactory|nexus|verdaccio|jfrog)[^\s/'"]*/i

/** Lines that only mean something on the machine they were written on. */
export function localTraces(files: Files): readonly string[] {
  const faults: string[] = []
  for (const [path, text] of files) {
    for (const [index, line] of text.split('\n').entries()) {
      const found = ownPath.exec(line) ?? registryHost.exec(line)
      if (found !== null) faults.push(`${path}:${index + 1} holds ${found[0]}`)
    }
  }
  return faults
}

function folderOf(path: string): string {
  return path.split('/')[1] ?? ''
}

function resolved(path: string, name: string): string {
  return posix.join(posix.dirname(path), name)
}
