import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { enter, openBrowser, sessionCookie, settled, shown, shows, signIn, signInPath } from './browser.ts'
import { holdfast, type Running, removeFolder, runGateway } from './gateway.ts'

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

function secretFile(): string {
  return join(gateway.folder, 'store/secret')
}

async function rotate(env: NodeJS.ProcessEnv = {}): Promise<void> {
  const store = `sqlite:${join(gateway.folder, 'store/holdfast.db')}`
  const { code, output } = await holdfast(['secrets', 'rotate', '--store', store], env)
  if (code !== 0) throw new Error(output)
}

async function restart(env: NodeJS.ProcessEnv = {}): Promise<void> {
  await gateway.stop()
  gateway = await gateway.again(env)
}

/** F5: still Anna. */
async function stillIn(): Promise<void> {
  await page.reload()
  await settled(page)
  expect(await shown(page, 'user')).toBe('anna')
}

/** Somebody new can sign in as well. */
async function othersGetIn(): Promise<void> {
  const other = await browser.newContext()
  const tab = await other.newPage()
  await enter(tab, gateway.url, 'ben')
  expect(await shown(tab, 'user')).toBe('ben')
  await other.close()
}

describe('a new secret', () => {
  it('B24: signs nobody out, not while it runs and not at the next start', async () => {
    await enter(page, gateway.url, 'anna', { remember: true })
    await page.getByRole('button', { name: 'Count' }).click()
    await shows(page, 'count', '1')
    await settled(page)
    const session = await shown(page, 'session')
    const cookie = await sessionCookie(context, gateway.url)
    const old = await readFile(secretFile(), 'utf8')

    await rotate()
    expect(await readFile(secretFile(), 'utf8')).not.toContain(old.trim())
    await stillIn()
    expect(await shown(page, 'session')).toBe(session)
    expect(await shown(page, 'count')).toBe('1')
    await othersGetIn()

    await restart()
    await stillIn()
    await othersGetIn()
    // The same cookie, kept as long as before.
    expect(await sessionCookie(context, gateway.url)).toEqual(cookie)
  })

  it('leaves the old one good for nothing', async () => {
    const old = await readFile(secretFile(), 'utf8')
    await rotate()
    const fresh = await readFile(secretFile(), 'utf8')
    await gateway.stop()
    await writeFile(secretFile(), old)
    await expect(gateway.again()).rejects.toThrow(/secret/)
    await writeFile(secretFile(), fresh)
    gateway = await gateway.again()
  })

  it('B24: given in the environment goes in three steps, and signs nobody out at any', async () => {
    const [old, fresh] = [await readFile(secretFile(), 'utf8'), randomBytes(32).toString('base64url')]
    await enter(page, gateway.url)
    await restart({ HOLDFAST_SECRET: `${fresh},${old.trim()}` })
    await stillIn()
    await restart({ HOLDFAST_SECRET: fresh })
    await stillIn()
    await rotate({ HOLDFAST_SECRET: fresh })
    await stillIn()
    await restart({ HOLDFAST_SECRET: fresh })
    await stillIn()
  }, 90_000)
})

describe('a cookie of another time', () => {
  it('B24: is taken away without a word, and nobody is stuck', async () => {
    const name = `holdfast-${gateway.port}`
    const left = [
      'eyJzdWIiOiJhbm5hIn0.Zx8yLQ.3kq0Yw8eJ0sH1m4hH0l0i8k8kX0',
      'v0.k1.abcdefgh',
      'v9.aaaaaaaa.bbbbbbbb.cccccccc.dddddddd',
      'deleted',
      '%7B%22id%22%3A1%7D',
      'A'.repeat(3_900),
    ]
    for (const value of left) {
      await context.addCookies([
        { name, value, url: gateway.url },
        { name: 'holdfast', value, url: gateway.url },
        { name: `holdfast-form-${gateway.port}`, value, url: gateway.url },
      ])
      await page.goto(gateway.url)
      expect(page.url()).toMatch(signInPath)
      const kept = await context.cookies(gateway.url)
      expect(kept.find((cookie) => cookie.name === name)).toBeUndefined()
    }
    await signIn(page)
    await settled(page)
    expect(await shown(page, 'user')).toBe('anna')
  })
})
