import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { freePort } from '../test/free-port.ts'
import { enter, holds, openBrowser, settled, shown, shows, signOut } from './browser.ts'
import {
  newFolder,
  type Running,
  removeFolder,
  serveGateway,
  startStreamlit,
  streamlitEnvironment,
} from './gateway.ts'

let folder: string
let app: { stop(): Promise<void> }
let gateway: Running
let browser: Browser
let context: BrowserContext
let page: Page

beforeAll(async () => {
  folder = await newFolder()
  const appPort = await freePort()
  const upstream = `http://127.0.0.1:${appPort}`
  const store = `sqlite:${folder}/store/holdfast.db`
  const env = await streamlitEnvironment(['--upstream', upstream, '--store', store])
  app = await startStreamlit('probe.py', appPort, env)
  gateway = await serveGateway(upstream, { folder })
  browser = await openBrowser()
})
afterAll(async () => {
  await browser?.close()
  await gateway?.stop()
  await app?.stop()
  if (folder !== undefined) await removeFolder(folder)
})

beforeEach(async () => {
  context = await browser.newContext()
  page = await context.newPage()
})
afterEach(() => context.close())

describe('serve, before an app started with what `env streamlit` prints', () => {
  it('finds by itself that it is Streamlit', () => {
    expect(gateway.logged('listening')[0]).toMatchObject({ app: 'streamlit' })
  })

  it('does what run does: the same live session after F5, widgets kept, st.user, sign-out', async () => {
    await enter(page, gateway.url)
    const session = await shown(page, 'session')
    expect(await shown(page, 'user')).toBe('anna')
    expect(await shown(page, 'signed_in')).toBe('True')
    await page.getByRole('button', { name: 'Count' }).click()
    await shows(page, 'count', '1')
    await page.getByLabel('Unkeyed').fill('Yan')
    await page.getByLabel('Unkeyed').press('Enter')
    await shows(page, 'unkeyed', 'Yan')
    await settled(page)
    await page.reload()
    await settled(page)
    expect(await shown(page, 'session')).toBe(session)
    await holds(page, 'Unkeyed', 'Yan')
    await page.getByRole('button', { name: 'Count' }).click()
    await shows(page, 'count', '2')
    expect(await shown(page, 'unkeyed')).toBe('Yan')
    await settled(page)
    await signOut(page)
  })

  it('keeps the live session when the gateway is deployed again, for the app was not', async () => {
    await enter(page, gateway.url)
    const session = await shown(page, 'session')
    await gateway.stop()
    gateway = await gateway.again()
    await page.reload()
    await settled(page)
    expect(await shown(page, 'session')).toBe(session)
  })
})
