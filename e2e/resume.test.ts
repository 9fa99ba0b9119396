import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cookieHeader, enter, openBrowser, settled, shown, shows } from './browser.ts'
import { type Running, removeFolder, runGateway } from './gateway.ts'
import { signInByForm } from './person.ts'
import { openStreamlit, type SocketOptions, type StreamlitSocket } from './streamlit-socket.ts'

let gateway: Running
let browser: Browser
let context: BrowserContext
let page: Page
let anna: Record<'cookie' | 'session' | 'tab' | 'page', string>
let ben: string

beforeAll(async () => {
  gateway = await runGateway()
  browser = await openBrowser()
  context = await browser.newContext()
  page = await context.newPage()
  await enter(page, gateway.url, 'anna')
  await page.getByRole('button', { name: 'Count' }).click()
  await shows(page, 'count', '1')
  anna = {
    cookie: await cookieHeader(context, gateway.url),
    session: await shown(page, 'session'),
    tab: await page.evaluate(`sessionStorage.getItem('holdfast-tab')`),
    page: await page.evaluate(`sessionStorage.getItem('holdfast-page')`),
  }
  ben = await signInByForm(gateway.url, 'ben')
})
afterAll(async () => {
  await browser?.close()
  await gateway?.stop()
  if (gateway !== undefined) await removeFolder(gateway.folder)
})

async function open(options: SocketOptions): Promise<StreamlitSocket> {
  const socket = await openStreamlit(gateway.url, options)
  if (typeof socket === 'number') throw new Error(`Refused with ${socket}.`)
  return socket
}

describe("somebody else's live session", () => {
  it('is not reached by its id', async () => {
    const socket = await open({ cookie: ben, session: anna.session })
    const told = await socket.run()
    expect(socket.session()).toMatch(/^[0-9a-f-]{36}$/)
    expect(socket.session()).not.toBe(anna.session)
    expect(told).toContain('user=ben;')
    expect(told).toContain('count=0;')
    socket.close()
  })

  it('is not reached by its id and its tab', async () => {
    expect(anna.tab).toMatch(/^[\w-]{22}$/)
    const socket = await open({ cookie: ben, session: anna.session, tab: anna.tab })
    expect(await socket.run()).toContain('user=ben;')
    expect(socket.session()).not.toBe(anna.session)
    socket.close()
  })

  it('is not reached by its id from another tab of the same person, only by its own tab and its secret', async () => {
    const other = await open({ cookie: anna.cookie, session: anna.session, tab: 'A'.repeat(22) })
    await other.run()
    const { session } = anna
    const its = other.session()
    expect(its).not.toBe(session)
    other.close()
    const again = await open({ cookie: anna.cookie, session, tab: 'A'.repeat(22) })
    await again.run()
    expect(again.session()).toBe(its)
    again.close()
    const copied = await open({ cookie: anna.cookie, session, tab: anna.tab })
    await copied.run()
    expect(copied.session()).not.toBe(session)
    copied.close()
    const own = await open({ cookie: anna.cookie, tab: anna.tab, page: anna.page })
    expect(await own.run()).toContain('count=1;')
    expect(own.session()).toBe(anna.session)
    own.close()
    await page.reload()
    await settled(page)
    expect(await shown(page, 'session')).toBe(anna.session)
    expect(await shown(page, 'count')).toBe('1')
  })
})

describe('an upgrade', () => {
  it('from any origin but ours is refused, whatever cookie it carries', async () => {
    const { port } = gateway
    const foreign = [
      'https://evil.example',
      `http://localhost:${port}`,
      `https://127.0.0.1:${port}`,
      `http://127.0.0.1:${port}.evil.example`,
      'http://127.0.0.1',
      `http://127.0.0.1:${port + 1}`,
      'null',
      null,
    ]
    for (const origin of foreign) {
      expect([origin, await openStreamlit(gateway.url, { cookie: anna.cookie, origin })]).toEqual([
        origin,
        403,
      ])
    }
  })

  it('without a session is refused', async () => {
    expect(await openStreamlit(gateway.url)).toBe(401)
    expect(await openStreamlit(gateway.url, { session: anna.session, tab: anna.tab })).toBe(401)
  })
})

describe('what a client says about itself', () => {
  it('changes nothing about who the app sees', async () => {
    const socket = await open({
      cookie: `_streamlit_user=forged; ${ben}; _streamlit_user_tokens=x; _streamlit_user__1=y; other=kept`,
      headers: {
        'X-Streamlit-User': 'anna',
        'X-Forwarded-User': 'anna',
        X_Forwarded_User: 'anna',
        'X-Forwarded-Email': 'anna@example.org',
        'Remote-User': 'anna',
      },
    })
    const told = await socket.run()
    expect(told).toContain('user=ben; signed_in=True;')
    expect(told).toContain('forwarded=ben;')
    expect(told).toContain('cookies=_streamlit_user _streamlit_xsrf other;')
    socket.close()
  })
})

describe('a guarded page', () => {
  it('is shown to whoever has the role, and to nobody else, however a forged message names it', async () => {
    const admin = await open({ cookie: anna.cookie, tab: 'B'.repeat(22) })
    expect(await admin.run({ path: 'guarded' })).toContain('the-guarded-secret')
    const hash = admin.pageHash('guarded')
    expect(hash).toMatch(/^[0-9a-f]{32}$/)
    expect(await admin.run({ hash })).toContain('the-guarded-secret')
    admin.close()

    const socket = await open({ cookie: ben, tab: 'C'.repeat(22) })
    for (const choice of [{ hash }, { path: 'guarded' }, undefined, { hash }, { path: 'second' }, { hash }]) {
      const told = await socket.run(choice)
      expect(told).toContain('user=ben;')
      expect(told).not.toContain('the-guarded-secret')
      if (choice !== undefined && !('path' in choice)) expect(told).toContain('You may not see this page.')
    }
    socket.close()
  })
})

// Last: it ends Anna's session.
describe('sign-out', () => {
  it('closes the open sockets of every copy of the cookie, and of nobody else', async () => {
    const copy = await open({ cookie: anna.cookie, tab: 'D'.repeat(22) })
    const others = await open({ cookie: ben, tab: 'E'.repeat(22) })
    await page.getByRole('button', { name: 'Sign out' }).click()
    expect(await copy.closed).toBe(4401)
    expect(await openStreamlit(gateway.url, { cookie: anna.cookie })).toBe(401)
    expect(await others.run()).toContain('user=ben;')
    others.close()
  })
})
