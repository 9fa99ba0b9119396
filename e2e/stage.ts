/** What most tests need: one gateway and one browser for the file, and a new page, without cookies, for each test. */
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { openBrowser } from './browser.ts'
import { type Running, type RunOptions, removeFolder, runGateway } from './gateway.ts'

/** Set up before each test; nothing of it is there before the first. */
export interface Stage {
  /** A test that starts it again puts the new one here. */
  gateway: Running
  readonly browser: Browser
  readonly context: BrowserContext
  readonly page: Page
}

/** Sets the stage for the tests of this file; `prepare` may make the gateway's folder first. */
export function setStage(
  prepare: () => RunOptions | Promise<RunOptions> = () => ({}),
  window: BrowserContextOptions = {},
): Stage {
  const stage: { -readonly [Part in keyof Stage]?: Stage[Part] } = {}

  beforeAll(async () => {
    stage.gateway = await runGateway(await prepare())
    stage.browser = await openBrowser()
  })
  afterAll(async () => {
    const { gateway, browser } = stage
    await browser?.close()
    await gateway?.stop()
    if (gateway !== undefined) await removeFolder(gateway.folder)
  })
  beforeEach(async () => {
    const context = await stage.browser?.newContext(window)
    if (context !== undefined) Object.assign(stage, { context, page: await context.newPage() })
  })
  afterEach(() => stage.context?.close())

  return stage as Stage
}
