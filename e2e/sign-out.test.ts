import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { enter, openBrowser, settled, shown, signIn } from './browser.ts'
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

const signInPath = /\/_holdfast\/sign-in/

async function cookieHeader(): Promise<string> {
  const cookies = await context.cookies(gateway.url)
  return cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
}

async function signOut(from: Page): Promise<void> {
  await from.getByRole('button', { name: 'Sign out' }).click()
  await from.waitForURL(signInPath)
}

describe('sign-out', () => {
  it('B1: F5 after it stays signed out, the first time and every time, also right after signing in', async () => {
    for (let times = 0; times < 3; times++) {
      await enter(page, gateway.url)
      await signOut(page)
      for (let reloads = 0; reloads < 3; reloads++) {
        await page.goto(gateway.url)
        expect(page.url()).toMatch(signInPath)
      }
    }
  })

  it('B2: a copied cookie is dead at once', async () => {
    await enter(page, gateway.url)
    const cookie = await cookieHeader()
    const before = await fetch(`${gateway.url}/_stcore/host-config`, { headers: { cookie } })
    expect(before.status).toBe(200)
    await signOut(page)
    const after = await fetch(`${gateway.url}/_stcore/host-config`, { headers: { cookie } })
    expect(after.status).toBe(401)
    expect(after.headers.get('set-cookie')).toBeNull()
  })

  it('B3: a slow request that began before it and ends after it brings nothing back', async () => {
    await enter(page, gateway.url)
    const cookie = await cookieHeader()
    await page.getByRole('button', { name: 'Slow' }).click()
    await page.locator('[data-test-script-state="running"]').waitFor()
    const other = await context.newPage()
    await other.goto(`${gateway.url}/_holdfast/sign-out`)
    await other.getByRole('button', { name: 'Sign out' }).click()
    await other.waitForURL(signInPath)
    // The script goes on for two seconds; nothing it still does may matter.
    await page.waitForURL(signInPath)
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    expect((await fetch(gateway.url, { headers: { cookie }, redirect: 'manual' })).status).toBe(401)
    await page.goto(gateway.url)
    expect(page.url()).toMatch(signInPath)
  })

  it('B4: every other tab leaves within two seconds, without a reload', async () => {
    await enter(page, gateway.url)
    const others = await Promise.all(Array.from({ length: 4 }, () => context.newPage()))
    for (const other of others) {
      await other.goto(gateway.url)
      await settled(other)
    }
    const began = Date.now()
    await signOut(page)
    await Promise.all(others.map((other) => other.waitForURL(signInPath, { timeout: 2_000 })))
    expect(Date.now() - began).toBeLessThan(2_000)
  })

  it('B5: signing in elsewhere as the same user does not bring the first device back', async () => {
    await enter(page, gateway.url)
    await signOut(page)
    const elsewhere = await browser.newContext()
    const second = await elsewhere.newPage()
    await enter(second, gateway.url)
    await page.goto(gateway.url)
    expect(page.url()).toMatch(signInPath)
    await elsewhere.close()
  })

  it('leaves nothing behind the back button', async () => {
    await enter(page, gateway.url)
    await signOut(page)
    await page.goBack().catch(() => null)
    await page.waitForURL(signInPath)
    expect(await page.getByText('end-of-run').count()).toBe(0)
  })

  it('gives the next person in the same browser and tab a Streamlit session of their own', async () => {
    await enter(page, gateway.url)
    await page.getByRole('button', { name: 'Count' }).click()
    const session = await shown(page, 'session')
    await signOut(page)
    await signIn(page, 'ben')
    await settled(page)
    expect(await shown(page, 'user')).toBe('ben')
    expect(await shown(page, 'session')).not.toBe(session)
    expect(await shown(page, 'count')).toBe('0')
  })
})
