/** What people were working on, after F5, after `kill -9`, after a restart of everything. */
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { it } from 'vitest'
import { holds, signIn, signInPath } from './browser.ts'
import { setStage } from './stage.ts'

const app = fileURLToPath(new URL('../examples/streamlit/keep.py', import.meta.url))
const stage = setStage(() => ({ app }))

/** Goes to one of the five pages, and signs in on the way if need be. */
async function open(page: Page, title: string, name: string = 'anna'): Promise<void> {
  const path = { 'By itself': '', 'A mapping': 'mapping' }[title] ?? title.toLowerCase().replaceAll(' ', '_')
  await page.goto(`${stage.gateway.url}/${path}`)
  if (signInPath.test(page.url())) await signIn(page, name)
  await at(page, title)
}

async function at(page: Page, title: string): Promise<void> {
  await page.getByRole('heading', { name: title }).waitFor()
  await page.locator('[data-test-script-state="notRunning"]').waitFor()
}

/** Waits until the page says so; its script has then come to its end, and what it changed is stored. */
async function says(page: Page, text: string | RegExp): Promise<void> {
  await page.getByText(text).first().waitFor()
  await page.locator('[data-test-script-state="notRunning"]').waitFor()
}

async function type(page: Page, label: string, text: string): Promise<void> {
  await page.getByLabel(label, { exact: true }).fill(text)
  await page.getByLabel(label, { exact: true }).press('Enter')
}

async function press(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name }).click()
}

async function restart(kind: 'kill' | 'stop'): Promise<void> {
  await stage.gateway[kind]()
  stage.gateway = await stage.gateway.again()
}

it.each(['stop', 'kill'] as const)(
  'an app without a line of ours has its widgets and its state after a %s of everything',
  async (kind) => {
    const { page } = stage
    await open(page, 'By itself')
    await page.getByRole('slider').press('ArrowRight')
    await says(page, '10.5')
    await page.getByLabel('What did you see?').fill('a wolffish')
    await press(page, 'Log the dive')
    await says(page, 'North cove, 01 June 2026, 10.5 m: a wolffish')
    await restart(kind)
    await page.reload()
    await says(page, 'North cove, 01 June 2026, 10.5 m: a wolffish')
    await page.getByTestId('stSlider').getByText('10.50').waitFor()
    await press(page, 'Log the dive')
    await says(page, 'Dives logged: 2')
    await page.getByTestId('stSlider').getByText('10.50').waitFor()
  },
)

it('B12: what is pushed into lists and changed inside objects is there after F5, after a restart and in a new tab', async () => {
  const { page, context } = stage
  await open(page, 'An object')
  await press(page, 'Take a sample')
  await says(page, '1 samples, 1 plants, calm sea')
  await press(page, 'One more plant')
  await says(page, '1 samples, 2 plants, calm sea')
  await press(page, 'The weather turns')
  await says(page, '1 samples, 2 plants, rough sea')
  await page.reload()
  await says(page, '1 samples, 2 plants, rough sea')
  await restart('kill')
  const tab = await context.newPage()
  await open(tab, 'An object')
  await says(tab, 'Sugar kelp: 2')
  await press(tab, 'One more plant')
  await says(tab, '1 samples, 3 plants, rough sea')
})

it('the basket is the browser’s, the beach the person’s, and signing out leaves the beach', async () => {
  const { page, context, browser } = stage
  await open(page, 'A mapping', 'ben')
  await type(page, 'Seaweed', 'dulse')
  await press(page, 'Put into the basket')
  await says(page, 'in all its tabs: dulse')
  await type(page, 'Favourite beach', 'Silver Sands')
  await says(page, 'on every device: Silver Sands')
  const tab = await context.newPage()
  await open(tab, 'A mapping')
  await says(tab, 'in all its tabs: dulse')
  await says(tab, 'Runs of this tab: 1')
  const elsewhere = await browser.newContext()
  const phone = await elsewhere.newPage()
  await open(phone, 'A mapping', 'ben')
  await says(phone, 'in all its tabs: empty')
  await says(phone, 'on every device: Silver Sands')
  await phone.goto(`${stage.gateway.url}/_holdfast/sign-out`)
  await phone.getByRole('button', { name: 'Sign out' }).click()
  await open(phone, 'A mapping', 'anna')
  await says(phone, 'on every device: none yet')
  await elsewhere.close()
})

it('hydrate and persist carry st.session_state to the next tab, whatever its keys are', async () => {
  const { page, context } = stage
  await open(page, 'Session state')
  await type(page, 'Answer 2', 'in June')
  await says(page, 'Answers so far: 1')
  const tab = await context.newPage()
  await open(tab, 'Session state')
  await says(tab, 'Answers so far: 1')
  await holds(tab, 'Answer 2', 'in June')
})

it('what the address leads to is there after a restart, in another browser of that person’s, and is nobody else’s', async () => {
  const { page, browser } = stage
  await open(page, 'In the address')
  await type(page, 'How many plants are in the cove?', '12')
  await press(page, 'Guess')
  await says(page, 'Guesses so far: 12')
  const link = page.url()
  await restart('kill')
  for (const [name, found] of [
    ['anna', 'Guesses so far: 12'],
    ['ben', 'Guesses so far: none'],
  ] as const) {
    const elsewhere = await browser.newContext()
    const other = await elsewhere.newPage()
    await other.goto(link)
    await signIn(other, name)
    await says(other, found)
    await elsewhere.close()
  }
  await page.reload()
  await says(page, 'Guesses so far: 12')
})
