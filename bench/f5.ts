/** How long F5 takes in Streamlit behind the gateway, and in bare Streamlit: from the navigation to the app's last text. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
// biome-ignore lint/correctness/noUndeclaredDependencies: the browser that the tests use, from the folder above.
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { newFolder, password, pythonBin, removeFolder, runGateway } from '../e2e/gateway.ts'
import { freePort } from '../test/free-port.ts'
import { median, table } from './report.ts'

const app = fileURLToPath(new URL('contenders/f5_app.py', import.meta.url))
const executablePath = process.env.HOLDFAST_TEST_CHROMIUM ?? '/usr/bin/chromium'

/** Kept by the page itself, by the clock that starts with the navigation. */
const stopwatch = `
  addEventListener('DOMContentLoaded', () => {
    const look = () => {
      if (window.shownAt !== undefined || !document.body.innerText.includes('All is shown.')) return
      window.shownAt = performance.now()
    }
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true })
    look()
  })
`

/** In turns, so that the machine's moods hit both. */
export async function benchF5(rounds: number): Promise<string> {
  if (!existsSync(executablePath) || !existsSync(join(pythonBin, 'streamlit')))
    return 'Not measured: Chromium or Streamlit is missing here.'
  const folder = await newFolder()
  const gateway = await runGateway({ app, folder })
  const bare = await bareStreamlit(app)
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
  try {
    const ours = await pageOf(await browser.newContext())
    await ours.goto(gateway.url)
    await ours.getByLabel('Username').fill('anna')
    await ours.getByLabel('Password').fill(password)
    await ours.getByRole('button', { name: 'Sign in' }).click()
    await shown(ours)
    const theirs = await pageOf(await browser.newContext())
    await theirs.goto(bare.url)
    await shown(theirs)
    const contenders = [
      { name: '**holdfast run**, signed in', page: ours, samples: [] as number[] },
      { name: 'bare Streamlit', page: theirs, samples: [] as number[] },
    ]
    for (let round = -2; round < rounds; round++) {
      for (const { page, samples } of round % 2 === 0 ? contenders : contenders.toReversed()) {
        await page.bringToFront()
        await page.reload({ waitUntil: 'commit' })
        const took = await shown(page)
        if (round >= 0) samples.push(took)
      }
    }
    return summary(contenders)
  } finally {
    await browser.close()
    await gateway.stop()
    bare.child.kill('SIGKILL')
    await removeFolder(folder)
  }
}

function summary(
  contenders: readonly { readonly name: string; readonly samples: readonly number[] }[],
): string {
  const base = contenders[1]?.samples ?? []
  const rows = contenders.map(({ name, samples }) => {
    const spread = `${Math.min(...samples).toFixed(0)}–${Math.max(...samples).toFixed(0)}`
    const ratio = median(samples.map((took, round) => took / (base[round] ?? Number.NaN)))
    return [name, median(samples).toFixed(0), spread, ratio.toFixed(3)]
  })
  return table(
    ['F5, until the app is shown', 'median, ms', 'range', 'relative to bare, round by round'],
    rows,
  )
}

/** A page that keeps its own time. */
export async function pageOf(context: BrowserContext): Promise<Page> {
  await context.addInitScript(stopwatch)
  return context.newPage()
}

/** When the last text of the app was there, in milliseconds since the navigation began. */
export async function shown(page: Page): Promise<number> {
  const at = await page.waitForFunction('window.shownAt', undefined, { polling: 50, timeout: 60_000 })
  const took = (await at.jsonValue()) as number
  // What still runs behind the last text must not be the next one's burden.
  await page.waitForLoadState('networkidle')
  return took
}

/** Streamlit with nothing before it. */
export async function bareStreamlit(
  path: string,
  port?: number,
): Promise<{ readonly url: string; readonly child: ChildProcess }> {
  const at = port ?? (await freePort())
  const address = ['--server.address', '127.0.0.1', '--server.port', String(at), '--server.headless', 'true']
  const child = spawn('streamlit', ['run', path, ...address, '--browser.gatherUsageStats', 'false'], {
    env: { ...process.env, PATH: `${pythonBin}${delimiter}${process.env.PATH ?? ''}` },
    stdio: 'ignore',
  })
  const url = `http://127.0.0.1:${at}`
  for (let tries = 0; tries < 600; tries++) {
    const health = await fetch(`${url}/_stcore/health`).catch(() => null)
    if (health?.ok === true) return { url, child }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  child.kill('SIGKILL')
  throw new Error('Streamlit did not start.')
}

if (import.meta.main) console.log(await benchF5(Number(process.argv[2] ?? 15)))
