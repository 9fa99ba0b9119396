import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { urlSessionParameter } from '../../src/core/protocol.ts'
import { type Browser, openBrowser } from './browser.ts'
import { type ContractGateway, openContractGateway } from './contract-gateway.ts'

let browser: Browser
let gateway: ContractGateway
let page: Page

beforeAll(async () => {
  browser = await openBrowser()
  gateway = await openContractGateway()
})
afterAll(async () => {
  await browser.clear()
  await gateway.close()
  await browser.close()
})

const withToken = `/streamlit?${urlSessionParameter}=token&x=1`

/** Where the address leads after a script of the page has changed it. */
async function after(path: string, script: string): Promise<string> {
  page = await browser.open(gateway.url(path))
  await page.evaluate(script)
  const { pathname, search, hash } = new URL(page.url())
  return pathname + search + hash
}

it.each([
  ['pushState', `history.pushState({}, '', '/notes?y=2#z')`, `/notes?y=2&${urlSessionParameter}=token#z`],
  ['replaceState', `history.replaceState(null, '', '?y=2')`, `/streamlit?y=2&${urlSessionParameter}=token`],
  ['a URL', `history.pushState({}, '', new URL('/b', location))`, `/b?${urlSessionParameter}=token`],
  ['no address', `history.pushState({}, '')`, withToken],
  [
    'a token of its own',
    `history.pushState({}, '', '/b?${urlSessionParameter}=other')`,
    `/b?${urlSessionParameter}=other`,
  ],
])('the token of a URL session stays in the address: %s', async (_, script, leads) => {
  expect(await after(withToken, script)).toBe(leads)
})

it('nothing is added to an address that had none, and what a browser refuses it still refuses', async () => {
  expect(await after('/streamlit?x=1', `history.pushState({}, '', '/notes?y=2')`)).toBe('/notes?y=2')
  const refused = `try { history.pushState({}, '', 'https://elsewhere.example/') } catch (error) { window.refused = error.name }`
  expect(await after(withToken, refused)).toBe(withToken)
  expect(await page.evaluate('refused')).toBe('SecurityError')
})
