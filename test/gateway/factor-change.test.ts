/** Another second factor ends every other session of the account: those of the admin page, too. */
import { describe, expect, it } from 'vitest'
import { totpCode, totpStep } from '../../src/auth/totp.ts'
import { usersFileWay } from '../../src/gateway/accounts.ts'
import { startAdminStage } from './admin-harness.ts'
import { startHarness } from './harness.ts'
import { addApp, clock, secretOn } from './second-factor.ts'
import { Visitor } from './visitor.ts'

describe('another second factor, added at the app', () => {
  it('V7.4.3: ends the account’s sessions at the admin page, and leaves those of others', async () => {
    const stage = await startAdminStage()
    await stage.to.users.setRoles('ben', ['admin'])
    const [annas, bens] = [await stage.signIn('anna'), await stage.signIn('ben')]
    const owner = new Visitor(stage.to)
    await owner.enter('anna')
    const status = async () => [(await annas.get('/')).status, (await bens.get('/')).status]
    expect(await status()).toEqual([200, 200])
    await addApp(owner)
    expect(await status()).toEqual([401, 200])
    expect(await owner.isIn()).toBe(true)
  })
})

describe('a first second factor, added while signing in', () => {
  it('V7.4.3: ends the sessions that were begun without it', async () => {
    const at = clock()
    const to = await startHarness({ now: at.read, secondFactor: 'required' })
    // As of before it was required.
    const earlier = async (userId: string) =>
      to.sessions.signIn({
        ...{ identity: { authenticator: usersFileWay, userId, claims: {} }, remember: false, replaces: null },
        ...{ device: { userAgent: '', address: '' }, begun: await to.sessions.begin() },
      })
    const [annas, bens] = [await earlier('anna'), await earlier('ben')]
    const isLive = async (issued: typeof annas) => (await to.sessions.load(issued?.credential ?? '')) !== null
    expect([await isLive(annas), await isLive(bens)]).toEqual([true, true])
    const visitor = new Visitor(to)
    await visitor.enter('anna')
    await visitor.get('/_holdfast/factor')
    const begun = await visitor.post('/_holdfast/factor', { action: 'totp-start' })
    const code = totpCode(secretOn(begun.body), totpStep(at.read()))
    const done = await visitor.post('/_holdfast/factor', { action: 'totp-confirm', code })
    expect(done.status).toBe(200)
    expect([await isLive(annas), await isLive(bens), await visitor.isIn()]).toEqual([false, true, true])
  })
})
