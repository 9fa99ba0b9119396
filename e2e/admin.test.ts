import type { BrowserContext, Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { totpCode, totpStep } from '../src/auth/totp.ts'
import { freePort } from '../test/free-port.ts'
import { enter, settled, signInPath } from './browser.ts'
import { holdfast, password } from './gateway.ts'
import { setStage } from './stage.ts'

let adminUrl: string
const stage = setStage(async () => {
  const port = await freePort()
  adminUrl = `http://127.0.0.1:${port}`
  return { options: ['--admin-listen', `127.0.0.1:${port}`] }
})
let anna: BrowserContext
let desk: Page

/** A browser that runs no script: whatever an admin does, it works without. */
beforeAll(async () => {
  anna = await stage.browser.newContext({ javaScriptEnabled: false })
  desk = await anna.newPage()
})

async function signInAtDesk(page: Page, name: string): Promise<void> {
  await page.getByLabel('Username').fill(name)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

describe('the admin page', { timeout: 120_000 }, () => {
  it('is found where the command says, asks for a sign-in of its own, and finds people', async () => {
    expect(stage.gateway.logged('listening')[0]).toMatchObject({ admin: adminUrl })
    await desk.goto(adminUrl)
    await desk.waitForURL(signInPath)
    await signInAtDesk(desk, 'anna')
    await desk.waitForURL(`${adminUrl}/`)
    await desk.getByLabel('Name or e-mail address').fill('ben@')
    await desk.getByRole('button', { name: 'Find' }).click()
    await desk.getByRole('link', { name: 'ben' }).click()
    expect(await desk.getByRole('heading', { level: 1 }).textContent()).toBe('Account · ben')
  })

  it('does not answer where the app is, and lets nobody in without the role', async () => {
    const visitor = await stage.browser.newContext()
    const page = await visitor.newPage()
    await page.goto(`${stage.gateway.url}/audit`)
    expect(page.url()).toMatch(signInPath)
    await page.goto(`${adminUrl}/audit`)
    await signInAtDesk(page, 'ben')
    await page.getByText('This is not open to you').waitFor()
    await visitor.close()
  })

  it('disables somebody: their open page leaves within seconds, and they cannot come back until they are enabled', async () => {
    const { page, gateway } = stage
    await enter(page, gateway.url, 'ben')
    await desk.goto(`${adminUrl}/user?way=users-file&name=ben`)
    await desk.getByLabel('Your password').fill('not it')
    await desk.getByRole('button', { name: 'Disable' }).click()
    await desk.getByText('That is not your password.').waitFor()
    await settled(page)
    await desk.getByLabel('Your password').fill(password)
    await desk.getByRole('button', { name: 'Disable' }).click()
    await desk.getByText('Done. It holds everywhere now.').waitFor()
    await page.waitForURL(signInPath, { timeout: 15_000 })
    await signInAtDesk(page, 'ben')
    await page.getByText('That username and password do not match.').waitFor()
    await desk.getByLabel('Your password').fill(password)
    await desk.getByRole('button', { name: 'Enable' }).click()
    await desk.getByText('Done. It holds everywhere now.').waitFor()
    await enter(page, gateway.url, 'ben')
  })

  it('ends one session of several, the one that is chosen', async () => {
    const { page, gateway } = stage
    const other = await stage.browser.newContext()
    const kept = await other.newPage()
    await enter(kept, gateway.url, 'ben')
    // The latest is shown first.
    await enter(page, gateway.url, 'ben')
    await desk.goto(`${adminUrl}/user?way=users-file&name=ben`)
    await desk.getByLabel('Your password').fill(password)
    await desk
      .getByRole('button', { name: /^Sign out Chrom/ })
      .first()
      .click()
    await desk.getByText('Done. It holds everywhere now.').waitFor()
    await page.waitForURL(signInPath, { timeout: 15_000 })
    await kept.reload()
    await settled(kept)
    await other.close()
  })

  it('shows what was done, by whom and to whom, on the page and to the command line', async () => {
    await desk.goto(`${adminUrl}/audit`)
    const list = (await desk.getByRole('list').textContent()) ?? ''
    for (const text of [
      'Disabled',
      'Enabled',
      'Ended a session',
      'Signed in to the admin page',
      'by anna (Users file) · 127.0.0.1',
    ])
      expect(list).toContain(text)
    const store = `sqlite:${stage.gateway.folder}/store/holdfast.db`
    const { code, output } = await holdfast(['audit', 'list', '--store', store])
    expect([code, output.includes('disable')]).toEqual([0, true])
    expect(list + output).not.toContain(password)
  })

  it('asks an admin who has a second factor for it, by a code of their app, and for the password with every change', async () => {
    const { page, gateway } = stage
    await enter(page, gateway.url, 'anna')
    await page.goto(`${gateway.url}/_holdfast/account/factors`)
    await page.getByLabel('Your password').fill(password)
    await page.getByRole('button', { name: 'Add an authenticator app' }).click()
    const secret = ((await page.locator('code.secret').textContent()) ?? '').replaceAll(' ', '')
    const step = totpStep(Date.now())
    await page.getByLabel('Code that the app shows').fill(totpCode(secret, step))
    await page.getByRole('button', { name: 'Confirm' }).click()
    await page.getByRole('heading', { name: 'Your recovery codes' }).waitFor()

    const context = await stage.browser.newContext({ javaScriptEnabled: false })
    const admin = await context.newPage()
    await admin.goto(`${adminUrl}/user?way=users-file&name=ben`)
    await signInAtDesk(admin, 'anna')
    await admin.getByRole('heading', { name: 'One more step' }).waitFor()
    expect(new URL(admin.url()).origin).toBe(adminUrl)
    await admin.getByLabel('Code from your authenticator app').fill('000000')
    await admin.getByRole('button', { name: 'Continue' }).first().click()
    await admin.getByText('That was not right').waitFor()
    await admin.getByLabel('Code from your authenticator app').fill(totpCode(secret, step + 1))
    await admin.getByRole('button', { name: 'Continue' }).first().click()
    await admin.getByRole('heading', { name: 'Account · ben' }).waitFor()
    await admin.getByLabel('Your password').fill(password)
    await admin.getByRole('button', { name: 'Require a second factor' }).click()
    await admin.getByText('Done. It holds everywhere now.').waitFor()
    await context.close()
  })

  it('is left by signing out, and the back button shows nothing of it', async () => {
    await desk.getByRole('link', { name: 'Sign out' }).click()
    await desk.getByRole('button', { name: 'Sign out' }).click()
    await desk.waitForURL(signInPath)
    await desk.goto(`${adminUrl}/audit`)
    expect(desk.url()).toMatch(signInPath)
  })
})
