/** What fails once and is tried again. Pauses are passed by a clock that is moved, in every page of the browser. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { isHidden, LEFT, left, setClientStage } from './client-stage.ts'

const stage = setClientStage()

/** A page whose pauses the test passes. */
async function openHurried(): Promise<Page> {
  const page = await stage.browser.context.newPage()
  await page.clock.install()
  await page.goto(stage.gateway.url('/app'))
  await stage.gateway.seen('UPGRADE events')
  return page
}

const asked = (request: string): number => stage.gateway.requests.filter((past) => past === request).length

/** Passes pause after pause until this has been asked so often. */
async function hurry(page: Page, request: string, times: number): Promise<void> {
  while (asked(request) < times) {
    await page.clock.runFor(15_000)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

describe('an outage', () => {
  it('signs nobody out: the page stays, keeps asking, and is back on line by itself', async () => {
    const page = await openHurried()
    stage.gateway.down = true
    for (const { socket } of stage.gateway.sockets) socket.terminate()
    await hurry(page, 'GET session', 4)
    expect(await isHidden(page)).toBe(false)
    expect(page.url()).not.toMatch(LEFT)
    const lines = asked('UPGRADE events')
    stage.gateway.down = false
    await hurry(page, 'UPGRADE events', lines + 1)
    expect(await page.evaluate('window.faults')).toBeUndefined()
    // And what happened meanwhile is not lost.
    stage.gateway.signOut()
    await left(page)
  })

  it('ends in leaving when the session ended meanwhile', async () => {
    const page = await openHurried()
    stage.gateway.down = true
    for (const { socket } of stage.gateway.sockets) socket.terminate()
    await hurry(page, 'GET session', 2)
    stage.gateway.session.live = false
    stage.gateway.down = false
    await hurry(page, 'GET sign-in', 1)
    await left(page)
  })
})

describe('after a sign-out', () => {
  it('goes again where the way to sign-in came to nothing, after a while and then after longer', async () => {
    const page = await openHurried()
    let ways = 0
    // As a connection that breaks, or a press of Esc, leave it: where it was.
    await page.route(/sign-in/, (route) => (++ways < 3 ? route.fulfill({ status: 204 }) : route.continue()))
    stage.gateway.signOut()
    await expect.poll(() => ways).toBe(1)
    await page.clock.runFor(7_900)
    expect([ways, await isHidden(page)]).toEqual([1, true])
    await page.clock.runFor(200)
    await expect.poll(() => ways).toBe(2)
    await page.clock.runFor(15_000)
    expect(ways).toBe(2)
    await page.clock.runFor(1_100)
    await left(page)
  })
})
