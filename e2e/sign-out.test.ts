import { describe, expect, it } from 'vitest'
import { cookieHeader, enter, settled, shown, signIn, signInPath, signOut } from './browser.ts'
import { setStage } from './stage.ts'

const stage = setStage()

describe('sign-out', () => {
  it('B1: F5 after it stays signed out, the first time and every time, also right after signing in', async () => {
    for (let times = 0; times < 3; times++) {
      await enter(stage.page, stage.gateway.url)
      await signOut(stage.page)
      for (let reloads = 0; reloads < 3; reloads++) {
        await stage.page.goto(stage.gateway.url)
        expect(stage.page.url()).toMatch(signInPath)
      }
    }
  })

  it('B2: a copied cookie is dead at once', async () => {
    await enter(stage.page, stage.gateway.url)
    const cookie = await cookieHeader(stage.context, stage.gateway.url)
    const before = await fetch(`${stage.gateway.url}/_stcore/host-config`, { headers: { cookie } })
    expect(before.status).toBe(200)
    await signOut(stage.page)
    const after = await fetch(`${stage.gateway.url}/_stcore/host-config`, { headers: { cookie } })
    expect(after.status).toBe(401)
    expect(after.headers.get('set-cookie')).toBeNull()
  })

  it('B3: a slow request that began before it and ends after it brings nothing back', async () => {
    await enter(stage.page, stage.gateway.url)
    const cookie = await cookieHeader(stage.context, stage.gateway.url)
    await stage.page.getByRole('button', { name: 'Slow' }).click()
    await stage.page.locator('[data-test-script-state="running"]').waitFor()
    const other = await stage.context.newPage()
    await other.goto(`${stage.gateway.url}/_holdfast/sign-out`)
    await other.getByRole('button', { name: 'Sign out' }).click()
    await other.waitForURL(signInPath)
    // The script goes on for two seconds; nothing it still does may matter.
    await stage.page.waitForURL(signInPath)
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    expect((await fetch(stage.gateway.url, { headers: { cookie }, redirect: 'manual' })).status).toBe(401)
    await stage.page.goto(stage.gateway.url)
    expect(stage.page.url()).toMatch(signInPath)
  })

  it('B4: every other tab leaves within two seconds, without a reload', async () => {
    await enter(stage.page, stage.gateway.url)
    const others = await Promise.all(Array.from({ length: 4 }, () => stage.context.newPage()))
    for (const other of others) {
      await other.goto(stage.gateway.url)
      await settled(other)
    }
    const acknowledged = stage.page.waitForResponse(/\/auth\/logout/).then(() => Date.now())
    const left = others.map((other) =>
      other.waitForURL(signInPath, { waitUntil: 'commit' }).then(() => Date.now()),
    )
    await signOut(stage.page)
    const out = await acknowledged
    // From the answer on: until then Streamlit runs the script that asks for it.
    const delays = (await Promise.all(left)).map((at) => at - out)
    expect(Math.max(...delays)).toBeLessThan(2_000)
  })

  it('B5: signing in elsewhere as the same user does not bring the first device back', async () => {
    await enter(stage.page, stage.gateway.url)
    await signOut(stage.page)
    const elsewhere = await stage.browser.newContext()
    const second = await elsewhere.newPage()
    await enter(second, stage.gateway.url)
    await stage.page.goto(stage.gateway.url)
    expect(stage.page.url()).toMatch(signInPath)
    await elsewhere.close()
  })

  it('leaves nothing behind the back button', async () => {
    await enter(stage.page, stage.gateway.url)
    await signOut(stage.page)
    await stage.page.goBack().catch(() => null)
    await stage.page.waitForURL(signInPath)
    expect(await stage.page.getByText('end-of-run').count()).toBe(0)
  })

  it('leaves nothing in the cache that the next person could open', async () => {
    const kept: string[] = []
    const { page, gateway } = stage
    page.on('response', (response) => {
      if (/\/static\/js\/.*\.js$/.test(response.url())) kept.push(response.url())
    })
    await enter(page, gateway.url, 'ben')
    const [script = ''] = kept
    const opens = async (): Promise<boolean> => (await page.goto(script))?.url() === script
    expect(await opens()).toBe(true)
    await page.goto(gateway.url)
    await settled(page)
    await signOut(page)
    await expect.poll(opens).toBe(false)
  })

  it('gives the next person in the same browser and tab a Streamlit session of their own', async () => {
    await enter(stage.page, stage.gateway.url)
    await stage.page.getByRole('button', { name: 'Count' }).click()
    const session = await shown(stage.page, 'session')
    await signOut(stage.page)
    await signIn(stage.page, 'ben')
    await settled(stage.page)
    expect(await shown(stage.page, 'user')).toBe('ben')
    expect(await shown(stage.page, 'session')).not.toBe(session)
    expect(await shown(stage.page, 'count')).toBe('0')
  })
})
