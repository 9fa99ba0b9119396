/** Another second factor ends every other session of the account: those of the admin page, too. */
import { describe, expect, it } from 'vitest'
import { startAdminStage } from './admin-harness.ts'
import { addApp } from './second-factor.ts'
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
