import type { Page } from 'playwright-core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { totpCode, totpStep } from '../src/auth/totp.ts'
import { freePort } from '../test/free-port.ts'
import { enter, openBrowser, settled, signIn, signInPath, signOut } from './browser.ts'
import { password, type Running, removeFolder, runGateway } from './gateway.ts'

/** The real command at an address that has passkeys, and a browser. */
async function stage(): Promise<{ gateway: Running; url: string; page: Page }> {
  const port = await freePort()
  const url = `http://localhost:${port}`
  const gateway = await runGateway({
    port,
    ready: `${url}/_holdfast/ready`,
    options: ['--public-url', url],
  })
  const browser = await openBrowser()
  onTestFinished(async () => {
    await browser.close()
    await gateway.stop()
    await removeFolder(gateway.folder)
  })
  return { gateway, url, page: await browser.newPage() }
}

/** Gives the browser a device that makes sure of its owner, as telephones do. */
async function giveDevice(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page)
  await session.send('WebAuthn.enable')
  await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      ...{ protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true },
      ...{ isUserVerified: true, automaticPresenceSimulation: true },
    },
  })
}

describe('second factors, in a browser', { timeout: 120_000 }, () => {
  it('a passkey is added, asked for as the second step, and then is all it takes to sign in', async () => {
    const { gateway, url, page } = await stage()
    await giveDevice(page)
    await enter(page, url)
    await page.goto(`${url}/_holdfast/account`)
    await page.getByRole('link', { name: 'Second factors' }).click()
    await page.getByLabel('Your password').fill(password)
    await page.getByRole('button', { name: 'Add a passkey' }).click()
    await page.getByRole('button', { name: 'Make a passkey' }).click()
    await page.getByRole('heading', { name: 'Your recovery codes' }).waitFor()
    expect(await page.locator('.codes code').count()).toBe(10)
    expect(gateway.logged('factor_enrolled')).toHaveLength(1)

    await page.goto(url)
    await settled(page)
    await signOut(page)
    await signIn(page)
    await page.getByRole('button', { name: 'Use a passkey' }).click()
    await settled(page)

    await signOut(page)
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
    await settled(page)
    expect(new URL(page.url()).origin).toBe(url)
  })

  it('an authenticator app is added without a script, asked for, and a recovery code opens once', async () => {
    const { url, page } = await stage()
    await enter(page, url)
    await page.goto(`${url}/_holdfast/account/factors`)
    await page.getByLabel('Your password').fill(password)
    await page.getByRole('button', { name: 'Add an authenticator app' }).click()
    const secret = ((await page.locator('code.secret').textContent()) ?? '').replaceAll(' ', '')
    await page.getByLabel('Code that the app shows').fill(totpCode(secret, totpStep(Date.now())))
    await page.getByRole('button', { name: 'Confirm' }).click()
    const [code = ''] = await page.locator('.codes code').allTextContents()
    await page.getByRole('link', { name: 'I have kept them' }).click()

    const context = await page.context().browser()?.newContext({ javaScriptEnabled: false })
    const other = await context?.newPage()
    if (other === undefined) throw new Error('There is no second browser.')
    for (const [attempt, opens] of [
      [code, true],
      [code, false],
    ] as const) {
      await other.context().clearCookies()
      await other.goto(`${url}/_holdfast/sign-in?return_to=/_holdfast/account`)
      await signIn(other)
      await other.getByText('Use a recovery code').click()
      await other.getByLabel('Recovery code').fill(attempt)
      await other.getByRole('button', { name: 'Continue' }).last().click()
      if (opens) await other.getByRole('heading', { name: 'Your account' }).waitFor()
      else await other.getByText('That was not right').waitFor()
    }
    await other.goto(url)
    await other.waitForURL(signInPath)
  })
})
