import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { arrows } from './house-rules.ts'

const root = join(import.meta.dirname, '..')
const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')

/** The rows of the table of questions: what is asked, the file that answers, and the name in it. */
const answers = [...text.matchAll(/^\| ([^|`]+) \| `([^`]+)` \| (?:`([^`]+)`)? ?\|$/gm)].map(
  ([, question = '', file = '', name = null]) => ({ question, file, name }),
)

function isExported(file: string, name: string): boolean {
  const source = readFileSync(join(root, file), 'utf8')
  return new RegExp(`^export (?:async )?(?:function|const|class|interface|type) ${name}\\b`, 'm').test(source)
}

describe('ARCHITECTURE.md', () => {
  it('answers at least twenty questions, each once', () => {
    expect(answers.length).toBeGreaterThanOrEqual(20)
    expect(text.split('\n').filter((line) => line.startsWith('| ')).length).toBe(answers.length + 2)
    expect(new Set(answers.map(({ question }) => question)).size).toBe(answers.length)
  })

  it('names only files that exist, and names that they export', () => {
    const wrong = answers.filter(
      ({ file, name }) => !existsSync(join(root, file)) || (name !== null && !isExported(file, name)),
    )
    expect(wrong).toEqual([])
  })

  it('names only paths that exist, anywhere in the text', () => {
    const paths = [...text.matchAll(/`((?:src|test|docs|python|bench)\/[^`\s]*)`/g)].map(
      ([, path = '']) => path,
    )
    expect(paths.length).toBeGreaterThan(answers.length)
    expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([])
  })

  it('draws every arrow that is allowed between the folders there are, and no other', () => {
    const drawn = Object.fromEntries(
      [...text.matchAll(/^(\w+) +→ (.*)$/gm)].map(([, from = '', to = '']) => [
        from,
        to.startsWith('nothing') ? [] : to.split(' ').sort(),
      ]),
    )
    const folders = readdirSync(join(root, 'src')).sort()
    const allowed = Object.fromEntries(
      folders.map((folder) => [folder, (arrows[folder] ?? []).filter((to) => folders.includes(to)).sort()]),
    )
    expect(drawn).toEqual(allowed)
  })

  it('fits on one page', () => {
    expect(text.split('\n').length).toBeLessThanOrEqual(130)
  })
})
