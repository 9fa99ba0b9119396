import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { freePort } from '../test/free-port.ts'
import { enter, openBrowser, sessionCookie, settled, shown, shows, signInPath, signOut } from './browser.ts'
import { newFolder, type Running, removeFolder, runGateway } from './gateway.ts'
import { startTlsProxy, type TlsProxy } from './tls-proxy.ts'

let browser: Browser
let context: BrowserContext
let page: Page

beforeAll(async () => {
  browser = await openBrowser(['--host-resolver-rules=MAP app.test 127.0.0.1', '--ignore-certificate-errors'])
})
afterAll(() => browser?.close())
beforeEach(async () => {
  context = await browser.newContext({ ignoreHTTPSErrors: true })
  page = await context.newPage()
})
afterEach(() => context.close())

/** Signs in, counts, presses F5 on both pages, signs out: what everybody does, at this address. */
async function useAndLeave(url: string): Promise<void> {
  await enter(page, `${url}/`)
  expect(page.url()).toBe(`${url}/`)
  const session = await shown(page, 'session')
  await page.getByRole('button', { name: 'Count' }).click()
  await shows(page, 'count', '1')
  await settled(page)
  await page.reload()
  await settled(page)
  expect(await shown(page, 'session')).toBe(session)
  expect(await shown(page, 'count')).toBe('1')
  expect(await shown(page, 'user')).toBe('anna')
  await page.goto(`${url}/second?x=1`)
  await settled(page)
  expect(await shown(page, 'session')).toBe(session)
  await page.reload()
  await settled(page)
  expect(page.url()).toBe(`${url}/second?x=1`)
  await signOut(page)
  expect(page.url().startsWith(`${url}/_holdfast/sign-in`)).toBe(true)
  expect(await sessionCookie(context, `${url}/`)).toBeNull()
  await page.goto(`${url}/second`)
  expect(page.url()).toMatch(signInPath)
}

describe('under a path', () => {
  let gateway: Running
  let url: string

  beforeAll(async () => {
    const port = await freePort()
    url = `http://127.0.0.1:${port}/tool`
    gateway = await runGateway({ port, options: ['--public-url', url] })
  })
  afterAll(async () => {
    await gateway?.stop()
    if (gateway !== undefined) await removeFolder(gateway.folder)
  })

  it('does all it does elsewhere, and B17: leaves no cookie of a session behind', async () => {
    await useAndLeave(url)
    const names = (await context.cookies(`${url}/`)).map(({ name }) => name)
    expect(names.filter((name) => name.includes('holdfast'))).toEqual([`holdfast-tool-form-${gateway.port}`])
  })

  it('answers there, and nothing beside it', async () => {
    await page.goto(url)
    expect(new URL(page.url()).searchParams.get('return_to')).toMatch(/^\/tool\/?$/)
    expect((await fetch(`${gateway.url}/`)).status).toBe(404)
    expect((await fetch(`${gateway.url}/toolbox`)).status).toBe(404)
    expect((await fetch(`${gateway.url}/_holdfast/sign-in`)).status).toBe(404)
  })
})

describe('behind a proxy that ends TLS', () => {
  let folder: string
  let proxy: TlsProxy
  let origin: string
  let gateways: Running[]

  beforeAll(async () => {
    folder = await newFolder()
    proxy = await startTlsProxy(folder)
    origin = `https://app.test:${proxy.port}`
    const start = async (path: string): Promise<Running> => {
      const gateway = await runGateway({ options: ['--public-url', `${origin}${path}`] })
      proxy.route(`${path}/`, gateway.port)
      return gateway
    }
    gateways = [await start(''), await start('/one'), await start('/two')]
  })
  afterAll(async () => {
    for (const gateway of gateways ?? []) {
      await gateway.stop()
      await removeFolder(gateway.folder)
    }
    await proxy?.close()
    if (folder !== undefined) await removeFolder(folder)
  })

  it('does all it does elsewhere', async () => {
    await useAndLeave(origin)
  })

  it('keeps the session in a cookie that no neighbour and no script can plant', async () => {
    await enter(page, `${origin}/`)
    const cookie = await sessionCookie(context, `${origin}/`)
    expect(cookie).toMatchObject({
      name: '__Host-Http-holdfast',
      domain: 'app.test',
      path: '/',
      secure: true,
      httpOnly: true,
      sameSite: 'Lax',
      expires: -1,
    })
    expect(await page.evaluate('document.cookie')).not.toContain('holdfast')
  })

  it('keeps two apps under two paths apart', async () => {
    await enter(page, `${origin}/one/`, 'anna')
    const other = await context.newPage()
    await enter(other, `${origin}/two/`, 'ben')
    const session = await shown(other, 'session')
    expect(await shown(page, 'user')).toBe('anna')
    await signOut(page)
    await other.reload()
    await settled(other)
    expect(await shown(other, 'user')).toBe('ben')
    expect(await shown(other, 'session')).toBe(session)
    await page.goto(`${origin}/one/`)
    expect(page.url()).toMatch(/\/one\/_holdfast\/sign-in/)
    const names = (await context.cookies(`${origin}/`)).map(({ name }) => name)
    expect(names.filter((name) => name.includes('holdfast') && !name.includes('-form'))).toEqual([
      '__Host-Http-holdfast-two',
    ])
  })
})
