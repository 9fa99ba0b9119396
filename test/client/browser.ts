import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium, type Page, type Worker } from 'playwright-core'

/** A Chromium that also does what only a person can: duplicate a tab, reopen a closed one, discard one. */
export interface Browser {
  readonly context: BrowserContext
  /** Opens an address in a new tab. */
  open(url: string): Promise<Page>
  /** What the tab menu's "Duplicate" does. */
  duplicate(page: Page): Promise<Page>
  /** What Ctrl+Shift+T does. */
  reopen(): Promise<Page>
  /** What the browser does to a tab in the background when memory is short; the tab comes back as a new page. */
  discardAndReturn(page: Page): Promise<Page>
  /** Closes every tab but one that is empty. */
  clear(): Promise<void>
  close(): Promise<void>
}

/** The little of the extensions API the driver uses. */
interface Chrome {
  readonly tabs: {
    query(filter: object): Promise<{ readonly id: number; readonly url: string }[]>
    duplicate(id: number): Promise<unknown>
    discard(id: number): Promise<{ readonly id: number }>
    update(id: number, change: object): Promise<unknown>
  }
  readonly sessions: { restore(): Promise<unknown> }
}
declare const chrome: Chrome

const DRIVER = {
  manifest_version: 3,
  name: 'driver',
  version: '1',
  permissions: ['tabs', 'sessions'],
  background: { service_worker: 'worker.js' },
}

const executablePath: string = process.env.HOLDFAST_TEST_CHROMIUM ?? '/usr/bin/chromium'

/** Starts Chromium with a profile of its own; `app.test` leads to this machine and is no secure context. */
export async function openBrowser(): Promise<Browser> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-browser-'))
  const driver = join(folder, 'driver')
  await mkdir(driver)
  await writeFile(join(driver, 'manifest.json'), JSON.stringify(DRIVER))
  await writeFile(join(driver, 'worker.js'), '')
  const context = await chromium.launchPersistentContext(join(folder, 'profile'), {
    executablePath,
    // The old headless mode, which Playwright asks for, has neither extensions nor a tab strip.
    headless: false,
    ignoreDefaultArgs: ['--disable-extensions', '--disable-back-forward-cache'],
    args: [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--host-resolver-rules=MAP app.test 127.0.0.1',
      `--load-extension=${driver}`,
      `--disable-extensions-except=${driver}`,
      '--disable-features=DisableLoadExtensionCommandLineSwitch',
    ],
  })
  context.setDefaultTimeout(10_000)
  const worker: Worker = context.serviceWorkers()[0] ?? (await context.waitForEvent('serviceworker'))
  const appearing = async (act: () => Promise<unknown>): Promise<Page> => {
    const [page] = await Promise.all([context.waitForEvent('page'), act()])
    await page.waitForLoadState()
    return page
  }

  return {
    context,
    async open(url) {
      const page = await context.newPage()
      await page.goto(url)
      return page
    },
    duplicate: (page) =>
      appearing(() =>
        worker.evaluate(async (url) => {
          const tabs = await chrome.tabs.query({})
          const tab = tabs.find((one) => one.url === url)
          if (tab) await chrome.tabs.duplicate(tab.id)
        }, page.url()),
      ),
    async discardAndReturn(page) {
      await context.newPage()
      const gone = page.waitForEvent('close')
      const discarded = await worker.evaluate(async (url) => {
        const tabs = await chrome.tabs.query({})
        const tab = tabs.find((one) => one.url === url)
        return tab && (await chrome.tabs.discard(tab.id)).id
      }, page.url())
      // Nobody is so quick that they are back before it has left.
      await gone
      return appearing(() =>
        worker.evaluate(async (id) => {
          if (id !== undefined) await chrome.tabs.update(id, { active: true })
        }, discarded),
      )
    },
    reopen: () => appearing(() => worker.evaluate(() => chrome.sessions.restore())),
    async clear() {
      const pages = context.pages()
      await context.newPage()
      for (const page of pages) await page.close()
    },
    async close() {
      await context.close()
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** Starts Chromium at an address and leaves it alone; gives the way to end it. */
export async function openUnattended(url: string): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-browser-'))
  const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run']
  // A group of its own: `chromium` may be a wrapper around the browser, and both must go.
  const browser = spawn(executablePath, [...flags, `--user-data-dir=${folder}`, url], {
    detached: true,
    stdio: 'ignore',
  })
  return async () => {
    if (browser.pid !== undefined) process.kill(-browser.pid)
    await once(browser, 'exit')
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}
