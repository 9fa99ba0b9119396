/** Somebody signs in by the form of the app itself, and the page stays where it is. */
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { cookieHeader, holds, sessionCookie, settled, shown, shows, signInPath } from './browser.ts'
import { password } from './gateway.ts'
import { setStage } from './stage.ts'

const app = fileURLToPath(new URL('apps/own_form.py', import.meta.url))
const stage = setStage(() => ({ app, options: ['--access', 'anyone'] }))

async function open(page: Page): Promise<void> {
  await page.goto(stage.gateway.url)
  await settled(page)
  // Lost where the page is loaded anew.
  await page.evaluate('window.stayed = true')
}

async function fillForm(page: Page, name: string, secret: string = password): Promise<void> {
  await page.getByLabel('Username').fill(name)
  await page.getByLabel('Password', { exact: true }).fill(secret)
}

async function submit(page: Page, name: string, secret?: string): Promise<void> {
  await fillForm(page, name, secret)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

const stayed = (page: Page): Promise<unknown> => page.evaluate('window.stayed === true')

it('signs in without a page load: known in the same run, to st.user a moment later, and through F5', async () => {
  const { page, context } = stage
  await open(page)
  const anonymous = await sessionCookie(context, stage.gateway.url)
  await page.getByLabel('Draft').fill('a draft from before')
  await page.getByLabel('Draft').press('Enter')
  await settled(page)
  await submit(page, 'anna')
  await page.getByText('answered=signed-in; at_once=anna;').waitFor()
  await shows(page, 'st_user', 'anna')
  await settled(page)
  expect(await shown(page, 'user')).toBe('anna')
  expect(await shown(page, 'signed_in')).toBe('True')
  expect(await stayed(page)).toBe(true)
  await holds(page, 'Draft', 'a draft from before')
  const now = await sessionCookie(context, stage.gateway.url)
  expect(anonymous?.value).toMatch(/^a1\./)
  expect(now?.value).toMatch(/^v1\./)
  expect(now?.expires).toBe(-1)

  const session = await shown(page, 'session')
  await page.reload()
  await settled(page)
  expect(await shown(page, 'st_user')).toBe('anna')
  expect(await shown(page, 'session')).toBe(session)
  await holds(page, 'Draft', 'a draft from before')
})

it('says what is wrong, and signs nobody in', async () => {
  const { page, context } = stage
  await open(page)
  await submit(page, 'anna', 'not the right one')
  await page.getByText('answered=credentials; at_once=None;').waitFor()
  await settled(page)
  expect(await shown(page, 'st_user')).toBe('None')
  expect((await sessionCookie(context, stage.gateway.url))?.value).toMatch(/^a1\./)
})

it('takes the browser’s other tabs along, and out with it again', async () => {
  const { page, context } = stage
  await open(page)
  const second = await context.newPage()
  await open(second)
  await second.getByLabel('Draft').fill('in the second tab')
  await second.getByLabel('Draft').press('Enter')
  await settled(second)
  await submit(page, 'ben')
  await shows(page, 'st_user', 'ben')
  await shows(second, 'st_user', 'ben')
  await settled(second)
  await holds(second, 'Draft', 'in the second tab')
  expect(await stayed(second)).toBe(true)

  await page.getByRole('button', { name: 'Out' }).click()
  await Promise.all([page.waitForURL(signInPath), second.waitForURL(signInPath)])
  await open(page)
  expect(await shown(page, 'st_user')).toBe('None')
})

it('watches over the session that began in the page: signed out elsewhere, the page leaves', async () => {
  const { page, context } = stage
  await open(page)
  await submit(page, 'anna')
  await shows(page, 'st_user', 'anna')
  await settled(page)
  const cookie = await cookieHeader(context, stage.gateway.url)
  const answer = await fetch(`${stage.gateway.url}/_holdfast/sign-out`, {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie, origin: stage.gateway.url, 'content-length': '0' },
  })
  expect(answer.status).toBe(303)
  await page.waitForURL(signInPath)
})

it('keeps who planted the cookie out (A1, B14): neither the copy nor the victim’s own tab id helps', async () => {
  const { page, context, browser, gateway } = stage
  // The attacker's browser begins, and its cookie is planted into the victim's.
  const theirs = await browser.newContext()
  const attacker = await theirs.newPage()
  await open(attacker)
  const planted = await theirs.cookies(gateway.url)
  await context.addCookies(planted)
  await open(page)
  const session = await shown(page, 'session')
  // The worst: the app has shown the victim's tab id, and the attacker's page says that it is that tab.
  const tab = await shown(page, 'tab')
  const posing = await theirs.newPage()
  await posing.addInitScript((id) => sessionStorage.setItem('holdfast-tab', id), tab)
  await open(posing)
  expect(await shown(posing, 'tab')).toBe(tab)
  expect(await shown(posing, 'session')).not.toBe(session)

  await submit(page, 'anna')
  await shows(page, 'st_user', 'anna')
  await settled(page)
  const victims = await sessionCookie(context, gateway.url)
  for (const one of [attacker, posing]) {
    await one.reload()
    await settled(one)
    expect(await shown(one, 'st_user')).toBe('None')
  }
  const copies = await theirs.cookies(gateway.url)
  expect(copies.map(({ value }) => value)).not.toContain(victims?.value)
  const copy = planted.map(({ name, value }) => `${name}=${value}`).join('; ')
  const asked = await fetch(`${gateway.url}/_holdfast/session`, { headers: { cookie: copy } })
  expect(asked.status).toBe(401)
  await theirs.close()
})
