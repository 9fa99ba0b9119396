/** A token in the address: it stays there through every change of page, finds the work after F5, and is nobody's key. */
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { signIn } from './browser.ts'
import { setStage } from './stage.ts'

const app = fileURLToPath(new URL('../python/tests/apps/url_pages/app.py', import.meta.url))
// Anyone may come: the token in the address is all there is.
const stage = setStage(() => ({ app, options: ['--access', 'anyone'] }))

function token(page: Page): string | null {
  return new URL(page.url()).searchParams.get('holdfast_sid')
}

async function settled(page: Page): Promise<void> {
  await page.locator('[data-test-script-state="notRunning"]').waitFor()
}

async function enter(page: Page, address: string = stage.gateway.url): Promise<void> {
  await page.goto(address)
  await page.getByText('own=').waitFor()
  await settled(page)
  await expect.poll(() => token(page)).not.toBeNull()
}

async function set(page: Page, line: string): Promise<void> {
  await page.getByLabel('line').fill(line)
  await page.getByLabel('line').press('Enter')
}

it('FluxLit’s quick pattern, with another import line: stays through the sidebar, page links, switch_page, and back, and finds everything after F5', async () => {
  const { page } = stage
  await enter(page)
  const given = token(page)
  await page.getByLabel('keyed').fill('Ann')
  await page.getByLabel('keyed').press('Enter')
  await page.getByText("'keyed': 'Ann'").waitFor()
  await set(page, 'st.session_state.n = 5')
  await page.getByText("'n': 5").waitFor()

  await page.getByRole('link', { name: 'To the other page' }).click()
  await page.getByText('other=5').waitFor()
  await expect.poll(() => token(page)).toBe(given)
  await page.reload()
  await page.getByText('other=5').waitFor()
  expect(token(page)).toBe(given)

  await page.getByTestId('stSidebarNav').getByRole('link', { name: 'notes' }).click()
  await page.getByText('own=').waitFor()
  await expect.poll(() => token(page)).toBe(given)

  await page.getByRole('button', { name: 'switch' }).click()
  await page.getByText('other=5').waitFor()
  await expect.poll(() => token(page)).toBe(given)

  await page.goBack()
  await page.getByText('own=').waitFor()
  await expect.poll(() => token(page)).toBe(given)
})

it('a link opens the work in another browser, and an invented one opens nothing', async () => {
  const { page, browser } = stage
  await enter(page)
  await set(page, 'st.session_state.n = 7')
  await page.getByText("'n': 7").waitFor()
  await settled(page)
  const link = page.url()

  const elsewhere = await browser.newContext()
  const other = await elsewhere.newPage()
  await enter(other, link)
  await other.getByText("'n': 7").waitFor()
  expect(token(other)).toBe(token(page))

  const invented = `${stage.gateway.url}/?holdfast_sid=invented-by-an-attacker`
  // A tab of its own: the one above has its work from its live session, whatever the address says.
  const stranger = await (await browser.newContext()).newPage()
  await enter(stranger, invented)
  await expect.poll(() => token(stranger)).not.toBe('invented-by-an-attacker')
  expect(await stranger.getByText("'n': 7").count()).toBe(0)
  expect(stage.gateway.output()).not.toContain(token(page) ?? 'none')
  await stranger.context().close()
  await elsewhere.close()
})

it('stays when a script of the page changes the address by pushState, through the next run and F5', async () => {
  const { page } = stage
  await enter(page)
  const given = token(page)
  await set(page, 'st.session_state.n = 9')
  await page.getByText("'n': 9").waitFor()
  await settled(page)
  await page.evaluate('history.pushState({}, "", "/?tab=2")')
  expect([token(page), new URL(page.url()).searchParams.get('tab')]).toEqual([given, '2'])
  await set(page, 'st.session_state.n = 10')
  await page.getByText("'n': 10").waitFor()
  await expect.poll(() => token(page)).toBe(given)
  await page.evaluate('history.pushState({}, "", "/?tab=3")')
  await page.reload()
  await page.getByText("'n': 10").waitFor()
  await expect.poll(() => token(page)).toBe(given)
})

it('signs nobody in: who comes with a link is nobody, in the app and to the gateway, with or without a cookie', async () => {
  const { page, browser } = stage
  await page.goto(`${stage.gateway.url}/_holdfast/sign-in`)
  await signIn(page)
  await enter(page)
  await set(page, 'st.session_state.n = 11')
  await page.getByText("'n': 11").waitFor()
  await settled(page)
  const stranger = await (await browser.newContext()).newPage()
  await enter(stranger, page.url())
  await expect.poll(() => token(stranger)).not.toBe(token(page))
  expect(await stranger.getByText("'n': 11").count()).toBe(0)
  expect((await stranger.request.get(`${stage.gateway.url}/_holdfast/session`)).status()).toBe(401)
  const withToken = await stranger.request.get(
    `${stage.gateway.url}/_holdfast/session?holdfast_sid=${token(page)}`,
  )
  expect(withToken.status()).toBe(401)
  await stranger.context().close()
})
