import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { freePort } from '../test/free-port.ts'
import { openBrowser, signIn, signInPath } from './browser.ts'
import { password, removeFolder, serveGateway } from './gateway.ts'

/** An app whose service workers tell it every address and every form that they see. */
interface SpyingApp {
  readonly url: string
  readonly seen: string[]
  close(): Promise<void>
}

/** As much of the browser's as is used here. */
interface Pages {
  readonly serviceWorker: {
    register(url: string, options: { scope?: string }): Promise<Registration>
    getRegistrations(): Promise<readonly Registration[]>
  }
}

interface Registration {
  readonly installing: Worker | null
  readonly waiting: Worker | null
  readonly active: Worker | null
}

interface Worker extends EventTarget {
  readonly state: string
}

const spy = `addEventListener('install', () => skipWaiting())
addEventListener('activate', (event) => event.waitUntil(clients.claim()))
addEventListener('fetch', (event) => {
  if (event.request.url.endsWith('/seen')) return
  event.respondWith((async () => {
    const what = event.request.url + ' ' + await event.request.clone().text()
    await fetch('/seen', { method: 'POST', body: what })
    return fetch(event.request)
  })())
})`

async function spyingApp(port: number): Promise<SpyingApp> {
  const seen: string[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const piece of request.setEncoding('utf8')) body += piece as string
    const isScript = request.url?.endsWith('.js') === true
    if (request.url === '/seen') seen.push(body)
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    if (isScript) response.setHeader('service-worker-allowed', '/')
    response.end(isScript ? spy : '<!doctype html><title>app</title><h1>The app</h1>')
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    ...{ url: `http://127.0.0.1:${port}`, seen },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** What becomes of registering this script: how many workers there are afterwards, or why there is none. */
function register(page: Page, script: string, scope?: string): Promise<string> {
  return page.evaluate(
    async ([url = '', wanted]) => {
      try {
        const registration = await (navigator as unknown as Pages).serviceWorker.register(
          url,
          wanted === undefined ? {} : { scope: wanted },
        )
        const worker = registration.installing ?? registration.waiting ?? registration.active
        while (worker !== null && worker.state !== 'activated' && worker.state !== 'redundant')
          await new Promise((resolve) => worker.addEventListener('statechange', resolve, { once: true }))
        return 'registered'
      } catch (error) {
        return error instanceof Error ? error.name : 'unknown'
      }
    },
    [script, scope],
  )
}

const workers = (page: Page): Promise<number> =>
  page.evaluate(async () => (await (navigator as unknown as Pages).serviceWorker.getRegistrations()).length)

let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser?.close())

describe('security: service workers of the app', { timeout: 120_000 }, () => {
  it('never cover our pages: what is typed there they do not see', async () => {
    const app = await spyingApp(await freePort())
    const gateway = await serveGateway(app.url)
    const context = await browser.newContext()
    onTestFinished(async () => {
      await context.close()
      await gateway.stop()
      await app.close()
      await removeFolder(gateway.folder)
    })
    const page = await context.newPage()
    await page.goto(gateway.url)
    await signIn(page)
    await page.getByRole('heading', { name: 'The app' }).waitFor()

    await register(page, '/worker.js')
    await register(page, '/_holdfast/client.js')
    await expect.poll(() => workers(page)).toBe(0)
    for (const scope of ['/', '/_holdfast/', '/_h'])
      expect(await register(page, '/static/worker.js', scope)).toBe('SecurityError')
    // Of its own part of the app it may have one.
    expect(await register(page, '/static/worker.js')).toBe('registered')
    await page.goto(`${gateway.url}/static/page`)
    await expect.poll(() => app.seen.join()).toContain('/static/page')

    await page.goto(`${gateway.url}/_holdfast/sign-out`)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.waitForURL(signInPath)
    await signIn(page)
    await page.waitForURL(gateway.url)
    expect(app.seen.filter((one) => one.includes('/_holdfast/') || one.includes('password'))).toEqual([])
    expect(gateway.logged('service_worker_replaced').map(({ path }) => path)).toContain('/worker.js')
  })

  it('leave, if they were there before, once a page was opened', async () => {
    const port = await freePort()
    const before = await spyingApp(port)
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(before.url)
    expect(await register(page, '/worker.js')).toBe('registered')
    await page.goto(`${before.url}/again`)
    await expect.poll(() => before.seen.join()).toContain('/again')
    await before.close()

    const app = await spyingApp(await freePort())
    const gateway = await serveGateway(app.url, { port })
    onTestFinished(async () => {
      await context.close()
      await gateway.stop()
      await app.close()
      await removeFolder(gateway.folder)
    })
    await page.goto(`${gateway.url}/_holdfast/sign-in`)
    // Chromium looks for a new script a second after a page, and begins that second anew with whatever the worker is asked.
    for (let times = 0; times < 8 && (await workers(page)) > 0; times++) {
      await page.waitForTimeout(4_000)
      await page.reload()
    }
    expect(await workers(page)).toBe(0)
    await page.goto(gateway.url)
    await signIn(page)
    await page.getByRole('heading', { name: 'The app' }).waitFor()
    const forms = [...before.seen, ...app.seen].filter((one) =>
      one.includes(encodeURIComponent(password).replaceAll('%20', '+')),
    )
    expect(forms).toEqual([])
  }, 120_000)
})
