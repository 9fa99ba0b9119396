import { type ChildProcess, spawn } from 'node:child_process'
import { cp, mkdtemp, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { freePort } from '../test/free-port.ts'
import { holds, openBrowser, signInPath } from './browser.ts'
import { removeFolder } from './gateway.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const installed = ['node_modules', '.venv']
const leftOut = new Set([...installed, '.git', '.holdfast', 'dist', 'e2e', 'test', 'bench'])

let folder: string
let listen: string
let child: ChildProcess
let printed = ''
let exited: Promise<number | null>
let browser: Browser

beforeAll(async () => {
  // A copy: a demo that somebody runs in this checkout stays theirs. What is installed is not installed again.
  folder = await mkdtemp(join(tmpdir(), 'holdfast-quickstart-'))
  await cp(root, folder, { recursive: true, filter: (path) => !leftOut.has(relative(root, path)) })
  for (const name of installed) await symlink(join(root, name), join(folder, name))
  listen = `127.0.0.1:${await freePort()}`
  // PORT is another one: what is meant for us counts before what is meant for anybody.
  const env = { ...process.env, PORT: '0', HOLDFAST_LISTEN: listen }
  child = spawn('node', ['scripts/start.mjs'], { cwd: folder, env })
  child.stdout?.on('data', (chunk: Buffer) => (printed += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (printed += chunk.toString()))
  exited = new Promise((resolve) => child.once('exit', (code) => resolve(code)))
  browser = await openBrowser()
})
afterAll(async () => {
  await browser?.close()
  child?.kill('SIGTERM')
  await exited
  if (folder !== undefined) await removeFolder(folder)
})

/** What it has printed behind this word. */
async function told(word: string): Promise<string> {
  const shape = new RegExp(`^\\s+${word}\\s+(\\S+)$`, 'm')
  await expect.poll(() => shape.exec(printed)?.[1], { timeout: 60_000, message: printed }).toBeDefined()
  return shape.exec(printed)?.[1] ?? ''
}

async function drawn(page: Page, title: string): Promise<void> {
  await page.getByRole('heading', { name: title, level: 1 }).waitFor()
  await page.locator('[data-test-script-state="notRunning"]').waitFor()
}

it('`npm start` prints an address and a password, with which everything works at once', async () => {
  const url = await told('Open')
  expect(url).toBe(`http://${listen}`)
  const page = await browser.newPage()
  await page.goto(url)
  await page.getByLabel('Username').fill(await told('Sign in'))
  await page.getByLabel('Password').fill(await told('Password'))
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()

  await drawn(page, 'Shore survey')
  await page.getByText('Signed in as Demo Diver').waitFor()
  await page.getByLabel('Find').fill('cove')
  await page.getByLabel('Find').press('Enter')
  await page.locator('[data-test-script-state="notRunning"]').waitFor()
  await page.reload()
  await drawn(page, 'Shore survey')
  await holds(page, 'Find', 'cove')

  for (const [link, title] of [
    ['Notebook', 'Notebook'],
    ['Administration', 'Administration'],
  ] as const) {
    await page.getByRole('link', { name: link }).click()
    await drawn(page, title)
    const address = page.url()
    await page.reload()
    await drawn(page, title)
    expect(page.url()).toBe(address)
  }

  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.waitForURL(signInPath)
  await page.goto(url)
  expect(page.url()).toMatch(signInPath)
}, 120_000)
