/** The TypeScript example: each way of keeping, on its page, in two tabs and two browsers, through F5 and `kill -9`. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { secret } from '../test/core/samples.ts'
import { freePort } from '../test/free-port.ts'
import { openBrowser } from './browser.ts'

const example = fileURLToPath(new URL('../examples/typescript/keeping.ts', import.meta.url))
const fromSource = new URL('from-source.ts', import.meta.url).href
let folder: string
let port: number
let app: ChildProcess
let browser: Browser
let context: BrowserContext
let page: Page

async function start(): Promise<void> {
  app = spawn(process.execPath, ['--import', fromSource, example], {
    env: { ...process.env, PORT: String(port), KEEPING_FOLDER: folder, HOLDFAST_SECRET: secret },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (app.stdout === null) throw new Error('Its output is a pipe.')
  for await (const line of createInterface({ input: app.stdout })) if (line.includes('http://')) return
  throw new Error('The example ended before it served.')
}

async function kill(): Promise<void> {
  const exited = once(app, 'exit')
  app.kill('SIGKILL')
  await exited
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-keeping-'))
  port = await freePort()
  await start()
  browser = await openBrowser()
})
afterAll(async () => {
  await browser?.close()
  await kill()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(async () => {
  context = await browser.newContext()
  page = await context.newPage()
})
afterEach(() => context.close())

async function open(tab: Page, path: string): Promise<void> {
  await tab.goto(`http://127.0.0.1:${port}${path}`)
}

async function fill(tab: Page, label: string, text: string, press: string): Promise<void> {
  await tab.getByLabel(label).fill(text)
  await tab.getByRole('button', { name: press, exact: true }).click()
}

/** What the page lists. */
function listed(tab: Page): Promise<string[]> {
  return tab.locator('li').allTextContents()
}

it('values are there after F5, after kill -9 and in a second tab, and are gone when they are deleted', async () => {
  await open(page, '/')
  await fill(page, 'Seaweed', 'dulse', 'Put into the basket')
  await page.getByText('dulse').waitFor()
  await kill()
  await start()
  const tab = await context.newPage()
  await open(tab, '/')
  await fill(tab, 'Seaweed', 'nori', 'Put into the basket')
  await expect.poll(() => listed(tab)).toEqual(['dulse', 'nori'])
  await page.reload()
  expect(await listed(page)).toEqual(['dulse', 'nori'])
  await tab.getByRole('button', { name: 'Empty the basket' }).click()
  await tab.getByText('The basket is empty.').waitFor()
  await page.reload()
  expect(await listed(page)).toEqual([])
})

it('B12: what is pushed into an object, with its dates, survives F5 and kill -9; other people see nothing of it', async () => {
  await open(page, '/object')
  await fill(page, 'Species', 'Oarweed', 'Take a sample')
  await page.getByText('Oarweed').waitFor()
  await page.getByRole('button', { name: 'The weather turns' }).click()
  await page.getByText('The sea is rough.').waitFor()
  await kill()
  await start()
  await page.reload()
  await page.getByText('The sea is rough.').waitFor()
  expect(await listed(page)).toEqual([expect.stringMatching(/^Oarweed, \d{4}-\d\d-\d\d$/)])
  const elsewhere = await browser.newContext()
  const other = await elsewhere.newPage()
  await open(other, '/object')
  await other.getByText('No samples yet.').waitFor()
  await elsewhere.close()
})

it('what a person keeps is on every device, survives signing out, and is nobody else’s; the basket comes along and goes', async () => {
  await open(page, '/')
  await fill(page, 'Seaweed', 'laver', 'Put into the basket')
  await page.getByText('laver').waitFor()
  await open(page, '/person')
  await fill(page, 'Your name', 'anna', 'Sign in')
  await fill(page, 'Favourite beach', 'Silver Sands', 'Keep')
  await page.getByText('anna likes Silver Sands').waitFor()
  await open(page, '/')
  expect(await listed(page)).toEqual(['laver'])

  const phone = await (await browser.newContext()).newPage()
  await open(phone, '/person')
  await fill(phone, 'Your name', 'anna', 'Sign in')
  await phone.getByText('anna likes Silver Sands').waitFor()

  await open(page, '/person')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await fill(page, 'Your name', 'ben', 'Sign in')
  await page.getByText('ben likes no beach yet').waitFor()
  await open(page, '/')
  await page.getByText('The basket is empty.').waitFor()
  await phone.reload()
  await phone.getByText('anna likes Silver Sands').waitFor()
  await phone.context().close()
})

it('B11: what one tab writes another shows at once, without a reload, and a stranger never', async () => {
  const tab = await context.newPage()
  const stranger = await (await browser.newContext()).newPage()
  for (const one of [page, tab, stranger]) {
    await open(one, '/live')
    await one.getByText('connected').waitFor()
  }
  const note = (one: Page): Promise<string> => one.getByLabel('A note for all tabs').inputValue()
  await page.getByLabel('A note for all tabs').fill('low water at six')
  await expect.poll(() => note(tab)).toBe('low water at six')
  await tab.getByLabel('A note for all tabs').fill('at seven')
  await expect.poll(() => note(page)).toBe('at seven')
  expect(await note(stranger)).toBe('')
  await stranger.context().close()
})

it('a token in the address finds the work after F5 and in another browser, without any cookie, and is never invented', async () => {
  await open(page, '/address')
  await fill(page, 'How many plants?', '12', 'Guess')
  await page.getByText('12').waitFor()
  await page.reload()
  expect(await listed(page)).toEqual(['12'])
  expect(await context.cookies()).toEqual([])
  const elsewhere = await (await browser.newContext()).newPage()
  await elsewhere.goto(page.url())
  expect(await listed(elsewhere)).toEqual(['12'])
  await open(elsewhere, '/address?holdfast_sid=invented')
  expect(elsewhere.url()).not.toContain('invented')
  expect(await listed(elsewhere)).toEqual([])
  await elsewhere.context().close()
})
