import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { everyPage } from '../test/pages/every-page.ts'
import { openBrowser } from './browser.ts'

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Finding {
  readonly id: string
  readonly nodes: readonly { readonly html: string }[]
}

async function findings(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe)
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(options: object): Promise<{ violations: readonly Finding[] }> }
    }
    // A page that waits for the app looks again by itself and says so; there is nothing on it to be interrupted in.
    return (await axe.run({ rules: { 'meta-refresh': { enabled: false } } })).violations.map(
      ({ id, nodes }) => `${id}: ${nodes[0]?.html}`,
    )
  })
  return found
}

describe('accessibility', { timeout: 120_000 }, () => {
  it.each([
    ['in the light, on a desk', 'light', 1280, 'en'],
    ['in the dark, on a phone, in Chinese', 'dark', 320, 'zh'],
  ] as const)(
    'every page of ours has nothing for axe to find, and nothing to scroll sideways: %s',
    async (_where, colorScheme, width, acceptLanguage) => {
      const browser = await openBrowser()
      try {
        const page = await browser.newPage({ colorScheme, viewport: { width, height: 800 } })
        for (const [name, { body }] of everyPage({ acceptLanguage })) {
          await page.setContent(body)
          expect(await findings(page), name).toEqual([])
          const wide = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
          expect(wide, name).toBeLessThanOrEqual(0)
        }
      } finally {
        await browser.close()
      }
    },
  )
})
