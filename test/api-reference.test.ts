import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { apiPages } from '../scripts/api-reference.ts'
import { type ApiEntry, readApi } from '../scripts/api-surface.ts'

const folder = join(import.meta.dirname, '../docs/api')

describe('the API reference', () => {
  let api: readonly ApiEntry[] = []
  const all = () => api.flatMap(({ names }) => names)
  beforeAll(() => {
    api = readApi()
  }, 60_000)

  it('is what the source says: `npm run docs` writes it anew', () => {
    const pages = apiPages(api)
    expect(readdirSync(folder).sort()).toEqual([...pages.keys()].sort())
    for (const [name, text] of pages) expect(readFileSync(join(folder, name), 'utf8'), name).toBe(text)
  })

  it('tells of every entry point, and of each name what it is', () => {
    expect(api.length).toBeGreaterThan(10)
    expect(all().length).toBeGreaterThan(150)
    expect(all().flatMap(({ name, text }) => (text === '' ? [name] : []))).toEqual([])
  })

  it('leaves no type out that a declaration mentions: all can be imported', () => {
    const known = new Set(all().map(({ key }) => key))
    const unknown = all().flatMap(({ mentions }) => mentions.filter((key) => !known.has(key)))
    expect([...new Set(unknown)]).toEqual([])
  })

  it('shows nothing that is private, and no body', () => {
    for (const { name, declaration } of all()) {
      expect(declaration, name).not.toMatch(/^\s*#|\breturn\b.*;|\bprivate\b/m)
      expect(declaration, name).not.toBe('')
    }
  })

  it('leads only to headings that are there', () => {
    const pages = apiPages(api)
    const headings = (text: string): ReadonlySet<string> => {
      const found = new Set<string>()
      for (const [, title = ''] of text.matchAll(/^## (.+)$/gm)) {
        const low = title.toLowerCase()
        found.add(found.has(low) ? `${low}-1` : low)
      }
      return found
    }
    for (const [file, text] of pages) {
      const prose = text.replace(/```[\s\S]*?```/g, '')
      for (const [, target = '', anchor = ''] of prose.matchAll(/\]\(([\w-]*(?:\.md)?)#([^)]+)\)/g)) {
        const page = pages.get(target === '' ? file : target) ?? ''
        expect(headings(page).has(anchor), `${file} leads to ${target}#${anchor}`).toBe(true)
      }
    }
  })
})
