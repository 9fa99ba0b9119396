import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  cookieHeader,
  enter,
  openProfile,
  sessionCookie,
  settled,
  shown,
  shows,
  signInPath,
  signOut,
} from './browser.ts'
import { type Running, removeFolder, runGateway } from './gateway.ts'

let gateway: Running
let profile: string
let context: BrowserContext

beforeAll(async () => {
  gateway = await runGateway()
})
afterAll(async () => {
  await gateway?.stop()
  if (gateway !== undefined) await removeFolder(gateway.folder)
})
beforeEach(async () => {
  profile = await mkdtemp(join(gateway.folder, 'profile-'))
  context = await openProfile(profile)
})
afterEach(() => context.close())

const day = 86_400_000

async function newPage(): Promise<Page> {
  return context.newPage()
}

/** Closes the whole browser and opens it again, as people do in the evening and in the morning. */
async function reopenBrowser(): Promise<void> {
  await context.close()
  context = await openProfile(profile)
}

/** The status of the app's document for whoever holds this cookie, as a script would ask for it. */
async function status(cookie: string): Promise<number> {
  const answer = await fetch(gateway.url, { headers: { cookie }, redirect: 'manual' })
  return answer.status
}

describe('"stay signed in" ticked', () => {
  it('outlives the browser', async () => {
    await enter(await newPage(), gateway.url, 'anna', { remember: true })
    await reopenBrowser()
    const page = await newPage()
    await page.goto(gateway.url)
    await settled(page)
    expect(await shown(page, 'user')).toBe('anna')
  })

  it('keeps its cookie for 30 days', async () => {
    await enter(await newPage(), gateway.url, 'anna', { remember: true })
    const { expires = 0 } = (await sessionCookie(context, gateway.url)) ?? {}
    const left = expires * 1000 - Date.now()
    expect(left).toBeGreaterThan(30 * day - 60_000)
    expect(left).toBeLessThanOrEqual(30 * day + 1_000)
  })

  it('B18: ends at sign-out, also for the browser of tomorrow', async () => {
    const page = await newPage()
    await enter(page, gateway.url, 'anna', { remember: true })
    await signOut(page)
    await reopenBrowser()
    const later = await newPage()
    await later.goto(gateway.url)
    expect(later.url()).toMatch(signInPath)
  })
})

describe('"stay signed in" not ticked', () => {
  it('B18: ends with the browser', async () => {
    await enter(await newPage(), gateway.url)
    expect((await sessionCookie(context, gateway.url))?.expires).toBe(-1)
    await reopenBrowser()
    const page = await newPage()
    await page.goto(gateway.url)
    expect(page.url()).toMatch(signInPath)
    expect(await sessionCookie(context, gateway.url)).toBeNull()
  })
})

describe('a restart', () => {
  it('by SIGKILL keeps people signed in, and in the very same live Streamlit session', async () => {
    const page = await newPage()
    await enter(page, gateway.url, 'anna', { remember: true })
    await page.getByRole('button', { name: 'Count' }).click()
    await shows(page, 'count', '1')
    const session = await shown(page, 'session')
    await gateway.kill()
    gateway = await gateway.again()
    expect(gateway.output()).toContain('app_taken_over')
    await page.reload()
    await settled(page)
    expect(await shown(page, 'session')).toBe(session)
    expect(await shown(page, 'count')).toBe('1')
    await page.getByRole('button', { name: 'Count' }).click()
    await shows(page, 'count', '2')
  })

  it('as by a deploy keeps people signed in, remembered or not', async () => {
    const page = await newPage()
    await enter(page, gateway.url)
    expect(await gateway.stop()).toBe(0)
    gateway = await gateway.again()
    await page.reload()
    await settled(page)
    expect(await shown(page, 'user')).toBe('anna')
  })
})

// Last: from here on the server's clock is another.
describe('the date', () => {
  it('B18: ends a remembered session on the server, though the client keeps the cookie', async () => {
    const page = await newPage()
    await enter(page, gateway.url, 'anna', { remember: true })
    const cookie = await cookieHeader(context, gateway.url)
    await page.close()
    const clock = { NODE_OPTIONS: `--import=${new URL('clock-ahead.ts', import.meta.url).href}` }

    await gateway.stop()
    gateway = await gateway.again({ ...clock, HOLDFAST_TEST_DAYS_AHEAD: '13' })
    expect(await status(cookie)).toBe(200)
    await gateway.stop()
    gateway = await gateway.again({ ...clock, HOLDFAST_TEST_DAYS_AHEAD: '26' })
    expect(await status(cookie)).toBe(200)

    await gateway.stop()
    gateway = await gateway.again({ ...clock, HOLDFAST_TEST_DAYS_AHEAD: '30.01' })
    expect(await status(cookie)).toBe(401)
    const later = await newPage()
    expect(await sessionCookie(context, gateway.url)).not.toBeNull()
    await later.goto(gateway.url)
    expect(later.url()).toMatch(signInPath)
    expect(await sessionCookie(context, gateway.url)).toBeNull()
  }, 120_000)
})
