import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openBrowser, sessionCookie, settled, shown, shows, signIn, signInPath, signOut } from './browser.ts'
import { type Running, removeFolder, runGateway } from './gateway.ts'

let gateway: Running
let browser: Browser
let context: BrowserContext
let page: Page

beforeAll(async () => {
  gateway = await runGateway({ options: ['--access', 'anyone'] })
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
  await page.goto(gateway.url)
  await settled(page)
})
afterEach(() => context.close())

describe('an app for anyone', () => {
  it('keeps the live session of somebody who never signs in through F5', async () => {
    await page.getByRole('button', { name: 'Count' }).click()
    await shows(page, 'count', '1')
    await settled(page)
    const session = await shown(page, 'session')
    for (let times = 0; times < 5; times++) {
      await page.reload()
      await settled(page)
      expect(await shown(page, 'session')).toBe(session)
      expect(await shown(page, 'count')).toBe('1')
    }
    expect((await sessionCookie(context, gateway.url))?.value).toMatch(/^a1\./)
  })

  it('says to the app that nobody is signed in', async () => {
    expect(await shown(page, 'signed_in')).toBe('False')
    expect(await shown(page, 'user')).toBe('None')
    expect(await shown(page, 'forwarded')).toBe('None')
  })

  it('leads to sign-in by st.login(), back to the app, and by st.logout() to nobody again', async () => {
    const anonymous = await shown(page, 'session')
    const before = (await sessionCookie(context, gateway.url))?.value
    await page.getByRole('button', { name: 'Who are you?' }).click()
    await page.waitForURL(signInPath)
    await signIn(page)
    await shows(page, 'user', 'anna')
    await settled(page)
    expect(await shown(page, 'signed_in')).toBe('True')
    expect(await shown(page, 'session')).not.toBe(anonymous)
    const after = (await sessionCookie(context, gateway.url))?.value
    expect(after).toMatch(/^v1\./)
    expect(after).not.toBe(before)

    await signOut(page)
    await page.goto(gateway.url)
    await settled(page)
    expect(await shown(page, 'user')).toBe('None')
    expect(await shown(page, 'session')).not.toBe(anonymous)
  })

  it('gives two visitors two live sessions', async () => {
    const other = await browser.newContext()
    const second = await other.newPage()
    await second.goto(gateway.url)
    await settled(second)
    expect(await shown(second, 'session')).not.toBe(await shown(page, 'session'))
    await other.close()
  })

  it('asks for a sign-in where the app guards a page', async () => {
    await page.goto(`${gateway.url}/guarded`)
    await page.waitForURL(signInPath)
    expect(await page.getByText('the-guarded-secret').count()).toBe(0)
  })
})
