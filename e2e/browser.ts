/** Real Chromium, and what a person does with it. */
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { expect } from 'vitest'
import { password } from './gateway.ts'

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
const executablePath = process.env.HOLDFAST_TEST_CHROMIUM ?? '/usr/bin/chromium'

export function openBrowser(more: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath, args: [...flags, ...more] })
}

/** A browser whose profile outlives it, as people's do. */
export function openProfile(folder: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(folder, { executablePath, args: [...flags] })
}

/** Fills the sign-in form the page shows. */
export async function signIn(
  page: Page,
  name: string = 'anna',
  options: { remember?: boolean } = {},
): Promise<void> {
  await page.getByLabel('Username').fill(name)
  await page.getByLabel('Password').fill(password)
  if (options.remember === true) await page.getByRole('checkbox').check()
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

/** Goes to the app, signs in, and waits until its first run has ended. */
export async function enter(
  page: Page,
  url: string,
  name: string = 'anna',
  options: { remember?: boolean } = {},
): Promise<void> {
  await page.goto(url)
  await signIn(page, name, options)
  await settled(page)
}

/** Waits until the app's script has run to its end and the page shows it. */
export async function settled(page: Page): Promise<void> {
  try {
    await page.getByText('end-of-run').waitFor()
    await page.locator('[data-test-script-state="notRunning"]').waitFor()
  } catch (error) {
    throw new Error(`The app has not come to rest. ${await pictureOf(page)}`, { cause: error })
  }
}

/** Where a page is, what it shows, and what it could not load: for the report of a failure. */
async function pictureOf(page: Page): Promise<string> {
  const seen = page.evaluate(`({
    shows: document.body.innerText.slice(0, 500),
    state: document.readyState,
    hidden: document.documentElement.style.display,
    failed: performance
      .getEntriesByType('resource')
      .filter(({ responseStatus }) => responseStatus === 0 || responseStatus >= 400)
      .map(({ name }) => name),
  })`)
  const late = new Promise((resolve) => setTimeout(resolve, 5_000, 'it does not answer'))
  return `${page.url()}: ${JSON.stringify(await Promise.race([seen, late]).catch(String))}`
}

/** Where nobody is signed in, a person ends up here. */
export const signInPath: RegExp = /\/_holdfast\/sign-in/

/** The Cookie header this browser would send. */
export async function cookieHeader(context: BrowserContext, url: string): Promise<string> {
  const cookies = await context.cookies(url)
  return cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
}

/** The cookie that names the session; `null` if the browser holds none. */
export async function sessionCookie(
  context: BrowserContext,
  url: string,
): Promise<Awaited<ReturnType<BrowserContext['cookies']>>[number] | null> {
  const cookies = await context.cookies(url)
  return cookies.find(({ name }) => /^(__Host-Http-)?holdfast/.test(name) && !name.includes('-form')) ?? null
}

/** Presses the app's own button and waits for the sign-in page. */
export async function signOut(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Sign out' }).click()
  // Two lead there, Streamlit's answer to the button and the news that the session is over: the later one cuts the other
  // off, which `waitForURL` would take for a failure.
  await expect.poll(() => page.url(), { timeout: 30_000 }).toMatch(signInPath)
  await page.getByLabel('Username').waitFor()
}

/** What the probe shows as `name=value;`. */
export async function shown(page: Page, name: string): Promise<string> {
  // biome-ignore lint/performance/useDomNodeTextContent: only rendered text has the spaces between the probe's lines.
  const text = await page.locator('[data-testid="stMain"]').innerText()
  return new RegExp(`(?:^|\\s)${name}=([^;]*);`).exec(text)?.[1] ?? ''
}

/** Waits until the probe shows this value. */
export async function shows(page: Page, name: string, value: string): Promise<void> {
  await page.getByText(`${name}=${value};`).first().waitFor()
}

/** Waits until the input with this label shows a value: Streamlit's frontend draws it empty, and fills it a moment later. */
export async function holds(page: Page, label: string, value: string): Promise<void> {
  const input = page.getByLabel(label, { exact: true })
  await expect.poll(() => input.inputValue(), { timeout: 5_000 }).toBe(value)
}
