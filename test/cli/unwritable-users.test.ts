/** Commands where the users file can be read and not written, as a mounted one. */
import { mkdir, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { addUser, holdfast, inFolder, running, signIn } from './command.ts'

describe('a users file that cannot be written', { timeout: 120_000 }, () => {
  it('is no reason to let somebody stay in: the store keeps who is disabled, and who is not any more', () =>
    inFolder(async (folder) => {
      await addUser(folder, 'ada')
      await running({ folder }, async (url) => {
        const cookie = await signIn(url, 'ada')
        // Root may write everywhere, so that no mode would do: where its lock would be is a folder.
        await mkdir(join(folder, 'users.yaml.lock'))
        const disabled = await holdfast(['users', 'disable', 'ada'], { folder })
        expect(disabled).toMatchObject({ code: 0, stdout: expect.stringContaining('ada is disabled.') })
        expect(disabled.stderr).toContain('users.yaml cannot be locked')
        expect((await fetch(url, { headers: { cookie } })).status).toBe(401)
        await expect(signIn(url, 'ada')).rejects.toThrow('401')
        expect(await holdfast(['users', 'enable', 'ada'], { folder })).toMatchObject({ code: 0 })
        expect(await signIn(url, 'ada')).toContain('holdfast')
        const roles = await holdfast(['users', 'roles', 'ada', 'keeper'], { folder })
        expect(roles).toMatchObject({ code: 1, stdout: '' })
        expect(roles.stderr).toContain('users.yaml cannot be locked')
        await rmdir(join(folder, 'users.yaml.lock'))
      })
    }))

  it('is a fault where there is no store that could keep it', () =>
    inFolder(async (folder) => {
      await addUser(folder, 'ada')
      await mkdir(join(folder, 'users.yaml.lock'))
      const ended = await holdfast(['users', 'disable', 'ada'], { folder })
      expect(ended).toMatchObject({ code: 2, stdout: '' })
      expect(ended.stderr).toContain('users.yaml cannot be locked')
    }))
})
