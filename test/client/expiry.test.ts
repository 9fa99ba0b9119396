import type { Page } from 'playwright-core'
import { beforeEach, describe, expect, it } from 'vitest'
import { isHidden, LEFT, setClientStage } from './client-stage.ts'

const stage = setClientStage()

const MINUTE = 60_000

/** A page whose shadow roots are open to the test, and whose clock the test moves. */
async function openPage(skew = 0): Promise<Page> {
  const page = await stage.browser.context.newPage()
  await page.addInitScript(`{
    const attach = Element.prototype.attachShadow
    Element.prototype.attachShadow = function (options) { return attach.call(this, { ...options, mode: 'open' }) }
  }`)
  await page.clock.install({ time: Date.now() + skew })
  await page.goto(stage.gateway.url('/app'))
  await stage.gateway.seen('UPGRADE events')
  return page
}

const warning = (page: Page) => page.getByRole('alertdialog')
const said = (page: Page): Promise<string | null> => warning(page).textContent()

/** Moves both clocks: the page's, with its timers, and the deadlines the gateway holds. */
async function pass(page: Page, ms: number): Promise<void> {
  const { session } = stage.gateway
  if (session.idleAt !== null) session.idleAt -= ms
  if (session.absoluteAt !== null) session.absoluteAt -= ms
  await page.clock.runFor(ms)
}

const untilWarned = (page: Page): Promise<void> => warning(page).waitFor()
/** Evaluates with the dialog's `shadowRoot` at hand. */
const inDialog = (page: Page, code: string): Promise<unknown> =>
  page.evaluate(`{ const { shadowRoot } = document.documentElement.lastElementChild; ${code} }`)

describe('before the idle deadline', () => {
  beforeEach(() => {
    Object.assign(stage.gateway.session, {
      idleAt: Date.now() + 30 * MINUTE,
      absoluteAt: Date.now() + 24 * 60 * MINUTE,
      idleFor: 30 * MINUTE,
    })
  })

  it('says nothing until two minutes are left, then how long is left, second by second', async () => {
    const page = await openPage()
    await pass(page, 27 * MINUTE)
    expect(await warning(page).count()).toBe(0)
    expect(stage.gateway.requests).not.toContain('GET session')
    await pass(page, MINUTE)
    await untilWarned(page)
    expect(await said(page)).toMatch(/^You will be signed out in (2:00|1:5\d)/)
    await pass(page, 75_000)
    expect(await said(page)).toMatch(/^You will be signed out in 0:[34]\d/)
  })

  it('speaks to assistive technology: a named alert dialog, focus on the safe answer, a silent clock', async () => {
    const page = await openPage()
    await pass(page, 28 * MINUTE)
    await page.getByRole('alertdialog', { name: /^You will be signed out in/ }).waitFor()
    expect(await inDialog(page, `shadowRoot.activeElement.textContent`)).toBe('Stay signed in')
    expect(await page.getByRole('timer').getAttribute('aria-live')).toBeNull()
    expect(await page.getByRole('button').allInnerTexts()).toEqual(['Stay signed in', 'Sign out'])
  })

  it('looks as it should where the page forbids styles', async () => {
    const page = await openPage()
    await page.evaluate(`document.head.insertAdjacentHTML('beforeend',
      '<meta http-equiv="Content-Security-Policy" content="style-src \\'none\\'">')`)
    await pass(page, 28 * MINUTE)
    await untilWarned(page)
    expect(await inDialog(page, `getComputedStyle(shadowRoot.querySelector('dialog')).borderRadius`)).toBe(
      '16px',
    )
  })

  it('stays signed in at a click, and takes the warning off all tabs', async () => {
    const [page, other] = [await openPage(), await openPage()]
    await Promise.all([page.clock.runFor(28 * MINUTE), pass(other, 28 * MINUTE)])
    await Promise.all([untilWarned(page), untilWarned(other)])
    await page.getByRole('button', { name: 'Stay signed in' }).click()
    await Promise.all([page, other].map((one) => warning(one).waitFor({ state: 'hidden' })))
    expect(stage.gateway.requests).toContain('POST session')
    await pass(page, 27 * MINUTE)
    expect(await warning(page).count()).toBe(0)
    await pass(page, 2 * MINUTE)
    await untilWarned(page)
  })

  it('takes Escape for an answer', async () => {
    const page = await openPage()
    await pass(page, 28 * MINUTE)
    await untilWarned(page)
    await page.keyboard.press('Escape')
    await warning(page).waitFor({ state: 'hidden' })
    expect(stage.gateway.requests).toContain('POST session')
  })

  it('says so when staying failed, and lets the person try again', async () => {
    const page = await openPage()
    await pass(page, 28 * MINUTE)
    await untilWarned(page)
    stage.gateway.down = true
    await page.getByRole('button', { name: 'Stay signed in' }).click()
    await page.getByText('That did not work. Please try again.').waitFor()
    stage.gateway.down = false
    await page.getByRole('button', { name: 'Stay signed in' }).click()
    await warning(page).waitFor({ state: 'hidden' })
  })

  it('signs out at a click, and goes only when the gateway has said yes', async () => {
    const page = await openPage()
    await pass(page, 28 * MINUTE)
    await untilWarned(page)
    stage.gateway.delay = 300
    const answered = page.waitForResponse(/sign-out$/)
    await page.getByRole('button', { name: 'Sign out' }).click()
    expect((await answered).status()).toBe(303)
    // The page to come is told that it was the person's own doing.
    await page.waitForURL(/\/_holdfast\/sign-in\?reason=signed-out&return_to=/)
    expect(stage.gateway.requests.slice(-2)).toEqual(['POST sign-out', 'GET sign-in'])
  })

  it('stays and says so when the sign-out was not acknowledged, by an error or a question', async () => {
    const page = await openPage()
    await pass(page, 28 * MINUTE)
    await untilWarned(page)
    const failure = page.getByText('That did not work. Please try again.')
    stage.gateway.down = true
    await page.getByRole('button', { name: 'Sign out' }).click()
    await failure.waitFor()
    stage.gateway.down = false
    stage.gateway.asksFirst = true
    await page.getByRole('button', { name: 'Stay signed in' }).click()
    await warning(page).waitFor({ state: 'hidden' })
    await pass(page, 29 * MINUTE)
    await untilWarned(page)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await failure.waitFor()
    expect(page.url()).not.toMatch(LEFT)
  })

  it('does not warn when the person was active in another tab', async () => {
    const page = await openPage()
    await pass(page, 20 * MINUTE)
    stage.gateway.session.idleAt = Date.now() + 30 * MINUTE
    const answered = page.waitForResponse(/_holdfast\/session$/)
    await pass(page, 8 * MINUTE)
    await answered
    await pass(page, 4000)
    expect(await warning(page).count()).toBe(0)
  })

  it('is withdrawn when the gateway reports activity', async () => {
    const page = await openPage()
    await pass(page, 28 * MINUTE)
    await untilWarned(page)
    const deadlines = {
      idleAt: Date.now() + 30 * MINUTE,
      absoluteAt: stage.gateway.session.absoluteAt,
      now: Date.now(),
    }
    const line = stage.gateway.sockets.find(({ path }) => path === '/_holdfast/events')
    line?.socket.send(JSON.stringify({ type: 'deadlines', ...deadlines }))
    await warning(page).waitFor({ state: 'hidden' })
  })

  it('goes by the server’s clock, not by the person’s', async () => {
    const page = await openPage(5 * 60 * MINUTE)
    await pass(page, MINUTE)
    expect(await warning(page).count()).toBe(0)
    await pass(page, 27 * MINUTE)
    await untilWarned(page)
    expect(await said(page)).toMatch(/(2:00|1:5\d)/)
  })
})

describe('before the absolute deadline', () => {
  it('says that the session cannot be extended, once', async () => {
    Object.assign(stage.gateway.session, {
      idleAt: Date.now() + 20 * MINUTE,
      absoluteAt: Date.now() + 10 * MINUTE,
    })
    const page = await openPage()
    await pass(page, 8 * MINUTE)
    await untilWarned(page)
    expect(await said(page)).toContain('This session cannot be extended. Please save your work.')
    expect(await page.getByRole('button').allInnerTexts()).toEqual(['OK', 'Sign out'])
    await page.getByRole('button', { name: 'OK' }).click()
    await warning(page).waitFor({ state: 'hidden' })
    await pass(page, MINUTE)
    expect(await warning(page).count()).toBe(0)
    expect(stage.gateway.requests).not.toContain('POST session')
  })

  it('changes its words when staying has reached the end of the session', async () => {
    Object.assign(stage.gateway.session, {
      idleAt: Date.now() + 20 * MINUTE,
      absoluteAt: Date.now() + 20 * MINUTE + 500,
      idleFor: 20 * MINUTE,
    })
    const page = await openPage()
    await pass(page, 18 * MINUTE)
    await untilWarned(page)
    await pass(page, MINUTE)
    await page.getByRole('button', { name: 'Stay signed in' }).click()
    await page.getByRole('button', { name: 'OK' }).waitFor()
  })
})

describe('past the deadline', () => {
  beforeEach(() => {
    Object.assign(stage.gateway.session, { idleAt: Date.now() + 10 * MINUTE })
  })

  it('leaves the page when the gateway agrees', async () => {
    const page = await openPage()
    await pass(page, 9 * MINUTE)
    stage.gateway.session.live = false
    await pass(page, MINUTE)
    await page.waitForURL(LEFT)
  })

  it('hides the page while nobody can say, and shows it again when the session turns out to live', async () => {
    const page = await openPage()
    await pass(page, 9 * MINUTE)
    stage.gateway.down = true
    await pass(page, 2 * MINUTE)
    expect(await isHidden(page)).toBe(true)
    stage.gateway.down = false
    stage.gateway.session.idleAt = Date.now() + 10 * MINUTE
    await pass(page, 4000)
    await page.waitForFunction(`getComputedStyle(document.documentElement).display === 'block'`)
    expect(page.url()).not.toMatch(LEFT)
  })

  it('does not ask without end a gateway that lets an expired session live', async () => {
    const page = await openPage()
    await pass(page, 11 * MINUTE)
    await page.evaluate(
      'new Promise((done) => requestAnimationFrame(() => fetch("/_holdfast/live").then(done)))',
    )
    const asked = stage.gateway.requests.filter((request) => request === 'GET session').length
    await page.evaluate(
      `(async () => { for (let trip = 0; trip < 30; trip++) await fetch('/_holdfast/live') })()`,
    )
    const again = stage.gateway.requests.filter((request) => request === 'GET session').length
    expect(again - asked).toBeLessThanOrEqual(2)
    expect(page.url()).not.toMatch(LEFT)
  })
})

describe('a deadline months away', () => {
  it('is waited for in steps that fit a timer, which beyond 2^31 ms would fire at once and always', async () => {
    Object.assign(stage.gateway.session, { idleAt: Date.now() + 60 * 24 * 60 * MINUTE })
    const page = await stage.browser.context.newPage()
    await page.addInitScript(`{
      const native = setTimeout
      window.longest = 0
      window.setTimeout = (act, ms, ...rest) => { longest = Math.max(longest, ms); return native(act, ms, ...rest) }
    }`)
    await page.goto(stage.gateway.url('/app'))
    await stage.gateway.seen('UPGRADE events')
    const longest = await page.evaluate<number>('longest')
    expect(longest).toBeGreaterThan(MINUTE)
    expect(longest).toBeLessThan(2 ** 31)
    expect(stage.gateway.requests).not.toContain('GET session')
  })
})
