/** Two replicas, each with a Streamlit of its own, and a balancer that sends people wherever it likes. */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { freePort } from '../test/free-port.ts'
import { holds, openBrowser, shows, signIn } from './browser.ts'
import {
  newFolder,
  type Running,
  removeFolder,
  serveGateway,
  startStreamlit,
  streamlitEnvironment,
} from './gateway.ts'
import { startTlsProxy, type TlsProxy } from './tls-proxy.ts'

interface Replica {
  readonly gateway: Running
  readonly app: { stop(): Promise<void> }
}

let folder: string
let balancer: TlsProxy
let origin: string
let one: Replica
let two: Replica
let browser: Browser
let context: BrowserContext
let page: Page

async function startReplica(): Promise<Replica> {
  const [appPort, statePort] = [await freePort(), await freePort()]
  const upstream = `http://127.0.0.1:${appPort}`
  const both = ['--public-url', origin, '--state-listen', `127.0.0.1:${statePort}`]
  const store = `sqlite:${folder}/store/holdfast.db`
  const env = await streamlitEnvironment(['--upstream', upstream, ...both, '--store', store])
  const app = await startStreamlit('many_states.py', appPort, env)
  return { app, gateway: await serveGateway(upstream, { folder, options: both }) }
}

beforeAll(async () => {
  folder = await newFolder()
  balancer = await startTlsProxy(folder)
  origin = `https://app.test:${balancer.port}`
  one = await startReplica()
  two = await startReplica()
  browser = await openBrowser(['--host-resolver-rules=MAP app.test 127.0.0.1', '--ignore-certificate-errors'])
  context = await browser.newContext({ ignoreHTTPSErrors: true })
  page = await context.newPage()
})
afterAll(async () => {
  await browser?.close()
  for (const replica of [one, two]) {
    await replica?.gateway.stop()
    await replica?.app.stop()
  }
  await balancer?.close()
  if (folder !== undefined) await removeFolder(folder)
})

async function settled(tab: Page): Promise<void> {
  await tab.getByText('object=').waitFor()
  await tab.locator('[data-test-script-state="notRunning"]').waitFor()
}

// What needs no line of the app's is stored beside its runs: wait for the thread that does it, as a deploy does.
const stored = 'import gc; [one.drain(20) for one in gc.get_objects() if type(one).__name__ == "Keeper"]'

async function run(tab: Page, line: string): Promise<void> {
  await tab.getByLabel('line').fill(line)
  await tab.getByLabel('line').press('Enter')
  await settled(tab)
}

it('B22: whichever replica answers, widgets, session state and what the app keeps are as they were left', async () => {
  balancer.route('/', one.gateway.port)
  await page.goto(origin)
  await signIn(page)
  await settled(page)
  await page.getByRole('button', { name: 'Set all' }).click()
  await shows(page, 'pressed', '1')
  await run(page, `S["who"] = "one"; ${stored}`)

  balancer.route('/', two.gateway.port)
  await page.reload()
  await settled(page)
  for (const [name, value] of [
    ['pressed', '1'],
    ['keys', '10 of 10'],
    ['objects', '5 of 5, twice'],
    ['who', 'one'],
  ] as const)
    await shows(page, name, value)
  await holds(page, 'line', `S["who"] = "one"; ${stored}`)

  // Changed here, and back to the first, which still holds the session that it had: the newer one counts.
  await page.getByRole('button', { name: 'Set all' }).click()
  await shows(page, 'pressed', '2')
  await run(page, `S["who"] = "two"; ${stored}`)
  balancer.route('/', one.gateway.port)
  await page.reload()
  await settled(page)
  await shows(page, 'pressed', '2')
  await shows(page, 'who', 'two')
  expect(await page.getByTestId('stException').count()).toBe(0)
})
