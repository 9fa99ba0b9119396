/**
 * Takes a picture of every page of ours, light, dark and on a phone, in English and in Chinese, and puts them on one page:
 * `npm run screenshots [folder]`. First those that the real gateway shows to sample people who walk through it; then every
 * page there is, with every message, as `test/pages/every-page.ts` lists them.
 *
 * Chinese needs a font that has it (on Debian `apt install fonts-noto-cjk`); without one it shows boxes, and says so.
 */
import { execFile } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { type Html, html } from '../src/pages/html.ts'
import { freePort } from '../test/free-port.ts'
import { everyPage } from '../test/pages/every-page.ts'
import { newFolder, password, type Running, removeFolder, serveGateway } from './gateway.ts'

/** How a page is looked at. */
interface Look {
  readonly name: string
  readonly window: BrowserContextOptions
}

interface Picture {
  readonly page: string
  readonly look: string
  readonly file: string
}

type Take = (page: Page, name: string) => Promise<void>

const languages = [
  ['English', 'en'],
  ['Chinese', 'zh-CN'],
] as const

const looks: readonly Look[] = languages.flatMap(([language, locale]) => [
  {
    name: `${language}, light`,
    window: { locale, colorScheme: 'light', viewport: { width: 900, height: 640 } },
  },
  {
    name: `${language}, dark`,
    window: { locale, colorScheme: 'dark', viewport: { width: 900, height: 640 } },
  },
  {
    name: `${language}, phone`,
    window: { locale, colorScheme: 'light', viewport: { width: 320, height: 640 }, deviceScaleFactor: 2 },
  },
])

const folder = resolve(process.argv[2] ?? 'screenshots')

await rm(folder, { recursive: true, force: true })
await mkdir(folder, { recursive: true })
if (!(await hasChineseFont()))
  console.warn(
    'No font for Chinese is installed: it will show as boxes. On Debian: apt install fonts-noto-cjk',
  )
const browser = await chromium.launch({
  executablePath: process.env.HOLDFAST_TEST_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
})
try {
  const walked = await walks(browser)
  const listed = await catalogue(browser)
  await writeFile(join(folder, 'index.html'), `${album(walked, listed)}`)
  console.info(`${walked.length + listed.length} pictures: ${join(folder, 'index.html')}`)
} finally {
  await browser.close()
}

async function hasChineseFont(): Promise<boolean> {
  try {
    const { stdout } = await promisify(execFile)('fc-list', [':lang=zh', 'family'])
    return stdout.trim() !== ''
  } catch {
    return false
  }
}

/** Keeps pictures of one look. */
function camera(part: string, look: string, pictures: Picture[]): Take {
  return async (page, name) => {
    const file = `${[part, look, name]
      .join(' ')
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')}.png`
    await page.screenshot({ path: join(folder, file), fullPage: true })
    pictures.push({ page: name, look, file })
  }
}

/** Every look of people who walk through a gateway in front of a small app. */
async function walks(browser: Browser): Promise<readonly Picture[]> {
  const app = createServer((_request, response) =>
    response.end('<!doctype html><title>Kelp</title><h1>Kelp</h1>'),
  )
  await new Promise<void>((ready) => app.listen(0, '127.0.0.1', ready))
  const place = await newFolder()
  const gateway = await serveGateway(`http://127.0.0.1:${(app.address() as AddressInfo).port}`, {
    ...{ folder: place, port: await freePort() },
    env: {
      HOLDFAST_NAME: 'kelp',
      HOLDFAST_SESSION_MOST: '2',
      HOLDFAST_SESSION_WHEN_MORE: 'ask-to-take-over',
      HOLDFAST_RULES: '[{ path: /reports/*, roles: [analyst] }]',
    },
  })
  const pictures: Picture[] = []
  try {
    // Anna has both of her places; whoever comes next is asked.
    for (const _ of [1, 2]) await signIn(await fresh(browser), gateway, 'anna')
    for (const { name, window } of looks) {
      await walk(await fresh(browser, window), gateway, camera('walk', name, pictures))
    }
  } finally {
    await gateway.stop()
    app.close()
    await removeFolder(place)
  }
  return pictures
}

async function fresh(browser: Browser, window: BrowserContextOptions = {}): Promise<Page> {
  return (await browser.newContext(window)).newPage()
}

/** What a person does, by the names of fields, for the words differ. */
async function signIn(page: Page, { url }: Running, name: string, secret: string = password): Promise<void> {
  await page.goto(`${url}/_holdfast/sign-in`)
  await page.locator('[name=username]').fill(name)
  await page.locator('[name=password]').first().fill(secret)
  await Promise.all([page.waitForEvent('load'), page.locator('form button.button').first().click()])
}

async function walk(page: Page, gateway: Running, take: Take): Promise<void> {
  const { url } = gateway
  await page.goto(url)
  await take(page, 'sign-in')
  await signIn(page, gateway, 'somebody', 'not the password')
  await take(page, 'sign-in, wrong password')
  await signIn(page, gateway, 'anna')
  await take(page, 'signed in on as many browsers as may be')
  await signIn(page, gateway, 'ben')
  await page.goto(`${url}/_holdfast/account`)
  await take(page, 'account')
  await page.goto(`${url}/reports/2026`)
  await take(page, 'a page for others')
  await page.goto(`${url}/_holdfast/nothing-here`)
  await take(page, 'no such page')
  await page.goto(`${url}/_holdfast/sign-out`)
  await take(page, 'sign-out')
  await Promise.all([page.waitForEvent('load'), page.locator('form button.button').click()])
  await take(page, 'signed out')
}

/** Every page of ours, with every message, in every look. */
async function catalogue(browser: Browser): Promise<readonly Picture[]> {
  const pictures: Picture[] = []
  for (const { name, window } of looks) {
    const page = await fresh(browser, window)
    const take = camera('page', name, pictures)
    for (const [title, { body }] of everyPage({ acceptLanguage: window.locale ?? 'en', app: 'Kelp' })) {
      await page.setContent(body)
      await take(page, title)
    }
    await page.context().close()
  }
  return pictures
}

/** One page with all of them, a row for each page of ours. */
function album(walked: readonly Picture[], listed: readonly Picture[]): Html {
  return html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Every page</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem; background: #d9dedc; color: #14211e }
section { display: flex; gap: 1rem; overflow-x: auto; align-items: flex-start }
figure { margin: 0 } figcaption { font-size: 0.875rem }
img { height: 26rem; border: 1px solid #76867f }
</style>
<h1>Walked through</h1>
${rows(walked)}
<h1>Every page, with every message</h1>
${rows(listed)}
</html>`
}

function rows(pictures: readonly Picture[]): readonly Html[] {
  const names = [...new Set(pictures.map(({ page }) => page))]
  return names.map((name) => {
    const its = pictures.filter(({ page }) => page === name)
    return html`<h2>${name}</h2>
<section>${its.map(({ file, look }) => html`<figure><a href="${file}"><img loading="lazy" src="${file}" alt="${name}: ${look}"></a><figcaption>${look}</figcaption></figure>`)}</section>`
  })
}
