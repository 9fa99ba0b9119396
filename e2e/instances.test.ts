/** Two instances of a Streamlit app, two gateways before both, and a balancer that takes turns with every request. */
import { readFile } from 'node:fs/promises'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { freePort } from '../test/free-port.ts'
import { openBrowser, settled, shown, shows, signIn, signInPath } from './browser.ts'
import {
  newFolder,
  type Running,
  removeFolder,
  serveGateway,
  startStreamlit,
  streamlitEnvironment,
} from './gateway.ts'
import { startTlsProxy, type TlsProxy } from './tls-proxy.ts'

interface Instance {
  readonly name: string
  readonly url: string
  stop(): Promise<void>
  /** The same again, as a deploy does. */
  again(): Promise<void>
}

let folder: string
let balancer: TlsProxy
let origin: string
let instances: readonly Instance[]
let gateways: readonly Running[]
let browser: Browser
let context: BrowserContext
let page: Page

async function startInstance(name: string, port: number, env: NodeJS.ProcessEnv): Promise<Instance> {
  const start = (): ReturnType<typeof startStreamlit> =>
    startStreamlit('instances.py', port, { ...env, INSTANCE: name })
  let app = await start()
  return {
    name,
    url: `http://127.0.0.1:${port}`,
    stop: () => app.stop(),
    async again() {
      app = await start()
    },
  }
}

beforeAll(async () => {
  folder = await newFolder()
  balancer = await startTlsProxy(folder)
  origin = `https://app.test:${balancer.port}`
  const ports = [await freePort(), await freePort()]
  const upstream = ports.flatMap((port) => ['--upstream', `http://127.0.0.1:${port}`])
  const both = ['--public-url', origin, '--access', 'anyone']
  const state = ['--state-listen', `127.0.0.1:${await freePort()}`]
  const store = ['--store', `sqlite:${folder}/store/holdfast.db`]
  const env = await streamlitEnvironment(['--public-url', origin, ...upstream, ...state, ...store])
  instances = [await startInstance('one', ports[0] ?? 0, env), await startInstance('two', ports[1] ?? 0, env)]
  const [first = '', second = ''] = instances.map(({ url }) => url)
  gateways = [
    await serveGateway(first, { folder, options: [...both, ...state, '--upstream', second] }),
    await serveGateway(second, { folder, options: [...both, '--upstream', first] }),
  ]
  balancer.route('/', ...gateways.map(({ port }) => port))
  browser = await openBrowser(['--host-resolver-rules=MAP app.test 127.0.0.1', '--ignore-certificate-errors'])
}, 180_000)

afterAll(async () => {
  await browser?.close()
  for (const gateway of gateways ?? []) await gateway.stop()
  for (const instance of instances ?? []) await instance.stop()
  await balancer?.close()
  if (folder !== undefined) await removeFolder(folder)
})

beforeEach(async () => {
  context = await browser.newContext({ ignoreHTTPSErrors: true, acceptDownloads: true })
  page = await context.newPage()
})
afterEach(() => context.close())

async function signedIn(): Promise<void> {
  await page.goto(`${origin}/_holdfast/sign-in`)
  await signIn(page)
  await settled(page)
}

/** What a media file of this page holds: it is in the memory of one instance only. */
async function taken(): Promise<string> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Take' }).click(),
  ])
  return readFile(await download.path(), 'utf8')
}

async function upload(text: string): Promise<void> {
  const file = { name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from(text) }
  await page.locator('input[type="file"]').setInputFiles(file)
  await shows(page, 'file', text)
  await settled(page)
}

const instanceOf = async (): Promise<Instance> => {
  const name = await shown(page, 'instance')
  const found = instances.find((one) => one.name === name)
  if (found === undefined) throw new Error(`There is no instance ${name}.`)
  return found
}

describe('several instances of a Streamlit app', () => {
  it('B22: returns the very same live session after F5, whichever gateways its requests come by', async () => {
    await signedIn()
    const session = await shown(page, 'session')
    await page.getByRole('button', { name: 'Count' }).click()
    await shows(page, 'count', '1')
    await settled(page)
    await upload('kelp')
    expect(await taken()).toBe(session)
    for (const ports of [gateways.map(({ port }) => port), ...gateways.map(({ port }) => [port])]) {
      balancer.route('/', ...ports)
      for (let times = 0; times < 3; times++) {
        await page.reload()
        await settled(page)
        expect(await shown(page, 'session')).toBe(session)
        expect(await shown(page, 'count')).toBe('1')
      }
    }
    balancer.route('/', ...gateways.map(({ port }) => port))
    expect(await taken()).toBe(session)
    await upload('wrack')
  })

  it('is one for a visitor who has not signed in, with files and sockets, and past the sign-in', async () => {
    await page.goto(origin)
    await settled(page)
    const [session, home] = [await shown(page, 'session'), await shown(page, 'instance')]
    expect(await shown(page, 'user')).toBe('None')
    await upload('dulse')
    expect(await taken()).toBe(session)
    await page.reload()
    await settled(page)
    expect(await shown(page, 'session')).toBe(session)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.waitForURL(signInPath)
    await signIn(page)
    await shows(page, 'user', 'anna')
    await settled(page)
    expect(await shown(page, 'instance')).toBe(home)
    expect(await taken()).toBe(await shown(page, 'session'))
  })

  it('goes on at the other instance when its own is killed: signed in, work there, and it stays there', async () => {
    await signedIn()
    const home = await instanceOf()
    await page.getByRole('button', { name: 'Count' }).click()
    await shows(page, 'count', '1')
    await page.getByRole('button', { name: 'Count' }).click()
    await shows(page, 'count', '2')
    await page.getByRole('button', { name: 'Keep' }).click()
    await shows(page, 'kept', '1')
    await settled(page)

    // The page opens its socket again by itself, and goes on with what is pressed next.
    const reopened = page.waitForEvent('websocket', (socket) => socket.url().includes('/_stcore/stream'))
    await home.stop()
    await reopened
    await page.getByRole('button', { name: 'Count' }).click()
    const other = instances.find((one) => one !== home) as Instance
    await shows(page, 'instance', other.name)
    await settled(page)
    expect([await shown(page, 'user'), await shown(page, 'count')]).toEqual(['anna', '3'])
    const session = await shown(page, 'session')
    await upload('kelp')
    expect(await taken()).toBe(session)

    await home.again()
    for (const gateway of gateways)
      await expect
        .poll(() => gateway.logged('instance_taken_back').length, { timeout: 30_000 })
        .toBe(gateway.logged('instance_passed_over').length)
    for (let times = 0; times < 4; times++) {
      await page.reload()
      await settled(page)
      expect(await shown(page, 'session')).toBe(session)
      expect(await shown(page, 'count')).toBe('3')
    }
    expect(await taken()).toBe(session)
    await upload('wrack')
    const passed = gateways.flatMap((gateway) => gateway.logged('instance_passed_over'))
    expect(new Set(passed.map(({ instance }) => instance))).toEqual(new Set([home.url]))
  })
})
