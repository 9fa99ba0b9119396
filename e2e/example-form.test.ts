/** The example of a sign-in form of one's own, as its readers run it. */
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { sessionCookie, signInPath } from './browser.ts'
import { password } from './gateway.ts'
import { setStage } from './stage.ts'

const app = fileURLToPath(new URL('../examples/streamlit/own_form.py', import.meta.url))
const stage = setStage(() => ({ app, options: ['--access', 'anyone'] }))

it('signs in, keeps what was typed before, stays signed in when the browser is closed, and signs out', async () => {
  const { page, context, gateway } = stage
  await page.goto(gateway.url)
  await page.getByLabel('Harbour').fill('Concarneau')
  await page.getByLabel('Harbour').press('Enter')
  await page.getByText('High water at Concarneau').first().waitFor()
  await page.getByLabel('Name').fill('anna')
  await page.getByLabel('Password', { exact: true }).fill('not this one')
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByText('Name or password is wrong.').waitFor()
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByText('Stay signed in').click()
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByText('Welcome, Anna Berg.').waitFor()
  await page.getByLabel('Name').waitFor({ state: 'detached' })
  await page.getByText('High water at Concarneau').first().waitFor()
  const cookie = await sessionCookie(context, gateway.url)
  expect(cookie?.value).toMatch(/^v1\./)
  expect(cookie?.expires).toBeGreaterThan(Date.now() / 1000)

  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.waitForURL(signInPath)
  await page.goto(gateway.url)
  await page.getByLabel('Name').waitFor()
})
