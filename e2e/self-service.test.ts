import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { freePort } from '../test/free-port.ts'
import { linkIn, startMailServer } from '../test/gateway/mail-server.ts'
import { enter, settled, shown, signIn, signInPath } from './browser.ts'
import { newFolder, password } from './gateway.ts'
import { setStage } from './stage.ts'

const mail = await startMailServer()
const fresh = 'kelp grows a foot a day'

const stage = setStage(async () => {
  const folder = await newFolder()
  const config = join(folder, 'holdfast.yaml')
  await writeFile(
    config,
    [
      `mail: { url: "${mail.url.href}", from: Kelp <kelp@example.org> }`,
      'registration:\n  domains: [example.org]\n  fields: [{ name: company, label: Company, required: true }]',
      'guest: { roles: [] }\n',
    ].join('\n'),
  )
  return { folder, port: await freePort(), options: ['--config', config] }
})

async function goTo(path: string): Promise<void> {
  await stage.page.goto(`${stage.gateway.url}/_holdfast/${path}`)
}

describe('people help themselves, in a real browser, by real mail', () => {
  it('a forgotten password is set by the mailed link, once, and every other session ends', async () => {
    const elsewhere = await stage.browser.newContext()
    const other = await elsewhere.newPage()
    await enter(other, stage.gateway.url, 'anna')
    await goTo('sign-in')
    await stage.page.getByRole('link', { name: 'Forgotten your password?' }).click()
    await stage.page.getByLabel('Username or e-mail address').fill('anna')
    await stage.page.getByRole('button', { name: 'Send me a mail' }).click()
    await stage.page.getByRole('heading', { name: 'Look into your mail' }).waitFor()
    const link = linkIn(await mail.mailTo('anna@example.org'))
    expect(signInPath.test(other.url())).toBe(false)
    await stage.page.goto(link.href)
    expect(stage.page.url()).toBe(`${stage.gateway.url}/_holdfast/reset-password`)
    await stage.page.getByLabel('New password').fill(fresh)
    await stage.page.getByRole('button', { name: 'Set password' }).click()
    await stage.page.getByText('Your new password is set.').waitFor()
    await other.waitForURL(signInPath)
    await elsewhere.close()
    await signIn(stage.page, 'anna')
    await stage.page.getByRole('alert').waitFor()
    await stage.page.getByLabel('Username').fill('anna')
    await stage.page.getByLabel('Password').fill(fresh)
    await stage.page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await stage.page.waitForURL((url) => !signInPath.test(url.href))
    await stage.page.goto(link.href)
    await stage.page.getByText('This link is not good any more').waitFor()
    expect(stage.gateway.output()).not.toContain(link.searchParams.get('link'))
  })

  it('somebody registers by the mailed link, signs in, and the app knows who they are', async () => {
    await goTo('register')
    await stage.page.getByLabel('E-mail address').fill('cleo@example.org')
    await stage.page.getByRole('button', { name: 'Send me a mail' }).click()
    await stage.page.goto(linkIn(await mail.mailTo('cleo@example.org')).href)
    await stage.page.getByText('Your address is cleo@example.org.').waitFor()
    await stage.page.getByLabel('Username').fill('anna')
    await stage.page.getByLabel('Your name').fill('Cleo Kelp')
    await stage.page.getByLabel('Company').fill('Kelp & Co')
    await stage.page.getByLabel('Password').fill(password)
    await stage.page.getByRole('button', { name: 'Create account' }).click()
    await stage.page.getByText('That name is taken.').waitFor()
    expect(await stage.page.getByLabel('Company').inputValue()).toBe('Kelp & Co')
    await stage.page.getByLabel('Username').fill('cleo')
    await stage.page.getByLabel('Password').fill(password)
    await stage.page.getByRole('button', { name: 'Create account' }).click()
    await stage.page.getByText('Your account is ready.').waitFor()
    await stage.page.goto(stage.gateway.url)
    await signIn(stage.page, 'cleo')
    await settled(stage.page)
    expect(await shown(stage.page, 'user')).toBe('cleo')
  })

  it('a forgotten name is mailed; an address that is not known gets the same page and no mail', async () => {
    for (const email of ['ghost@example.org', 'ben@example.org']) {
      await goTo('forgot-username')
      await stage.page.getByLabel('E-mail address').fill(email)
      await stage.page.getByRole('button', { name: 'Send me a mail' }).click()
      await stage.page.getByRole('heading', { name: 'Look into your mail' }).waitFor()
    }
    expect((await mail.mailTo('ben@example.org')).text).toContain('ben')
    expect(mail.mails.some(({ to }) => to.includes('ghost@example.org'))).toBe(false)
  })

  it('details change with the password, the address once its link was opened', async () => {
    await enter(stage.page, stage.gateway.url, 'ben')
    await goTo('account')
    await stage.page.getByRole('link', { name: 'Your details' }).click()
    await stage.page.getByLabel('Your name').fill('Ben Ost')
    await stage.page.getByLabel('Company').fill('Ost AG')
    await stage.page.getByLabel('Your password').first().fill(password)
    await stage.page.getByRole('button', { name: 'Save' }).click()
    await stage.page.getByText('Saved.').waitFor()
    await stage.page.getByLabel('New e-mail address').fill('ost@example.org')
    await stage.page.getByLabel('Your password').last().fill(password)
    await stage.page.getByRole('button', { name: 'Change address' }).click()
    await stage.page.goto(linkIn(await mail.mailTo('ost@example.org')).href)
    await stage.page.getByRole('button', { name: 'Yes, use it' }).click()
    await stage.page.getByText('Your new address is saved.').waitFor()
    expect((await mail.mailTo('ben@example.org', 2)).subject).toContain('was changed')
  })

  it('a guest comes in by one button', async () => {
    await stage.page.goto(stage.gateway.url)
    await stage.page.getByRole('button', { name: 'Continue as a guest' }).click()
    await settled(stage.page)
    expect(await shown(stage.page, 'user')).toMatch(/^guest-/)
  })
})
