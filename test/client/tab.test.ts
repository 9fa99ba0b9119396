import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { openUnattended } from './browser.ts'
import { setClientStage } from './client-stage.ts'

const ID = /^[\w-]{22}$/

/** The tab id the gateway saw on the page's own socket. */
const tabOf = (page: Page): Promise<string> => page.evaluate('tab')
/** Whether the page's socket had to wait for its id. */
const isHeld = (page: Page): Promise<boolean> => page.evaluate(`Object.hasOwn(socket, 'onopen')`)

const stage = setClientStage()

// `localhost` is a secure context with Web Locks; `app.test` over plain http is none and has no Web Locks.
describe.each(['localhost', 'app.test'])('a tab on http://%s', (host) => {
  const open = () => stage.browser.open(stage.gateway.url('/app', host))

  it('gives its sockets one id, at once and through a native socket', async () => {
    const page = await open()
    expect(await page.evaluate('isSecureContext && "locks" in navigator')).toBe(host === 'localhost')
    expect(await tabOf(page)).toMatch(ID)
    expect(await isHeld(page)).toBe(false)
    await stage.gateway.seen('UPGRADE events')
    expect(await page.evaluate('window.faults')).toBeUndefined()
  })

  it('keeps its id through ten F5, at once each time', async () => {
    const page = await open()
    const id = await tabOf(page)
    for (let count = 0; count < 10; count++) {
      await page.reload()
      expect(await tabOf(page)).toBe(id)
      expect(await isHeld(page)).toBe(false)
    }
  })

  it('has another id than a window it opens, and both keep theirs through F5', async () => {
    const page = await open()
    const [opened] = await Promise.all([
      page.waitForEvent('popup'),
      page.evaluate('void window.open(location.href)'),
    ])
    // It is told of while it is still empty.
    await opened.waitForURL(stage.gateway.url('/app', host))
    const ids = [await tabOf(page), await tabOf(opened)]
    expect(ids[1]).toMatch(ID)
    expect(ids[1]).not.toBe(ids[0])
    expect(await isHeld(opened)).toBe(false)
    await Promise.all([page.reload(), opened.reload()])
    expect([await tabOf(page), await tabOf(opened)]).toEqual(ids)
  })

  it('has another id than its duplicate, and both keep theirs through F5', async () => {
    const page = await open()
    const duplicate = await stage.browser.duplicate(page)
    const ids = [await tabOf(page), await tabOf(duplicate)]
    expect(ids[1]).toMatch(ID)
    expect(ids[1]).not.toBe(ids[0])
    await Promise.all([page.reload(), duplicate.reload()])
    expect([await tabOf(page), await tabOf(duplicate)]).toEqual(ids)
  })

  it('has another id than a duplicate made while it showed a page without the script', async () => {
    const page = await open()
    const id = await tabOf(page)
    await page.goto(stage.gateway.url('/_holdfast/sign-in', host))
    const duplicate = await stage.browser.duplicate(page)
    await page.goto(stage.gateway.url('/app', host))
    await duplicate.goto(stage.gateway.url('/app', host))
    expect(await tabOf(page)).toBe(id)
    expect(await tabOf(duplicate)).not.toBe(id)
  })

  it('keeps its id when it is closed and reopened', async () => {
    const page = await open()
    const id = await tabOf(page)
    await page.close()
    expect(await tabOf(await stage.browser.reopen())).toBe(id)
  })

  it('keeps its id when the browser discarded it', async () => {
    const page = await open()
    const id = await tabOf(page)
    const again = await stage.browser.discardAndReturn(page)
    expect(await again.evaluate('document.wasDiscarded')).toBe(true)
    expect(await tabOf(again)).toBe(id)
  })

  it('keeps its id when it goes elsewhere and comes back out of the cache', async () => {
    const page = await stage.browser.open(stage.gateway.url('/quiet', host))
    await page.goto(stage.gateway.url('/app', host))
    const id = await tabOf(page)
    const restored = stage.gateway.connected('/restored')
    await page.evaluate('history.back()')
    expect(await restored).toBe(id)
  })

  it('is one of twelve, all different', async () => {
    const pages = await Promise.all(Array.from({ length: 12 }, open))
    const ids = await Promise.all(pages.map(tabOf))
    expect(new Set(ids).size).toBe(12)
  })
})

describe('a tab', () => {
  it('settles the id of a busy tab’s duplicate by the lock, however long the tab is busy', async () => {
    const page = await stage.browser.open(stage.gateway.url('/app'))
    const id = await tabOf(page)
    await page.evaluate('setTimeout(() => { const until = Date.now() + 1500; while (Date.now() < until); })')
    expect(await tabOf(await stage.browser.duplicate(page))).not.toBe(id)
  })

  it('takes no id and opens no socket while it is only rendered ahead of time', async ({
    onTestFinished,
  }) => {
    const ahead = `new WebSocket('ws://' + location.host + '/ahead')
      setTimeout(() => fetch('/_holdfast/prerendering-' + document.prerendering), 500)`
    const next = stage.gateway.url(`/quiet?run=${encodeURIComponent(ahead).replaceAll("'", '%27')}`)
    const first = `new WebSocket('ws://' + location.host + '/go').onmessage = ({ data }) => {
        if (data === 'go') location.href = '${next}'
      }
      const rules = document.createElement('script')
      rules.type = 'speculationrules'
      rules.text = JSON.stringify({ prerender: [{ urls: ['${next}'] }] })
      document.head.append(rules)`
    const going = stage.gateway.connected('/go')
    const connected = stage.gateway.connected('/ahead')
    // A browser that is being debugged renders nothing ahead of time: this one is only told an address.
    onTestFinished(await openUnattended(stage.gateway.url(`/quiet?run=${encodeURIComponent(first)}`)))
    const id = await going
    await stage.gateway.seen('GET prerendering-true')
    expect(stage.gateway.sockets.map(({ path }) => path).sort()).toEqual(['/_holdfast/events', '/go'])
    stage.gateway.sockets.find(({ path }) => path === '/go')?.socket.send('go')
    expect(await connected).toBe(id)
    expect(stage.gateway.requests).not.toContain('GET prerendering-false')
  })

  it('works where storage is blocked, with an id for each page', async () => {
    const page = await stage.browser.context.newPage()
    await page.addInitScript(`for (const name of ['sessionStorage', 'localStorage']) {
      Object.defineProperty(window, name, { get() { throw new DOMException('blocked', 'SecurityError') } })
    }`)
    await page.goto(stage.gateway.url('/app'))
    const id = await tabOf(page)
    expect(id).toMatch(ID)
    await page.reload()
    expect(await tabOf(page)).toMatch(ID)
    expect(await page.evaluate('window.faults')).toBeUndefined()
  })

  it('does not put its id on the sockets of its frames, nor opens an events line for each', async () => {
    const page = await stage.browser.open(stage.gateway.url('/app?frame=/app'))
    const frame = page.frames()[1]
    expect(await frame?.evaluate('tab')).toBe('null')
    expect(await tabOf(page)).toMatch(ID)
    await stage.gateway.seen('UPGRADE events')
    expect(stage.gateway.requests).toEqual(['UPGRADE events'])
  })

  it('has ids of its own for the frames of somebody else’s page, which keep them through F5', async () => {
    const frame = (path: string) => `frame=${encodeURIComponent(stage.gateway.url(path))}`
    const page = await stage.browser.open(
      stage.gateway.url(`/foreign?${frame('/app/a')}&${frame('/app/b')}`, 'app.test'),
    )
    const ids = () =>
      Promise.all(
        page
          .frames()
          .slice(1)
          .map((one) => one.evaluate<string>('tab')),
      )
    const first = await ids()
    expect(first[0]).toMatch(ID)
    expect(new Set(first).size).toBe(2)
    await page.reload()
    expect(await ids()).toEqual(first)
  })
})
