import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { type Browser, openBrowser } from './browser.ts'
import { type ContractGateway, openContractGateway } from './contract-gateway.ts'

let browser: Browser
let gateway: ContractGateway

beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser.close())
beforeEach(async () => {
  gateway = await openContractGateway()
})
afterEach(async () => {
  await browser.clear()
  await gateway.close()
})

it('a page of nobody opens its socket at once where too many have come, and asks again when it is loaded again', async () => {
  gateway.config = { signedIn: false, begin: true }
  gateway.crowded = true
  const opened = gateway.connected('/stream')
  const page = await browser.open(gateway.url('/app'))
  expect(await opened).toMatch(/^[\w-]{22}$/)
  expect(await page.evaluate('tab')).toBe(await opened)
  await page.evaluate(`told(new WebSocket('ws://' + location.host + '/stream'))`)
  expect(gateway.requests).toEqual(['POST begin', 'begun'])
  expect(await page.evaluate('window.faults')).toBeUndefined()
  gateway.crowded = false
  await page.reload()
  expect(await page.evaluate('tab')).toBe(await opened)
  expect(gateway.requests).toEqual(['POST begin', 'begun', 'POST begin', 'begun'])
})
