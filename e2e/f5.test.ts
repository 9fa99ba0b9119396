import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { enter, holds, openBrowser, settled, shown, shows, signIn } from './browser.ts'
import { type Running, removeFolder, runGateway } from './gateway.ts'

let gateway: Running
let browser: Browser
let context: BrowserContext
let page: Page

beforeAll(async () => {
  gateway = await runGateway()
  browser = await openBrowser()
})
afterAll(async () => {
  await browser?.close()
  await gateway?.stop()
  if (gateway !== undefined) await removeFolder(gateway.folder)
})
beforeEach(async () => {
  context = await browser.newContext()
  page = await context.newPage()
})
afterEach(() => context.close())

describe('F5', () => {
  it('B6: ten times: always signed in, the same live Streamlit session, not one frame of the sign-in form', async () => {
    await enter(page, gateway.url)
    const session = await shown(page, 'session')
    await page.getByRole('button', { name: 'Count' }).click()
    await shows(page, 'count', '1')
    const visited: string[] = []
    page.on('framenavigated', (frame) => visited.push(new URL(frame.url()).pathname))
    for (let times = 0; times < 10; times++) {
      await page.reload()
      await settled(page)
      expect(await shown(page, 'session')).toBe(session)
      expect(await shown(page, 'count')).toBe('1')
    }
    expect(visited).toEqual(Array(10).fill('/'))
    await page.getByRole('button', { name: 'Count' }).click()
    await shows(page, 'count', '2')
  })

  it('B7: the first run after F5 already has the state, and there is one run per load', async () => {
    await enter(page, gateway.url)
    await page.getByRole('button', { name: 'Count' }).click()
    await shows(page, 'count', '1')
    await settled(page)
    const runs = Number(await shown(page, 'runs'))
    await page.reload()
    await settled(page)
    expect(await shown(page, 'count')).toBe('1')
    expect(Number(await shown(page, 'runs'))).toBe(runs + 1)
  })

  it('B8: stays on the same page with its query, also across an enforced sign-in', async () => {
    await page.goto(`${gateway.url}/second?x=1`)
    await signIn(page)
    await settled(page)
    expect(page.url()).toBe(`${gateway.url}/second?x=1`)
    await page.getByRole('button', { name: 'Mark' }).click()
    await shows(page, 'marks', '1')
    await page.reload()
    await settled(page)
    expect(page.url()).toBe(`${gateway.url}/second?x=1`)
    expect(await shown(page, 'marks')).toBe('1')
  })

  it('in the middle of a run shows the page again, and nothing of the run that was cut off', async () => {
    await enter(page, gateway.url)
    await page.getByRole('button', { name: 'Count' }).click()
    await shows(page, 'count', '1')
    await settled(page)
    const session = await shown(page, 'session')
    for (let times = 0; times < 5; times++) {
      await page.getByRole('button', { name: 'Long' }).click()
      await page.getByText('line 20').first().waitFor()
      await page.reload()
      await settled(page)
      expect(await page.getByText(/^line \d/).count()).toBe(0)
      expect(await shown(page, 'session')).toBe(session)
      expect(await shown(page, 'count')).toBe('1')
    }
  })

  it('keeps what widgets show, keyed or not, through the next interaction with another one', async () => {
    await enter(page, gateway.url)
    await page.getByLabel('Keyed', { exact: true }).fill('Zed')
    await page.getByLabel('Keyed', { exact: true }).press('Enter')
    await shows(page, 'keyed', 'Zed')
    await page.getByLabel('Unkeyed').fill('Yan')
    await page.getByLabel('Unkeyed').press('Enter')
    await shows(page, 'unkeyed', 'Yan')
    await page.reload()
    await settled(page)
    await holds(page, 'Keyed', 'Zed')
    await holds(page, 'Unkeyed', 'Yan')
    await page.getByRole('button', { name: 'Count' }).click()
    await shows(page, 'count', '1')
    expect(await shown(page, 'keyed')).toBe('Zed')
    expect(await shown(page, 'unkeyed')).toBe('Yan')
  })
})
