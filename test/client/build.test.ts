import { readFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { buildClient } from '../../scripts/build-client.ts'

describe('buildClient', () => {
  it('makes one script of at most 5 KB gzipped, which blocks no page for long', async () => {
    const text = await buildClient()
    expect(gzipSync(text, { level: 9 }).length).toBeLessThanOrEqual(5 * 1024)
    expect(text).toMatch(/^"use strict";\(\(\)=>\{.*\}\)\(\);\n$/s)
  })

  it('leaves the same text where the gateway reads it', async () => {
    const text = await buildClient()
    expect(await readFile(new URL('../../dist/client/client.js', import.meta.url), 'utf8')).toBe(text)
  })
})
