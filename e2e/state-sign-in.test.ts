/** What was done before signing in comes along; what somebody did never reaches who signs in after them. */
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { it } from 'vitest'
import { signIn, signInPath } from './browser.ts'
import { setStage } from './stage.ts'

const app = fileURLToPath(new URL('../examples/streamlit/keep.py', import.meta.url))
const stage = setStage(() => ({ app, options: ['--access', 'anyone'] }))

async function at(page: Page, path: string, text: string | RegExp): Promise<void> {
  await page.goto(`${stage.gateway.url}/${path}`)
  await says(page, text)
}

async function says(page: Page, text: string | RegExp): Promise<void> {
  await page.getByText(text).first().waitFor()
  await page.locator('[data-test-script-state="notRunning"]').waitFor()
}

async function press(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name }).click()
}

async function become(page: Page, name: string): Promise<void> {
  await page.goto(`${stage.gateway.url}/_holdfast/sign-in`)
  await signIn(page, name)
  await page.waitForURL((url) => !signInPath.test(url.href))
}

async function leave(page: Page): Promise<void> {
  await page.goto(`${stage.gateway.url}/_holdfast/sign-out`)
  await press(page, 'Sign out')
  // Its page says so before it leads anywhere.
  await page.waitForLoadState('networkidle')
}

it('comes along from before signing in, and is gone for the next person and the next visit', async () => {
  const { page } = stage
  await at(page, 'an_object', '0 samples')
  await press(page, 'Take a sample')
  await says(page, '1 samples, 1 plants')
  await at(page, '', 'Dives logged: 0')
  await page.getByLabel('What did you see?').fill('a wolffish')
  await press(page, 'Log the dive')
  await says(page, /North cove.*a wolffish/)

  await become(page, 'anna')
  await at(page, 'an_object', '1 samples, 1 plants')
  await at(page, '', /North cove.*a wolffish/)
  await press(page, 'Log the dive')
  await says(page, 'Dives logged: 2')

  await leave(page)
  await at(page, 'an_object', '0 samples')
  await at(page, '', 'Dives logged: 0')
  await become(page, 'ben')
  await at(page, 'an_object', '0 samples')
  await at(page, '', 'Dives logged: 0')
  await leave(page)
  await become(page, 'anna')
  await at(page, 'an_object', '0 samples')
  await at(page, '', 'Dives logged: 0')
})

it('signing out ends what the browser and the tab held, and leaves what is the person’s', async () => {
  const { page } = stage
  await become(page, 'ben')
  await at(page, 'mapping', 'in all its tabs: empty')
  await page.getByLabel('Seaweed').fill('dulse')
  await page.getByLabel('Seaweed').press('Enter')
  await says(page, 'Runs of this tab: 2')
  await press(page, 'Put into the basket')
  await says(page, 'in all its tabs: dulse')
  await page.getByLabel('Favourite beach').fill('Silver Sands')
  await page.getByLabel('Favourite beach').press('Enter')
  await says(page, 'on every device: Silver Sands')
  await leave(page)
  await become(page, 'anna')
  await at(page, 'mapping', 'on every device: none yet')
  await leave(page)
  await become(page, 'ben')
  await at(page, 'mapping', 'in all its tabs: empty')
  await says(page, 'on every device: Silver Sands')
})
