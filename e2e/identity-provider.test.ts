import { describe, expect, it, onTestFinished } from 'vitest'
import { freePort } from '../test/free-port.ts'
import { reservedIssuer, startOidcServer } from '../test/gateway/oidc-server.ts'
import { openBrowser, settled, shown, signInPath } from './browser.ts'
import { removeFolder, runGateway } from './gateway.ts'

describe('an OpenID provider, in a browser', { timeout: 90_000 }, () => {
  it('signs in and out of Streamlit, there and here, through F5', async () => {
    const reserved = await reservedIssuer()
    const port = await freePort()
    const origin = `http://127.0.0.1:${port}`
    const server = startOidcServer(reserved, [{ origin, name: 'kelp' }])
    const oidc = [{ name: 'kelp', label: 'Kelp ID', issuer: server.issuer.href, clientId: 'kelp' }]
    const env = {
      HOLDFAST_OIDC: JSON.stringify(oidc),
      HOLDFAST_OIDC_KELP_CLIENT_SECRET: 'a secret of the client',
    }
    const gateway = await runGateway({ port, env })
    const browser = await openBrowser()
    onTestFinished(async () => {
      await browser.close()
      await gateway.stop()
      await removeFolder(gateway.folder)
    })
    const page = await browser.newPage()
    await page.goto(`${origin}/?wanted=here`)
    await page.getByRole('link', { name: 'Continue with Kelp ID' }).click()
    await page.locator('input[name=login]').fill('ada')
    await page.locator('input[name=password]').fill('any')
    await page.getByRole('button', { name: 'Sign-in' }).click()
    await page.getByRole('button', { name: 'Continue' }).click()
    await settled(page)
    expect(page.url()).toBe(`${origin}/?wanted=here`)
    const session = await shown(page, 'session')
    expect([await shown(page, 'user'), await shown(page, 'signed_in')]).toEqual(['ada', 'True'])
    for (let i = 0; i < 3; i++) {
      await page.reload()
      await settled(page)
      expect(await shown(page, 'session')).toBe(session)
    }
    // Through the page of ours: browsers hold its policy for forms against where the answer leads, too.
    await page.goto(`${origin}/_holdfast/sign-out`)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.waitForURL(`${server.issuer.origin}/**`)
    const cleared = page.waitForResponse(`${origin}/_holdfast/clear-cache`)
    await page.getByRole('button', { name: 'Yes, sign me out' }).click()
    await page.waitForURL(signInPath)
    expect(new URL(page.url()).origin).toBe(origin)
    // The provider has given back by which we know.
    await page.getByText('You are signed out.').waitFor()
    expect((await (await cleared).allHeaders())['clear-site-data']).toBe('"cache"')
    await page.goto(origin)
    await page.getByRole('link', { name: 'Continue with Kelp ID' }).click()
    // Out there too: it asks who they are.
    await page.locator('input[name=login]').waitFor()
  })
})
