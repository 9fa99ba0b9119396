import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { isHidden, LEFT, left, setClientStage } from './client-stage.ts'

const stage = setClientStage()

/** Resolves when the page next asks for its session and has had the answer. */
const asked = (page: Page): Promise<unknown> => page.waitForResponse(/_holdfast\/session$/)
const closeAppSockets = (code: number): void => {
  for (const { path, socket } of stage.gateway.sockets) if (path === '/stream') socket.close(code)
}

async function openTabs(count: number): Promise<Page[]> {
  const pages = await Promise.all(
    Array.from({ length: count }, (_, index) =>
      stage.browser.open(stage.gateway.url(`/app/${index}?a=1&b=%C3%A9`)),
    ),
  )
  await stage.gateway.seen('UPGRADE events', count)
  await Promise.all(pages.map((page) => page.evaluate('tab')))
  return pages
}

describe('after a sign-out', () => {
  it('all of twelve tabs are at sign-in within 2 s, each with its own way back', async () => {
    const pages = await openTabs(12)
    const begun = performance.now()
    stage.gateway.signOut()
    await Promise.all(pages.map(left))
    expect(performance.now() - begun).toBeLessThan(2000)
    const back = pages.map((page) => new URL(page.url()).searchParams.get('return_to'))
    expect(back).toEqual(pages.map((_, index) => `/app/${index}?a=1&b=%C3%A9`))
  })

  it('hides the page before it goes, also what is in the top layer', async () => {
    const [page] = (await openTabs(1)) as [Page]
    await page.evaluate(`{
      const dialog = document.createElement('dialog')
      dialog.textContent = 'secret'
      document.body.append(dialog)
      dialog.showModal()
    }`)
    expect(await page.getByText('secret').last().isVisible()).toBe(true)
    // Kept by the page, as it sets out: what it sends may overtake each other on the way, and the farewell hides it too.
    await page.evaluate(`navigation.addEventListener('navigate', () => {
      sessionStorage.setItem('shown', document.querySelector('dialog').getClientRects().length)
    })`)
    stage.gateway.signOut()
    await left(page)
    expect(await page.evaluate(`sessionStorage.getItem('shown')`)).toBe('0')
  })

  it('is not held up by a page that asks “Leave site?”', async () => {
    const [page] = (await openTabs(1)) as [Page]
    const asked: string[] = []
    page.on('dialog', (dialog) => {
      asked.push(dialog.type())
      void dialog.dismiss()
    })
    await page.evaluate(`addEventListener('beforeunload', (event) => event.preventDefault())`)
    await page.click('h1')
    stage.gateway.signOut()
    await left(page)
    expect(asked).toEqual([])
  })

  it('replaces the page, so that back does not lead to it', async () => {
    const page = await stage.browser.open(stage.gateway.url('/_holdfast/before'))
    await page.goto(stage.gateway.url('/app'))
    await stage.gateway.seen('UPGRADE events')
    stage.gateway.signOut()
    await left(page)
    await page.evaluate('history.back()')
    await page.waitForURL(/before$/, { waitUntil: 'commit' })
  })

  it('lets the sign-out itself finish where the page’s own form asked for it', async () => {
    const [page, other] = (await openTabs(2)) as [Page, Page]
    stage.gateway.delay = 500
    await page.evaluate(`{
      const form = document.createElement('form')
      form.method = 'post'
      form.action = '/_holdfast/sign-out'
      document.body.append(form)
      form.submit()
    }`)
    await page.waitForURL(/signed-out$/)
    await left(other)
    expect(await page.textContent('h1')).toBe('signed-out')
  })

  it('tells tabs whose own line is down', async () => {
    const [page, other] = (await openTabs(2)) as [Page, Page]
    const begun = performance.now()
    // The gateway answers the first tab's line only.
    stage.gateway.session.live = false
    const line = stage.gateway.sockets.find(({ path }) => path === '/_holdfast/events')
    line?.socket.close(4401)
    await Promise.all([left(page), left(other)])
    expect(performance.now() - begun).toBeLessThan(2000)
  })

  it('leaves a tab alone that has signed in anew, when a neighbour’s older session ends', async () => {
    const [page, other] = (await openTabs(2)) as [Page, Page]
    const both = [page, other]
    const checks = Promise.race(both.map(asked))
    stage.gateway.sockets.find(({ path }) => path === '/_holdfast/events')?.socket.close(4401)
    await checks
    await Promise.race(both.map(left))
    const stayed = both.filter((one) => !LEFT.test(one.url()))
    expect(stayed).toHaveLength(1)
    expect(await stayed[0]?.getByText('secret').isVisible()).toBe(true)
  })
})

describe('a socket of the app closed with 4401', () => {
  it('makes the page ask, and leave when the session has ended', async () => {
    const [page] = (await openTabs(1)) as [Page]
    stage.gateway.session.live = false
    closeAppSockets(4401)
    await left(page)
    expect(stage.gateway.requests.at(-2)).toBe('GET session')
  })

  it('leaves the page alone when the session lives', async () => {
    const [page] = (await openTabs(1)) as [Page]
    const answered = asked(page)
    closeAppSockets(4401)
    await answered
    expect(await isHidden(page)).toBe(false)
    expect(page.url()).not.toMatch(LEFT)
  })

  it('is the only code that asks', async () => {
    const [page] = (await openTabs(1)) as [Page]
    closeAppSockets(4400)
    await page.waitForFunction('socket.readyState === WebSocket.CLOSED')
    expect(stage.gateway.requests).not.toContain('GET session')
  })
})

describe('a page seen again after a silence', () => {
  it('asks whether its session lives', async () => {
    const [page] = (await openTabs(1)) as [Page]
    stage.gateway.session.live = false
    await page.clock.install({ time: Date.now() + 31_000 })
    await page.evaluate(`document.dispatchEvent(new Event('visibilitychange'))`)
    await left(page)
  })

  it('does not ask when it was heard a moment ago', async () => {
    const [page] = (await openTabs(1)) as [Page]
    await page.evaluate(`document.dispatchEvent(new Event('visibilitychange'))`)
    await page.evaluate('fetch("/_holdfast/live")')
    expect(stage.gateway.requests).not.toContain('GET session')
  })
})

describe('the back button', () => {
  /** A page without a socket of its own, which the browser keeps whole, and another after it. */
  async function goOn(): Promise<Page> {
    const page = await stage.browser.open(stage.gateway.url('/quiet'))
    await stage.gateway.seen('UPGRADE events')
    await page.evaluate(
      'window.addEventListener("pageshow", ({ persisted }) => { window.persisted = persisted })',
    )
    await page.evaluate(`addEventListener('pageshow', () => {
      navigator.sendBeacon('/_holdfast/shown-' + getComputedStyle(document.documentElement).display)
    })`)
    await page.evaluate(`document.body.style.height = '5000px'; scrollTo(0, 700)`)
    await page.goto(stage.gateway.url('/_holdfast/elsewhere'))
    return page
  }

  it('shows the kept page again, where it was, once the session is known to live', async () => {
    const page = await goOn()
    const restored = stage.gateway.connected('/restored')
    await page.evaluate('history.back()')
    await restored
    await stage.gateway.seen('GET session')
    await stage.gateway.seen('UPGRADE events', 2)
    await page.waitForFunction(`getComputedStyle(document.documentElement).display === 'block'`)
    expect(await page.evaluate('[window.persisted, scrollY]')).toEqual([true, 700])
  })

  it('shows nothing after a sign-out, and leads to sign-in', async () => {
    const page = await goOn()
    stage.gateway.session.live = false
    const begun = performance.now()
    await page.evaluate('history.back()')
    await left(page)
    expect(performance.now() - begun).toBeLessThan(1000)
    await stage.gateway.seen('POST shown-none')
    expect(stage.gateway.requests).toContain('GET session')
  })

  it('does not take an answer for new that was under way when the page was left', async () => {
    const page = await stage.browser.open(stage.gateway.url('/app'))
    await page.evaluate('tab')
    await page.evaluate(`addEventListener('pageshow', () => {
      navigator.sendBeacon('/_holdfast/back')
      new MutationObserver(() => navigator.sendBeacon('/_holdfast/shown-' + document.documentElement.style.display))
        .observe(document.documentElement, { attributes: true })
    })`)
    stage.gateway.lateness = 700
    closeAppSockets(4401)
    await stage.gateway.seen('GET session')
    await page.goto(stage.gateway.url('/_holdfast/elsewhere'))
    stage.gateway.session.live = false
    await page.evaluate('history.back()')
    await stage.gateway.seen('POST back')
    await left(page)
    expect(stage.gateway.requests).not.toContain('POST shown-')
  })

  it('does not show one person’s page to the next', async () => {
    const page = await goOn()
    stage.gateway.session.mark = 'm2'
    const document = page.waitForRequest(stage.gateway.url('/quiet'))
    await page.evaluate('history.back()')
    await document
    expect(stage.gateway.requests).toContain('GET session')
  })

  it('asks for the page itself while nobody can say', async () => {
    const page = await goOn()
    stage.gateway.down = true
    const document = page.waitForRequest(stage.gateway.url('/quiet'))
    await page.evaluate('history.back()')
    await document
  })
})
