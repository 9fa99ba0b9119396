/** What the tests of the browser's script stand on: one Chromium for the file, and a gateway that keeps the contract for each test. */
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { type Browser, openBrowser } from './browser.ts'
import { type ContractGateway, openContractGateway } from './contract-gateway.ts'

export interface ClientStage {
  browser: Browser
  gateway: ContractGateway
}

/** To be called once, at the top of a file; what it gives is there once a test begins. */
export function setClientStage(): ClientStage {
  const stage = {} as ClientStage
  beforeAll(async () => {
    stage.browser = await openBrowser()
  })
  afterAll(() => stage.browser.close())
  beforeEach(async () => {
    stage.gateway = await openContractGateway()
  })
  afterEach(async () => {
    await stage.browser.clear()
    await stage.gateway.close()
  })
  return stage
}

/** The way out, with its way back. */
export const LEFT: RegExp = /\/_holdfast\/sign-in\?return_to=/

export const left = (page: Page): Promise<void> => page.waitForURL(LEFT, { timeout: 5000 })

export const isHidden = (page: Page): Promise<boolean> =>
  page.evaluate(`getComputedStyle(document.documentElement).display === 'none'`)
