/** What people do about their accounts in forms of the app's own, with a real mail server behind. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { linkIn, type MailServer, startMailServer } from '../test/gateway/mail-server.ts'
import { settled, shown, shows, signInPath } from './browser.ts'
import { newFolder, password } from './gateway.ts'
import { setStage } from './stage.ts'

const app = fileURLToPath(new URL('apps/own_account.py', import.meta.url))
const fresh = 'kelp grows a foot a day'
let mail: MailServer

const stage = setStage(async () => {
  mail = await startMailServer()
  const folder = await newFolder()
  const config = join(folder, 'holdfast.yaml')
  const lines = [
    'mail:',
    `  url: ${mail.url.href}`,
    '  from: Kelp <kelp@example.org>',
    'registration:',
    '  open: true',
    'guest:',
    '  roles: [visitor]',
  ]
  await writeFile(config, lines.join('\n'))
  return { app, folder, options: ['--access', 'anyone', '--config', config] }
})

async function open(page: Page): Promise<void> {
  await page.goto(stage.gateway.url)
  await settled(page)
}

async function submit(page: Page, button: string, typed: Readonly<Record<string, string>>): Promise<void> {
  for (const [label, text] of Object.entries(typed)) await page.getByLabel(label, { exact: true }).fill(text)
  await page.getByRole('button', { name: button, exact: true }).click()
}

async function signIn(page: Page, name: string, secret: string = password): Promise<void> {
  await submit(page, 'Sign in', { Username: name, Password: secret })
  await shows(page, 'user', name)
  await settled(page)
}

it('answers alike for everybody who asks for mail, and sends it to whom it concerns', async () => {
  const { page } = stage
  await open(page)
  for (const [button, name, typed] of [
    ['forgot_password', 'forgot_password', 'nobody-here'],
    ['forgot_password', 'forgot_password', 'ben'],
    ['forgot_username', 'forgot_username', 'anna@example.org'],
    ['register', 'register', 'cara@example.org'],
  ] as const) {
    await submit(page, button, { 'Name or address': typed })
    await shows(page, name, 'asked')
    await settled(page)
  }
  expect(linkIn(await mail.mailTo('ben@example.org')).pathname).toBe('/_holdfast/reset-password')
  expect((await mail.mailTo('anna@example.org')).text).toContain('anna')
  expect(linkIn(await mail.mailTo('cara@example.org')).pathname).toBe('/_holdfast/register')
  expect(mail.mails.length).toBe(3)
})

it('lets somebody in as a guest, with the roles of guests, as somebody new in each browser', async () => {
  const { page, browser } = stage
  await open(page)
  await submit(page, 'Look around', {})
  await shows(page, 'roles', "['visitor']")
  await settled(page)
  const other = await browser.newContext()
  const second = await other.newPage()
  await open(second)
  await submit(second, 'Look around', {})
  await shows(second, 'roles', "['visitor']")
  expect(await shown(second, 'user')).not.toBe(await shown(page, 'user'))
  await page.reload()
  await shows(page, 'roles', "['visitor']")
  await other.close()
})

it('changes details and a password for who knows the present one, and then every page of theirs leaves', async () => {
  const { page, browser } = stage
  await open(page)
  await signIn(page, 'anna')
  const other = await browser.newContext()
  const second = await other.newPage()
  await open(second)
  await signIn(second, 'anna')

  await submit(page, 'Update', { 'Your password': 'not the right one', 'Shown name': 'Anna Fern' })
  await shows(page, 'details', 'credentials')
  await submit(page, 'Update', { 'Your password': password, Address: 'fern@example.org' })
  await shows(page, 'details', 'asked')
  expect(linkIn(await mail.mailTo('fern@example.org')).pathname).toContain('/_holdfast/')
  await submit(page, 'Change password', { 'Present password': password, 'New password': 'anna' })
  await shows(page, 'password', 'weak')
  await submit(page, 'Change password', { 'Present password': password, 'New password': fresh })
  await Promise.all([page.waitForURL(signInPath), second.waitForURL(signInPath)])
  await open(page)
  await signIn(page, 'anna', fresh)
  await other.close()
})
