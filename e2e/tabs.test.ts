import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Browser, openBrowser } from '../test/client/browser.ts'
import { enter, settled, shown, shows, signIn, signInPath, signOut } from './browser.ts'
import { type Running, removeFolder, runGateway } from './gateway.ts'

let gateway: Running
let browser: Browser
let page: Page

beforeAll(async () => {
  gateway = await runGateway()
  browser = await openBrowser()
  browser.context.setDefaultTimeout(30_000)
})
afterAll(async () => {
  await browser?.close()
  await gateway?.stop()
  if (gateway !== undefined) await removeFolder(gateway.folder)
})
beforeEach(async () => {
  page = await browser.context.newPage()
  await enter(page, gateway.url)
})
afterEach(async () => {
  await browser.context.clearCookies()
  await browser.clear()
})

/** Presses "Count" until the app shows `times`: a mark that tells this live session from any new one. */
async function countTo(tab: Page, times: number): Promise<void> {
  for (let count = 1; count <= times; count++) {
    await tab.getByRole('button', { name: 'Count' }).click()
    await shows(tab, 'count', String(count))
  }
  await settled(tab)
}

async function newTab(): Promise<Page> {
  const tab = await browser.context.newPage()
  await tab.goto(gateway.url)
  await settled(tab)
  return tab
}

/** F5, and which live session came back. */
async function sessionAfterReload(tab: Page): Promise<string> {
  await tab.reload()
  await settled(tab)
  return shown(tab, 'session')
}

describe('twelve tabs of one browser', () => {
  it('each have a live session of their own, which F5 returns, and all leave when one signs out', async () => {
    const tabs = [page]
    while (tabs.length < 12) tabs.push(await newTab())
    const sessions = await Promise.all(tabs.map((tab) => shown(tab, 'session')))
    expect(new Set(sessions).size).toBe(12)
    await countTo(tabs[3] ?? page, 3)
    await countTo(tabs[11] ?? page, 1)
    // All at once: each its own, none another's.
    expect(await Promise.all(tabs.map(sessionAfterReload))).toEqual(sessions)
    expect(await Promise.all(tabs.map((tab) => shown(tab, 'count')))).toEqual(
      tabs.map((_, index) => (index === 3 && '3') || (index === 11 && '1') || '0'),
    )
    await signOut(tabs[5] ?? page)
    await Promise.all(tabs.map((tab) => tab.waitForURL(signInPath)))
  }, 180_000)
})

describe('a tab', () => {
  it('keeps its live session when it is duplicated, and the duplicate has one of its own', async () => {
    await countTo(page, 2)
    const session = await shown(page, 'session')
    const duplicate = await browser.duplicate(page)
    await settled(duplicate)
    const second = await shown(duplicate, 'session')
    expect(second).not.toBe(session)
    expect(await shown(duplicate, 'count')).toBe('0')
    // The first one is not deaf: its socket was not taken from it.
    await page.getByRole('button', { name: 'Count' }).click()
    await shows(page, 'count', '3')
    expect(await sessionAfterReload(page)).toBe(session)
    expect(await sessionAfterReload(duplicate)).toBe(second)
  })

  it('keeps its live session when it opens a window, which has one of its own', async () => {
    const session = await shown(page, 'session')
    const [opened] = await Promise.all([
      page.waitForEvent('popup'),
      page.evaluate('void window.open(location.href)'),
    ])
    await settled(opened)
    const second = await shown(opened, 'session')
    expect(second).not.toBe(session)
    expect(await sessionAfterReload(page)).toBe(session)
    expect(await sessionAfterReload(opened)).toBe(second)
  })

  it('has its live session again when it is closed and reopened', async () => {
    await countTo(page, 2)
    const session = await shown(page, 'session')
    await page.close()
    const reopened = await browser.reopen()
    await settled(reopened)
    expect(await shown(reopened, 'session')).toBe(session)
    expect(await shown(reopened, 'count')).toBe('2')
  })

  it('has its live session again when it comes back from elsewhere', async () => {
    await countTo(page, 2)
    const session = await shown(page, 'session')
    await page.goto('data:text/html,<title>elsewhere</title>')
    await page.goBack()
    await settled(page)
    expect(await shown(page, 'session')).toBe(session)
    await page.getByRole('button', { name: 'Count' }).click()
    await shows(page, 'count', '3')
  })

  it('keeps its live session through its pages, by link, by back and forward, and by address', async () => {
    await countTo(page, 2)
    const session = await shown(page, 'session')
    await page.getByRole('link', { name: 'Second' }).click()
    await page.waitForURL(`${gateway.url}/second`)
    await shows(page, 'marks', '0')
    await page.getByRole('button', { name: 'Mark' }).click()
    await shows(page, 'marks', '1')
    await page.goBack()
    await shows(page, 'count', '2')
    await page.goForward()
    await shows(page, 'marks', '1')
    expect(await shown(page, 'session')).toBe(session)
    await page.goto(`${gateway.url}/second?x=1`)
    await settled(page)
    expect(await shown(page, 'session')).toBe(session)
    expect(await shown(page, 'marks')).toBe('1')
    await page.goto(gateway.url)
    await settled(page)
    expect(await shown(page, 'session')).toBe(session)
    expect(await shown(page, 'count')).toBe('2')
  })

  it('returns to its own page when somebody signs in again after another tab signed out', async () => {
    const other = await newTab()
    await page.goto(`${gateway.url}/second?x=7`)
    await settled(page)
    await signOut(other)
    await page.waitForURL(signInPath)
    await page.waitForLoadState()
    await signIn(page)
    await settled(page)
    expect(page.url()).toBe(`${gateway.url}/second?x=7`)
  })

  it('signs in by its own form when another tab was shown a later one', async () => {
    await signOut(page)
    // Two tabs that come to sign-in together: the browser keeps what it was given with the last form.
    await browser.context.clearCookies()
    const other = await browser.context.newPage()
    await other.goto(gateway.url)
    await other.getByLabel('Password').waitFor()
    await signIn(page)
    await settled(page)
    expect(await shown(page, 'user')).toBe('anna')
  })
})
