import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { parseDocument } from 'yaml'
import { openUsersFile, type UsersFile } from '../src/auth/users-file.ts'
import { enter, sessionCookie, settled, shown, signIn, signInPath } from './browser.ts'
import { holdfast, newFolder, password } from './gateway.ts'
import { setStage } from './stage.ts'

// Each test has a user of its own: what one does to the file is nothing to the next.
const members = ['cleo', 'dora', 'emil', 'fritz', 'greta', 'hanna']

const stage = setStage(async () => {
  const folder = await newFolder()
  const file = await openUsersFile(join(folder, 'users.yaml'))
  for (const name of members) await file.add(name, { password, name })
  await file.close()
  return { folder }
})
let anna: BrowserContext
let bystander: Page
let bystanderSession: string

beforeAll(async () => {
  anna = await stage.browser.newContext()
  bystander = await anna.newPage()
  await enter(bystander, stage.gateway.url, 'anna')
  bystanderSession = await shown(bystander, 'session')
})

function usersFile(): string {
  return join(stage.gateway.folder, 'users.yaml')
}

/** Changes the file as another process of Holdfast does. */
async function inFile(change: (file: UsersFile) => Promise<unknown>): Promise<void> {
  const file = await openUsersFile(usersFile())
  await change(file)
  await file.close()
}

/** Changes the file as an editor does: the text read, changed, and put in its place. */
async function byHand(path: readonly string[], value?: unknown): Promise<void> {
  const document = parseDocument(await readFile(usersFile(), 'utf8'))
  if (value === undefined) document.deleteIn(path)
  else document.setIn(path, value)
  await writeFile(`${usersFile()}.edited`, document.toString(), { mode: 0o600 })
  await rename(`${usersFile()}.edited`, usersFile())
}

async function byCommand(verb: string, ...words: readonly string[]): Promise<void> {
  const store = `sqlite:${join(stage.gateway.folder, 'store/holdfast.db')}`
  const { code, output } = await holdfast(['users', verb, ...words, '--users', usersFile(), '--store', store])
  if (code !== 0) throw new Error(output)
}

/** The page has left by itself, and nothing of its session is in the browser; Anna noticed nothing. */
async function isOut(): Promise<void> {
  await stage.page.waitForURL(signInPath, { timeout: 15_000 })
  await stage.page.getByLabel('Password').waitFor()
  expect(await sessionCookie(stage.context, stage.gateway.url)).toBeNull()
  expect(signInPath.test(bystander.url())).toBe(false)
  await bystander.reload()
  await settled(bystander)
  expect(await shown(bystander, 'session')).toBe(bystanderSession)
}

describe('a user with a live cookie', () => {
  it('B16: who is taken out of the file by hand is out, and stays out', async () => {
    await enter(stage.page, stage.gateway.url, 'cleo')
    await byHand(['users', 'cleo'])
    await isOut()
    await signIn(stage.page, 'cleo')
    await stage.page.getByRole('alert').waitFor()
    expect(stage.page.url()).toMatch(signInPath)
  })

  it('B16: who is removed by `holdfast users remove` is out', async () => {
    await enter(stage.page, stage.gateway.url, 'dora')
    await byCommand('remove', 'dora')
    await isOut()
  })

  it('B16: who comes back under the same name starts anew, and the old cookie stays dead', async () => {
    await enter(stage.page, stage.gateway.url, 'emil')
    const { name, value } = (await sessionCookie(stage.context, stage.gateway.url)) ?? { name: '', value: '' }
    await inFile((file) => file.remove('emil'))
    await isOut()
    await inFile((file) => file.add('emil', { password }))
    // The new one can sign in: so the file has been read.
    await expect.poll(() => canSignIn('emil'), { timeout: 30_000, interval: 1_000 }).toBe(true)
    const answer = await fetch(`${stage.gateway.url}/_stcore/host-config`, {
      headers: { cookie: `${name}=${value}` },
    })
    expect(answer.status).toBe(401)
  })

  it('B16: who is disabled is out', async () => {
    await enter(stage.page, stage.gateway.url, 'fritz')
    await byHand(['users', 'fritz', 'disabled'], true)
    await isOut()
    await signIn(stage.page, 'fritz')
    await stage.page.getByRole('alert').waitFor()
  })

  it('B19: a new password ends every session of that user, and only the new one works', async () => {
    await enter(stage.page, stage.gateway.url, 'greta')
    await inFile((file) => file.setPassword('greta', `${password} again`))
    await isOut()
    await signIn(stage.page, 'greta')
    await stage.page.getByRole('alert').waitFor()
    await stage.page.getByLabel('Username').fill('greta')
    await stage.page.getByLabel('Password').fill(`${password} again`)
    await stage.page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await settled(stage.page)
    expect(await shown(stage.page, 'user')).toBe('greta')
  })

  it('B19: new roles end the sessions that have the old ones', async () => {
    await enter(stage.page, stage.gateway.url, 'hanna')
    await stage.page.goto(`${stage.gateway.url}/guarded`)
    await stage.page.getByText('You may not see this page.').waitFor()
    await byCommand('roles', 'hanna', 'admin')
    await isOut()
    await signIn(stage.page, 'hanna')
    await stage.page.waitForURL(/\/guarded$/)
    await stage.page.getByText('the-guarded-secret').waitFor()
  })
})

/** Whether the password is taken, asked in a browser of its own. */
async function canSignIn(name: string): Promise<boolean> {
  const elsewhere = await stage.browser.newContext()
  try {
    const tab = await elsewhere.newPage()
    await tab.goto(stage.gateway.url)
    await signIn(tab, name)
    const outcome = await Promise.race([
      tab
        .getByText('end-of-run')
        .waitFor()
        .then(() => true),
      tab
        .getByRole('alert')
        .waitFor()
        .then(() => false),
    ])
    return outcome
  } finally {
    await elsewhere.close()
  }
}
