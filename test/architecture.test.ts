import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { circles, type Files, importsOf, localTraces, misshapen, wrongImports } from './house-rules.ts'

const root = join(import.meta.dirname, '..')

/** The files under version control, and new ones that are not ignored. */
function projectFiles(): Files {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  const files = new Map<string, string>()
  for (const path of listed.split('\0')) {
    const text = path === '' ? null : textOf(path)
    if (text !== null) files.set(path, text)
  }
  return files
}

/** `null` for what is gone or is no text. */
function textOf(path: string): string | null {
  try {
    const text = readFileSync(join(root, path), 'utf8')
    return text.includes('\0') ? null : text
  } catch {
    return null
  }
}

const files = projectFiles()
const source: Files = new Map([...files].filter(([path]) => /^src\/.*\.ts$/.test(path)))

function planted(path: string, text: string): Files {
  return new Map([[path, text]])
}

describe('the source', () => {
  it('is all there', () => {
    expect(source.size).toBeGreaterThan(50)
    expect(importsOf(source.get('src/core/index.ts') ?? '')).toContain('./manager.ts')
  })

  it('imports along the arrows, and nowhere else', () => {
    expect(wrongImports(source)).toEqual([])
  })

  it('has no circle of imports, types included', () => {
    expect(circles(source)).toEqual([])
  })

  it('keeps its files short, named by one noun in kebab-case, and exports by name', () => {
    expect(misshapen(source)).toEqual([])
  })
})

describe('the project', () => {
  it('holds no path of anybody’s machine and no package registry', () => {
    // The rules themselves have to spell out what they look for.
    const others = new Map(
      [...files].filter(([path]) => !/^test\/(house-rules|architecture\.test)\.ts$/.test(path)),
    )
    expect(localTraces(others)).toEqual([])
  })
})

describe('the rules', () => {
  it.each([
    ['src/core/manager.ts', "import { memoryStore } from '../stores/memory.ts'"],
    ['src/core/manager.ts', "import { createHash } from 'node:crypto'"],
    ['src/core/crypto.ts', "import { readFileSync } from 'node:fs'"],
    ['src/core/manager.ts', "import { parse } from 'yaml'"],
    ['src/core/manager.ts', "import type { Gateway } from '../gateway/gateway.ts'"],
    ['src/core/manager.ts', "export { readFile } from 'node:fs/promises'"],
    ['src/core/manager.ts', "const fs = await import('node:fs')"],
    ['src/core/manager.ts', "import 'node:fs'"],
    ['src/core/manager.ts', "import {\n  one,\n  two,\n} from '../pages/html.ts'"],
    ['src/stores/memory.ts', "import { csrf } from '../pages/csrf.ts'"],
    ['src/auth/users-file.ts', "import { memoryStore } from '../stores/memory.ts'"],
    ['src/pages/csrf.ts', "import { site } from '../gateway/site.ts'"],
    ['src/gateway/proxy/http.ts', "import { main } from '../../cli/main.ts'"],
    ['src/client/main.ts', "import { digest } from '../core/crypto.ts'"],
    ['src/client/main.ts', "import { WebSocket } from 'ws'"],
    ['src/cli/main.ts', "import { csrf } from '../pages/csrf.ts'"],
    ['src/jwt/access-token.ts', "import { parse } from 'yaml'"],
    ['src/imports/flask-session.ts', "import { jwtKeySet } from '../jwt/jwt-key-set.ts'"],
    ['src/gateway/gateway.ts', "import { secret } from '../../test/core/samples.ts'"],
  ])('see that %s must not say %s', (path, text) => {
    expect(wrongImports(planted(path, text))).toHaveLength(1)
  })

  it('let through what the arrows allow, and what only a comment says', () => {
    for (const [path, text] of [
      ['src/core/crypto.ts', "import { hash } from 'node:crypto'"],
      ['src/core/manager.ts', "import { digest } from './crypto.ts'"],
      ['src/stores/sqlite.ts', "import { DatabaseSync } from 'node:sqlite'\nimport '../core/errors.ts'"],
      ['src/gateway/wire.ts', "import { csrf } from '../pages/csrf.ts'"],
      ['src/core/manager.ts', "// import { x } from '../gateway/x.ts'\n/* import 'node:fs' */"],
    ] as const) {
      expect(wrongImports(planted(path, text))).toEqual([])
    }
  })

  it('see a circle of two and one of three, types included', () => {
    const two = new Map([
      ['src/core/a.ts', "import type { B } from './b.ts'"],
      ['src/core/b.ts', "import { a } from './a.ts'"],
    ])
    expect(circles(two)).toHaveLength(1)
    const three = new Map([
      ...two,
      ['src/core/b.ts', "export { c } from './c.ts'"],
      ['src/core/c.ts', "import './a.ts'"],
    ])
    expect(circles(three)).toEqual(['src/core/a.ts → src/core/b.ts → src/core/c.ts → src/core/a.ts'])
  })

  it('see what is too long, misnamed, lost, or a default', () => {
    for (const [path, text] of [
      ['src/core/session.ts', '\n'.repeat(301)],
      ['src/core/sessionCache.ts', ''],
      ['src/core/session_cache.ts', ''],
      ['src/gateway/utils.ts', ''],
      ['src/gateway/proxy/types.ts', ''],
      ['src/login/page.ts', ''],
      ['src/core/session.ts', 'export default 1'],
      ['src/core/session.ts', 'export { session as default }'],
    ] as const) {
      expect(misshapen(planted(path, text))).toHaveLength(1)
    }
  })

  it('see traces of the machine a file was written on', () => {
    for (const line of [
      'cd /home/anna/holdfast',
      '"/Users/anna/x"',
      "from '/workspace/x'",
      'PATH=/builds/anna/bin',
      '"resolved": "https://npm-registry.example.org/yaml/-/yaml-2.9.1.tgz"',
      '--index-url https://pypi.example.org/simple',
    ]) {
      expect(localTraces(planted('docs/x.md', line))).toHaveLength(1)
    }
    for (const line of [
      '/home',
      'https://example.org/home/page',
      './workspace/x',
      'GET /users/x',
      '$HOME/workspace/x',
    ]) {
      expect(localTraces(planted('docs/x.md', line))).toEqual([])
    }
  })
})
