/**
 * How long F5 takes until the work is there again: in the session that lives, and from the store after the server was
 * started anew; beside bare Streamlit, which shows an empty page.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
// biome-ignore lint/correctness/noUndeclaredDependencies: the browser that the tests use, from the folder above.
import { type Browser, chromium, type Page } from 'playwright-core'
import { newFolder, password, pythonBin, type Running, removeFolder, runGateway } from '../e2e/gateway.ts'
import { bareStreamlit, pageOf, shown } from './f5.ts'
import { median, table } from './report.ts'

const app = fileURLToPath(new URL('contenders/kept_f5_app.py', import.meta.url))
const executablePath = process.env.HOLDFAST_TEST_CHROMIUM ?? '/usr/bin/chromium'

interface Contender {
  readonly name: string
  readonly page: Page
  /** What the page says when the work is there; for bare Streamlit, that it is lost. */
  readonly says: string
  readonly live: number[]
  readonly anew: number[]
}

/** In turns, so that the machine's moods hit all. */
export async function benchStateF5(rounds: number, restarts: number): Promise<string> {
  if (!existsSync(executablePath) || !existsSync(join(pythonBin, 'streamlit')))
    return 'Not measured: Chromium or Streamlit is missing here.'
  const folder = await newFolder()
  let gateway = await runGateway({ app, folder })
  let bare = await bareStreamlit(app)
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
  try {
    const contenders = [
      await contender(browser, gateway, 'a small state', 0),
      await contender(browser, gateway, 'a state of 2 MB', 4),
      await bareContender(browser, bare.url),
    ]
    for (let round = -2; round < rounds; round++) {
      for (const one of turned(contenders, round)) {
        const took = await f5(one)
        if (round >= 0) one.live.push(took)
      }
    }
    for (let round = 0; round < restarts; round++) {
      await gateway.stop()
      gateway = await gateway.again()
      bare.child.kill('SIGKILL')
      bare = await bareStreamlit(app, Number(new URL(bare.url).port))
      await warmUp(browser, [gateway.url, bare.url])
      for (const one of turned(contenders, round)) one.anew.push(await f5(one))
    }
    return summary(contenders)
  } finally {
    await browser.close()
    await gateway.stop()
    bare.child.kill('SIGKILL')
    await removeFolder(folder)
  }
}

function turned<One>(all: readonly One[], round: number): readonly One[] {
  return round % 2 === 0 ? all : all.toReversed()
}

async function f5({ page, says }: Contender): Promise<number> {
  await page.bringToFront()
  await page.reload({ waitUntil: 'commit' })
  const took = await shown(page)
  // A page that lost something was fast for the wrong reason.
  await page.getByText(says).waitFor({ timeout: 5_000 })
  return took
}

async function contender(
  browser: Browser,
  { url }: Running,
  held: string,
  parts: number,
): Promise<Contender> {
  const page = await pageOf(await browser.newContext())
  await page.goto(url)
  await signIn(page)
  await shown(page)
  await set(page, 'Name', 'Berta')
  await page.getByText('Good morning, Berta').waitFor()
  if (parts > 0) await set(page, 'Held', String(parts))
  const says = `Good morning, Berta, with ${parts * 500_000} letters.`
  await page.getByText(says).waitFor()
  return { name: `**holdfast run**, ${held}`, page, says, live: [], anew: [] }
}

async function bareContender(browser: Browser, url: string): Promise<Contender> {
  const page = await pageOf(await browser.newContext())
  await page.goto(url)
  await shown(page)
  await set(page, 'Name', 'Berta')
  await page.getByText('Good morning, Berta').waitFor()
  const says = 'Good morning, Anna, with 0 letters.'
  return { name: 'bare Streamlit, which forgets all', page, says, live: [], anew: [] }
}

async function set(page: Page, label: string, value: string): Promise<void> {
  await page.getByLabel(label, { exact: true }).fill(value)
  await page.getByLabel(label, { exact: true }).press('Enter')
}

async function signIn(page: Page): Promise<void> {
  await page.getByLabel('Username').fill('anna')
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

/** Somebody else comes first: what a server does once in its life is not what is measured. */
async function warmUp(browser: Browser, urls: readonly string[]): Promise<void> {
  for (const url of urls) {
    const context = await browser.newContext()
    const page = await pageOf(context)
    await page.goto(url)
    if (page.url().includes('/_holdfast/')) await signIn(page)
    await shown(page)
    await context.close()
  }
}

function summary(contenders: readonly Contender[]): string {
  const base = contenders.at(-1)
  const cells = (took: readonly number[], ours: readonly number[] = []): string[] => {
    const ratio = median(took.map((one, round) => one / (ours[round] ?? Number.NaN)))
    return [
      median(took).toFixed(0),
      `${Math.min(...took).toFixed(0)}–${Math.max(...took).toFixed(0)}`,
      ratio.toFixed(2),
    ]
  }
  return table(
    [
      'F5, until the work is shown',
      ...['the server lives, ms', 'range', 'relative to bare'],
      ...['started anew, ms', 'range', 'relative to bare'],
    ],
    contenders.map(({ name, live, anew }) => [name, ...cells(live, base?.live), ...cells(anew, base?.anew)]),
  )
}

if (import.meta.main)
  console.log(await benchStateF5(Number(process.argv[2] ?? 15), Number(process.argv[3] ?? 7)))
