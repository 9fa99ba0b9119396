import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { commandLine } from '../src/cli/command-line.ts'
import { parseConfig } from '../src/gateway/config-file.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const files = [
  ...['README.md', 'ARCHITECTURE.md', 'SECURITY.md', 'CHANGELOG.md', 'python/README.md', 'e2e/README.md'],
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
].filter((file) => existsSync(join(root, file)))

interface Snippet {
  readonly file: string
  readonly text: string
}

function snippets(language: string): readonly Snippet[] {
  const fence = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm')
  return files.flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8')
    return [...text.matchAll(fence)].map(([, body = '']) => ({ file, text: body }))
  })
}

/** The words of a simple shell line: no expansions, comments cut off. */
function words(line: string): readonly string[] {
  return [...line.replace(/\s#.*$/, '').matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, a, b, c]) => a ?? b ?? c ?? '',
  )
}

/** As much of a call as says whether it is understood, without doing it. */
function asked(call: readonly string[]): readonly string[] {
  const dashes = call.indexOf('--')
  return dashes < 0 ? [...call, '--help'] : [...call.slice(0, dashes), '--help', ...call.slice(dashes)]
}

describe('docs', () => {
  it('every holdfast call in them is one the command line understands', async () => {
    const calls = snippets('sh').flatMap(({ file, text }) =>
      text
        .replaceAll('\\\n', ' ')
        .split('\n')
        .filter((line) => /^(npx )?holdfast /.test(line))
        .map((line) => ({ file, line, call: words(line.replace(/^(npx )?holdfast /, '')) })),
    )
    expect(calls.length).toBeGreaterThan(5)
    for (const { file, line, call } of calls)
      expect(await commandLine(asked(call)), `${file}: ${line}`).toBe(0)
  })

  it('every configuration in them is valid', () => {
    for (const { file, text } of snippets('yaml')) {
      const { faults } = parseConfig(text, file)
      expect(faults, `${file}:\n${text}`).toEqual([])
    }
  })

  it('every Python snippet in them compiles', () => {
    const all = snippets('python')
    expect(all.length).toBeGreaterThan(2)
    const program =
      'import sys, json\nfor one in json.load(sys.stdin): compile(one["text"], one["file"], "exec")'
    execFileSync('python3', ['-c', program], { input: JSON.stringify(all) })
  })

  it('every link in them leads somewhere', () => {
    for (const file of files) {
      const text = readFileSync(join(root, file), 'utf8').replace(/```[\s\S]*?```/g, '')
      for (const [, target = ''] of text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
        if (/^[a-z]+:/.test(target)) continue
        expect(existsSync(join(root, dirname(file), target)), `${file} links to ${target}`).toBe(true)
      }
    }
  })
})
