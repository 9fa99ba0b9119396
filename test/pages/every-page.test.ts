import { readdir, readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { everyPage } from './every-page.ts'

const pages = new URL('../../src/pages/', import.meta.url)
const lists = ['every-page.ts', 'admin-pages.ts', 'self-service-pages.ts']

describe('the list of every page', () => {
  it('has each page that there is: what shows none of them is a frame of others', async () => {
    const names = (await readdir(pages)).filter((name) => name.endsWith('.ts'))
    const sources = new Map<string, string>()
    for (const name of names) sources.set(name, await readFile(new URL(name, pages), 'utf8'))
    const listed = await Promise.all(lists.map((name) => readFile(new URL(name, import.meta.url), 'utf8')))
    const isCalled = (text: string, builder: string): boolean => new RegExp(`\\b${builder}\\(`).test(text)
    const missing: string[] = []
    for (const [file, text] of sources)
      for (const [, builder = ''] of text.matchAll(/^export function (\w+Page)\([^)]*\): Page \{$/gm)) {
        const isFrame = [...sources].some(([other, source]) => other !== file && isCalled(source, builder))
        if (!isFrame && !listed.some((list) => isCalled(list, builder))) missing.push(`${builder} of ${file}`)
      }
    expect(missing).toEqual([])
    expect(everyPage().size).toBeGreaterThan(100)
  })
})
