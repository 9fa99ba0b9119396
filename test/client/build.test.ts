import { readFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { type BrowserScripts, buildClient } from '../../scripts/build-client.ts'

const scripts: readonly { name: keyof BrowserScripts; limit: number }[] = [
  { name: 'client', limit: 5 * 1024 },
  { name: 'streamlit', limit: 3 * 1024 },
]

describe.each(scripts)('buildClient: $name.js', ({ name, limit }) => {
  it(`is one script of at most ${limit} bytes gzipped, which blocks no page for long`, async () => {
    const text = (await buildClient())[name]
    expect(gzipSync(text, { level: 9 }).length).toBeLessThanOrEqual(limit)
    expect(text).toMatch(/^"use strict";\(\(\)=>\{.*\}\)\(\);\n$/s)
  })

  it('lies where the gateway reads it', async () => {
    const text = (await buildClient())[name]
    const file = new URL(`../../dist/client/${name}.js`, import.meta.url)
    expect(await readFile(file, 'utf8')).toBe(text)
  })
})
