import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { freePort } from '../test/free-port.ts'
import { cookieHeader, enter, openBrowser, settled, shown, signIn } from './browser.ts'
import { type Running, removeFolder, runGateway, serveGateway, startStreamlit } from './gateway.ts'
import { signInByForm } from './person.ts'
import { openStreamlit } from './streamlit-socket.ts'

let browser: Browser
let context: BrowserContext
let page: Page

beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser?.close())
beforeEach(async () => {
  context = await browser.newContext()
  page = await context.newPage()
})
afterEach(() => context.close())

const appIsAway = 'The app does not answer yet'

describe('an app that crashes', () => {
  let gateway: Running

  beforeAll(async () => {
    gateway = await runGateway()
  })
  afterAll(async () => {
    await gateway?.stop()
    if (gateway !== undefined) await removeFolder(gateway.folder)
  })

  /** Ends the app as the system does to one that takes too much memory. */
  function crash(): void {
    process.kill(Number(gateway.logged('app_started').at(-1)?.pid), 'SIGKILL')
  }

  it('is said plainly, is started again with longer and longer pauses, and signs nobody out', async () => {
    await enter(page, gateway.url)
    const cookie = await cookieHeader(context, gateway.url)
    const starts = gateway.logged('app_started').length
    const headers = { cookie, accept: 'text/html' }

    crash()
    await expect.poll(async () => (await fetch(gateway.url, { headers })).status).toBe(502)
    const away = await fetch(gateway.url, { headers })
    if (away.status === 502) {
      expect(await away.text()).toContain(appIsAway)
      expect(away.headers.getSetCookie()).toEqual([])
      expect(away.headers.get('retry-after')).toMatch(/^\d+$/)
    }
    await expect.poll(() => gateway.logged('app_started').length, { timeout: 10_000 }).toBe(starts + 1)
    crash()
    await expect.poll(() => gateway.logged('app_ended').length).toBe(2)
    const [first, second] = gateway.logged('app_ended').map((entry) => Number(entry.restart_in_ms))
    expect(second).toBeGreaterThan(first ?? 0)

    // The browser asks while nobody answers; our page comes back by itself when the app does.
    await page.goto(gateway.url)
    await settled(page)
    expect(await shown(page, 'user')).toBe('anna')
    expect(await cookieHeader(context, gateway.url)).toContain(cookie.split('; ')[0] ?? '')
    const session = await shown(page, 'session')
    await page.reload()
    await settled(page)
    expect(await shown(page, 'session')).toBe(session)
  })
})

describe('an app that is not there yet', () => {
  it('is waited for by the page, and is there as soon as it starts', async () => {
    const port = await freePort()
    const gateway = await serveGateway(`http://127.0.0.1:${port}`, { options: ['--preset', 'streamlit'] })
    onTestFinished(() => ended(gateway))
    await page.goto(gateway.url)
    await signIn(page)
    await page.getByRole('heading', { name: appIsAway }).waitFor()
    const app = await startStreamlit('probe.py', port)
    onTestFinished(() => app.stop())
    await settled(page)
    expect(await shown(page, 'session')).toMatch(/^[0-9a-f-]{36}$/)
  })
})

describe('a stop', () => {
  it('tells open sockets to come back (1012), and ends at once with pages open', async () => {
    const gateway = await runGateway()
    onTestFinished(() => ended(gateway))
    await enter(page, gateway.url)
    const socket = await openStreamlit(gateway.url, { cookie: await cookieHeader(context, gateway.url) })
    if (typeof socket === 'number') throw new Error(`Refused with ${socket}.`)
    await socket.run()
    // Browsers open connections ahead of need; nothing is ever asked on this one.
    const unused = connect(gateway.port, '127.0.0.1')
    await once(unused, 'connect')
    const began = Date.now()
    expect(await gateway.stop()).toBe(0)
    expect(Date.now() - began).toBeLessThan(8_000)
    expect(await socket.closed).toBe(1012)
  })

  it('lets requests under way end, and takes no new ones', async () => {
    const app = await slowApp()
    onTestFinished(() => app.close())
    const gateway = await serveGateway(app.url, { options: ['--preset', 'generic'] })
    onTestFinished(() => ended(gateway))
    const cookie = await signInByForm(gateway.url, 'anna')
    const underWay = fetch(`${gateway.url}/slow`, { headers: { cookie } })
    const answer = await app.asked
    const stopped = gateway.stop()
    await expect
      .poll(() =>
        fetch(`${gateway.url}/_holdfast/live`).then(
          () => 'taken',
          () => 'refused',
        ),
      )
      .toBe('refused')
    answer.end('the end of it')
    expect(await (await underWay).text()).toBe('the beginning, the end of it')
    expect(await stopped).toBe(0)
  })
})

async function ended(gateway: Running): Promise<void> {
  await gateway.stop()
  await removeFolder(gateway.folder)
}

/** An app that begins its answer and ends it when it is told to. */
async function slowApp(): Promise<{ url: string; asked: Promise<ServerResponse>; close: () => void }> {
  let ask: (response: ServerResponse) => void
  const asked = new Promise<ServerResponse>((resolve) => {
    ask = resolve
  })
  const server: Server = createServer((_request, response) => {
    response.write('the beginning, ')
    ask(response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, asked, close: () => void server.close() }
}
