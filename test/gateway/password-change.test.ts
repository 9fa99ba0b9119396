/** A password that was set, though the store could not confirm that it ended the sessions: nobody is told that it was not. */
import { describe, expect, it, vi } from 'vitest'
import { StoreError } from '../../src/core/errors.ts'
import { statusAtApp } from './admin-harness.ts'
import { password } from './people.ts'
import { formBrowser } from './self-service/browser-form.ts'
import { fresh, own, stage } from './self-service/self-service-stage.ts'

const change = { action: 'password', password, new_password: fresh }

describe('a new password on the account page', { timeout: 60_000 }, () => {
  it.each([
    ['that the sessions ended', (method: string) => method === 'revoke'],
    ['anything any more', () => true],
  ])('is said to be set where the store cannot confirm %s', async (_what, fails) => {
    const { to, mail } = await stage()
    const cookie = await to.signIn('anna')
    const at = formBrowser(to, cookie)
    await at.open(`${own}/account`)
    let isSet = false
    to.store.before = async (method) => {
      isSet ||= method === 'revoke'
      if (isSet && fails(method)) throw new StoreError('ERR_STORE_UNAVAILABLE', 'away')
    }
    const answer = await at.post(`${own}/account`, change)
    expect([answer.status, answer.setCookie.join().includes(`${to.cookieName}=`)]).toEqual([503, false])
    expect(answer.body).toContain('Your password is set.')
    expect((await mail.mailTo('anna@example.org')).subject).toContain('password')
    to.store.before = null
    // Whoever follows the file goes on until it is done.
    await vi.waitFor(async () => expect(await statusAtApp(to, cookie)).toBe(401), { timeout: 20_000 })
    await expect(to.signIn('anna')).rejects.toThrow('401')
    expect(await statusAtApp(to, await to.signIn('anna', fresh))).toBe(200)
    expect((await to.audit.read(9)).entries).toMatchObject([{ action: 'password', outcome: 'unknown' }])
  })
})
