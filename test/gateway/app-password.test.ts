/** A password that was set by the app's own form, though the store could not confirm that it ended the sessions. */
import { describe, expect, it, vi } from 'vitest'
import { StoreError } from '../../src/core/errors.ts'
import { appForm } from './app-form.ts'
import { startMailServer } from './mail-server.ts'
import { anna, password } from './people.ts'

const fresh = 'kelp grows a foot a day'

describe('a new password by the app’s own form', { timeout: 60_000 }, () => {
  it.each([
    ['that the sessions ended', (method: string) => method === 'revoke'],
    ['anything any more', () => true],
  ])('is said to be set where the store cannot confirm %s', async (_what, fails) => {
    const mail = await startMailServer()
    const from = 'Kelp <kelp@example.org>'
    const selfService = { mail: { url: mail.url, from, password: null }, registration: null, guest: null }
    const app = await appForm({ selfService })
    const cookie = await app.to.sessionOf(anna)
    const page = await app.page(cookie)
    let isSet = false
    app.to.store.before = async (method) => {
      isSet ||= method === 'revoke'
      if (isSet && fails(method)) throw new StoreError('ERR_STORE_UNAVAILABLE', 'away')
    }
    const answer = await app.ask(page, '/change-password', { current: password, next: fresh })
    expect(answer).toEqual({ status: 200, body: { outcome: 'unconfirmed' } })
    expect((await mail.mailTo('anna@example.org')).subject).toContain('password')
    app.to.store.before = null
    // Whoever follows the file goes on until it is done.
    await vi.waitFor(async () => expect(await app.whoIs(cookie)).toBe(401), { timeout: 20_000 })
    await expect(app.to.signIn('anna')).rejects.toThrow('401')
    expect(await app.to.signIn('anna', fresh)).toMatch(/=v1\./)
  })

  it('is not said to be set where nothing was done', async () => {
    const app = await appForm()
    const page = await app.page(await app.to.sessionOf(anna))
    // The audit log is asked before the file is written.
    let isProven = false
    app.to.store.before = async (method) => {
      isProven ||= method === 'hit'
      if (isProven && method === 'writeState') throw new StoreError('ERR_STORE_UNAVAILABLE', 'away')
    }
    const answer = await app.ask(page, '/change-password', { current: password, next: fresh })
    expect(answer).toEqual({ status: 200, body: { outcome: 'unavailable' } })
    app.to.store.before = null
    expect(await app.to.signIn('anna')).toMatch(/=v1\./)
  })
})
