/** A users file that can be read and not written, as a mounted one: what the store can say alone holds, the rest says why not. */
import { mkdir } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { startAdminStage, statusAtApp, userPath } from './admin-harness.ts'
import { type Harness, startHarness } from './harness.ts'
import { ben, password } from './people.ts'
import { formBrowser } from './self-service/browser-form.ts'

// Root may write everywhere, so that no mode would do: where its lock would be is a folder.
async function unwritable({ users: { path } }: Harness): Promise<void> {
  await mkdir(`${path}.lock`)
}

const fresh = 'kelp grows a foot a day'

describe('a users file that cannot be written', { timeout: 30_000 }, () => {
  it('V7.4.2: keeps nobody in whom an admin disables, and nobody out who is enabled again', async () => {
    const stage = await startAdminStage()
    const { to } = stage
    const bens = await to.signIn('ben')
    const annas = await stage.signIn('anna')
    await unwritable(to)
    const disabled = await annas.post(userPath('ben'), { action: 'disable' })
    expect([disabled.status, disabled.body.includes('Done.')]).toEqual([200, true])
    expect(await statusAtApp(to, bens)).toBe(401)
    await expect(to.signIn('ben')).rejects.toThrow('401')
    expect((await annas.post(userPath('ben'), { action: 'enable' })).status).toBe(200)
    expect(await statusAtApp(to, await to.signIn('ben'))).toBe(200)
    const { entries } = await to.audit.read(9)
    expect(entries.map(({ action, outcome }) => `${action} ${outcome}`).slice(0, 2)).toEqual([
      'enable done',
      'disable done',
    ])
  })

  it('says why not, where it alone says who is out, which roles they have, and whether they are there', async () => {
    const stage = await startAdminStage()
    const { to } = stage
    await to.users.setDisabled('ben', true)
    const annas = await stage.signIn('anna')
    await unwritable(to)
    for (const action of ['enable', 'roles', 'remove']) {
      const refused = await annas.post(userPath('ben'), { action, roles: 'keeper' })
      expect([action, refused.status]).toEqual([action, 422])
      expect(refused.body).toContain(`The users file ${to.users.path} cannot be locked`)
    }
    expect((await to.standings.of(ben)).roles).toBeNull()
    expect(to.users.list().map(({ userId }) => userId)).toContain('ben')
  })

  it('says so to who changes their password, without saying where it is', async () => {
    const to = await startHarness()
    const cookie = await to.signIn('anna')
    const at = formBrowser(to, cookie)
    await unwritable(to)
    await at.open('/_holdfast/account')
    const refused = await at.post('/_holdfast/account', { action: 'password', password, new_password: fresh })
    expect(refused.status).toBe(503)
    expect(refused.body).toContain('Your password cannot be changed here right now.')
    expect(refused.body).not.toContain(to.users.path)
    expect(await statusAtApp(to, cookie)).toBe(200)
    expect(to.log).toContainEqual(expect.objectContaining({ level: 'warn', event: 'users_file_unusable' }))
  })
})
