/** FluxLit's demo counted 1, 2, 3 and after F5 1 again; under our import line it goes on, in bare Streamlit too. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { freePort } from '../test/free-port.ts'
import { holds, openBrowser, shows } from './browser.ts'
import { removeFolder, runGateway, startStreamlit } from './gateway.ts'

let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser?.close())

const source = new URL('../python/src', import.meta.url).pathname

const ways = {
  'bare Streamlit': async () => {
    const port = await freePort()
    const app = await startStreamlit('url_visits.py', port, { PYTHONPATH: source })
    return { url: `http://127.0.0.1:${port}`, stop: () => app.stop() }
  },
  'holdfast run': async () => {
    const gateway = await runGateway({ app: 'url_visits.py', options: ['--access', 'anyone'] })
    const stop = async (): Promise<void> => {
      await gateway.stop()
      await removeFolder(gateway.folder)
    }
    return { url: gateway.url, stop }
  },
} as const

async function settled(page: Page): Promise<void> {
  await page.getByText('draft=').waitFor()
  await page.locator('[data-test-script-state="notRunning"]').waitFor()
}

describe.each(Object.entries(ways))('FluxLit’s demo with our import line, in %s', (_, start) => {
  it('counts on after F5, whatever it was started with, and two tabs with one link keep both their changes', async () => {
    const app = await start()
    try {
      const context = await browser.newContext()
      const page = await context.newPage()
      await page.goto(app.url)
      await settled(page)
      for (const visits of [1, 2, 3]) {
        await page.getByRole('button', { name: 'Visit' }).click()
        await shows(page, 'visits', String(visits))
      }
      await settled(page)
      await page.reload()
      await settled(page)
      await shows(page, 'visits', '3')
      await page.getByRole('button', { name: 'Visit' }).click()
      await shows(page, 'visits', '4')
      await settled(page)

      // Another browser, so that nothing but the address can be what it is found by.
      const elsewhere = await browser.newContext()
      const other = await elsewhere.newPage()
      await other.goto(page.url())
      await settled(other)
      await shows(other, 'visits', '4')
      await other.getByLabel('Draft').fill('low water')
      await other.getByLabel('Draft').press('Enter')
      await shows(other, 'draft', 'low water')
      await settled(other)
      await page.getByRole('button', { name: 'Visit' }).click()
      await shows(page, 'visits', '5')
      await settled(page)
      const third = await (await browser.newContext()).newPage()
      await third.goto(page.url())
      await settled(third)
      await shows(third, 'visits', '5')
      await shows(third, 'draft', 'low water')
      await holds(third, 'Draft', 'low water')
      for (const one of [context, elsewhere, third.context()]) await one.close()
    } finally {
      await app.stop()
    }
  })
})
