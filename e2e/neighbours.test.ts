import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { enter, openBrowser, sessionCookie, settled, shown, signInPath, signOut } from './browser.ts'
import { holdfast, newFolder, type Running, removeFolder, runGateway } from './gateway.ts'

let browser: Browser
let context: BrowserContext
let page: Page
let other: Page

beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser?.close())
beforeEach(async () => {
  context = await browser.newContext()
  page = await context.newPage()
  other = await context.newPage()
})
afterEach(() => context.close())

/** Anna in one, Ben in the other, in one browser; Anna leaves, and Ben has lost nothing. */
async function oneLeaves(first: Running, second: Running): Promise<void> {
  await enter(page, first.url, 'anna')
  await enter(other, second.url, 'ben')
  const session = await shown(other, 'session')
  await page.reload()
  await settled(page)
  expect(await shown(page, 'user')).toBe('anna')
  await signOut(page)
  await other.reload()
  await settled(other)
  expect(await shown(other, 'user')).toBe('ben')
  expect(await shown(other, 'session')).toBe(session)
  expect(signInPath.test(page.url())).toBe(true)
}

describe('two apps on one host', () => {
  let apps: Running[]

  beforeAll(async () => {
    apps = [await runGateway(), await runGateway()]
  })
  afterAll(async () => {
    for (const app of apps ?? []) {
      await app.stop()
      await removeFolder(app.folder)
    }
  })

  it('do not disturb each other, though cookies ignore ports', async () => {
    const [first, second] = apps as [Running, Running]
    await oneLeaves(first, second)
    await signOut(other)
    await oneLeaves(second, first)
  })
})

describe('two apps in one store', () => {
  let folder: string
  let red: Running
  let blue: Running

  beforeAll(async () => {
    folder = await newFolder()
    red = await runGateway({ folder, options: ['--name', 'red'] })
    blue = await runGateway({ folder, options: ['--name', 'blue'] })
  })
  afterAll(async () => {
    await red?.stop()
    await blue?.stop()
    if (folder !== undefined) await removeFolder(folder)
  })

  it('do not disturb each other', async () => {
    await oneLeaves(red, blue)
  })

  it('know nothing of each other’s credentials', async () => {
    await enter(page, red.url, 'anna')
    const cookie = await sessionCookie(context, red.url)
    expect(cookie?.name).toBe(`holdfast-red-${red.port}`)
    const answer = await fetch(`${blue.url}/_stcore/host-config`, {
      headers: { cookie: `holdfast-blue-${blue.port}=${cookie?.value}` },
    })
    expect(answer.status).toBe(401)
  })

  it('end the sessions of one person in one app alone', async () => {
    await enter(page, red.url, 'anna')
    await enter(other, blue.url, 'anna')
    const session = await shown(other, 'session')
    const { code, output } = await holdfast([
      ...['sessions', 'revoke', '--user', 'anna', '--name', 'red'],
      ...['--store', `sqlite:${folder}/store/holdfast.db`],
    ])
    expect({ code, output }).toMatchObject({ code: 0 })
    await page.waitForURL(signInPath)
    await other.reload()
    await settled(other)
    expect(await shown(other, 'session')).toBe(session)
  })
})
