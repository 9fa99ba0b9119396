import type { BrowserContext, Page } from 'playwright-core'
import { afterEach, describe, expect, it } from 'vitest'
import { enter, sessionCookie, settled, shown, signIn, signInPath } from './browser.ts'
import { setStage } from './stage.ts'

/** One session an account, so that a second browser is one too many. */
const options = (whenMore: string): { env: NodeJS.ProcessEnv } => ({
  env: { HOLDFAST_SESSION_MOST: '1', HOLDFAST_SESSION_WHEN_MORE: whenMore },
})

/** A second browser on the same stage. */
function secondBrowser(stage: ReturnType<typeof setStage>): () => Promise<Page> {
  let context: BrowserContext | undefined
  afterEach(() => context?.close())
  return async () => {
    context = await stage.browser.newContext()
    return context.newPage()
  }
}

describe('one session an account: replace-oldest', () => {
  const stage = setStage(() => options('replace-oldest'))
  const open = secondBrowser(stage)

  it('signs the first browser out at once, tells it why, and lets it come back', async () => {
    await enter(stage.page, stage.gateway.url)
    const second = await open()
    await enter(second, stage.gateway.url)
    await stage.page.waitForURL(signInPath)
    await stage.page.getByText('your account was signed in somewhere else').waitFor()
    expect(await sessionCookie(stage.context, stage.gateway.url)).toBeNull()
    await signIn(stage.page)
    await settled(stage.page)
    expect(await shown(stage.page, 'user')).toBe('anna')
    await second.waitForURL(signInPath)
  })
})

describe('one session an account: ask-to-take-over', () => {
  const stage = setStage(() => options('ask-to-take-over'))
  const open = secondBrowser(stage)

  it('B25: asks the second browser which session shall end, and goes on there', async () => {
    await enter(stage.page, stage.gateway.url)
    const second = await open()
    await second.goto(stage.gateway.url)
    await signIn(second)
    await second.getByRole('heading', { name: 'You are signed in elsewhere' }).waitFor()
    expect(await shown(stage.page, 'user')).toBe('anna')
    await second.getByRole('button', { name: /^Sign out Chrom/ }).click()
    await settled(second)
    expect(await shown(second, 'user')).toBe('anna')
    await stage.page.waitForURL(signInPath)
  })

  it('changes nothing where the person thinks better of it', async () => {
    await enter(stage.page, stage.gateway.url, 'ben')
    const second = await open()
    await second.goto(stage.gateway.url)
    await signIn(second, 'ben')
    await second.getByRole('link', { name: 'Do not sign in here' }).click()
    await second.waitForURL(signInPath)
    await stage.page.reload()
    await settled(stage.page)
    expect(await shown(stage.page, 'user')).toBe('ben')
  })

  // Last: from here on the server's clock is another.
  it('B25: asks nobody once the other browser was closed and its idle time is over', async () => {
    await stage.gateway.stop()
    const clock = { NODE_OPTIONS: `--import=${new URL('clock-ahead.ts', import.meta.url).href}` }
    stage.gateway = await stage.gateway.again({ ...clock, HOLDFAST_TEST_DAYS_AHEAD: '0.55' })
    // Both have a session from before, in browsers that are closed by now.
    for (const name of ['anna', 'ben']) {
      await enter(await open(), stage.gateway.url, name)
    }
  })
})

describe('one session an account: refuse', () => {
  const stage = setStage(() => options('refuse'))
  const open = secondBrowser(stage)

  it('says that there is no room, and when; signing out in the other browser makes room', async () => {
    await enter(stage.page, stage.gateway.url)
    const second = await open()
    await second.goto(stage.gateway.url)
    await signIn(second)
    await second.getByText('Your account is in use in another browser already').waitFor()
    await stage.page.getByRole('button', { name: 'Sign out' }).click()
    await stage.page.waitForURL(signInPath)
    await signIn(second)
    await settled(second)
    expect(await shown(second, 'user')).toBe('anna')
  })

  it('closing a tab locks nobody out: the same browser opens another one and is in', async () => {
    await enter(stage.page, stage.gateway.url, 'ben')
    await stage.page.close()
    const again = await stage.context.newPage()
    await again.goto(stage.gateway.url)
    await settled(again)
    await again.goto(`${stage.gateway.url}/_holdfast/sign-in`)
    await settled(again)
    expect(await shown(again, 'user')).toBe('ben')
  })
})
