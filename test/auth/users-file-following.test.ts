import { appendFile, chmod, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { hash as bcryptHash } from '@node-rs/bcrypt'
import { describe, expect, it } from 'vitest'
import type { UserChange } from '../../src/auth/users-changes.ts'
import { fileWith } from './folder.ts'
import { hasher, nextChange, nextFault, nextKind, opened, secret, withAnna } from './opened-users.ts'
import { never, streamlitAuthenticatorSample } from './samples.ts'

describe('following the file', () => {
  it('tells of a removed, a disabled and a re-passworded user, and of other roles, by whatever editor', async () => {
    const { path, users, text } = await withAnna()
    const edits = [
      [text.replace('[staff]', '[staff, admin]'), 'roles'],
      [text.replace('[staff]', '[staff, admin]\n    disabled: true'), 'disabled'],
      [text.replace(/password: \S+/, `password: ${await hasher.hash('other')}`), 'password'],
      ['users: {}\n', 'removed'],
    ] as const
    for (const [next, kind] of edits) {
      const told = nextKind(users, kind)
      await writeFile(path, next)
      expect(await told).toEqual({ userId: 'anna', kind })
    }
    expect(users.list()).toEqual([])
  })

  it('notices a file replaced by rename', async () => {
    const { path, users } = await withAnna()
    const told = nextChange(users)
    await writeFile(`${path}.new`, 'users: {}\n')
    await rename(`${path}.new`, path)
    expect(await told).toEqual({ userId: 'anna', kind: 'removed' })
  })

  it('shows the new users before it tells of the change', async () => {
    const { users } = await withAnna()
    const seen = new Promise((resolve) => users.onChange(() => resolve(users.list().length)))
    await users.remove('anna')
    expect(await seen).toBe(0)
  })

  it('keeps the last good users through a broken edit, tells of it, and takes the repaired file', async () => {
    const { path, users, text } = await withAnna()
    const changes: UserChange[] = []
    users.onChange((change) => changes.push(change))
    for (const broken of ['', 'users:\n', 'users: [', 'users:\n  bob:\n    pasword: x\n', '\xff']) {
      const told = nextFault(users)
      await writeFile(path, broken, 'latin1')
      expect(await told).toMatchObject({ code: 'ERR_USERS_INVALID' })
      expect(await users.authenticator().verify('anna', secret, never)).not.toBeNull()
    }
    const gone = nextFault(users)
    await rm(path)
    expect(await gone).toMatchObject({ code: 'ERR_USERS_INVALID' })
    expect(users.list()).toHaveLength(1)
    expect(changes).toEqual([])
    const told = nextChange(users)
    await writeFile(path, text.replace('[staff]', '[]'))
    expect(await told).toEqual({ userId: 'anna', kind: 'roles' })
  })

  it('does not take half a file, as an editor leaves it for a moment, for the removal of the rest', async () => {
    const hash = await hasher.hash(secret)
    const whole = `users:\n${Array.from({ length: 50 }, (_, n) => `  u${n}: {password: "${hash}"}\n`).join('')}`
    const path = await fileWith(whole)
    const users = await opened(path, { settle: 0.5 })
    const changes: UserChange[] = []
    users.onChange((change) => changes.push(change))
    const edited = whole.replace('u49: {', 'u49: {disabled: true, ')
    await writeFile(path, '')
    for (const line of edited.split(/(?<=\n)/)) await appendFile(path, line)
    const told = await nextKind(users, 'disabled')
    expect(told.userId).toBe('u49')
    expect(changes).toEqual([{ userId: 'u49', kind: 'disabled' }])
  })

  it('goes on telling the others when one listener throws', async () => {
    const { users } = await withAnna()
    users.onChange(() => {
      throw new Error('listener')
    })
    const fault = nextFault(users)
    const told = nextChange(users)
    await users.remove('anna')
    expect(await told).toMatchObject({ kind: 'removed' })
    expect(await fault).toMatchObject({ message: 'listener' })
  })

  it("takes another replica's upgrade of a hash for what it is: no change", async () => {
    const text = `users:\n  anna:\n    password: ${await bcryptHash(secret, { cost: 4 })}\n    roles: [staff]\n`
    const path = await fileWith(text)
    const [here, there] = [await opened(path), await opened(path)]
    const changes: UserChange[] = []
    here.onChange((change) => changes.push(change))
    await there.authenticator().verify('anna', secret, never)
    await there.close()
    const told = nextKind(here, 'roles')
    const upgraded = await readFile(path, 'utf8')
    expect(upgraded).toContain('$argon2id$')
    await writeFile(path, upgraded.replace('[staff]', '[]'))
    await told
    expect(changes).toEqual([{ userId: 'anna', kind: 'roles' }])
    expect(await here.authenticator().verify('anna', secret, never)).not.toBeNull()
  })

  it('hashes a plain password that appears while it runs, and tells of one change only', async () => {
    const path = await fileWith(streamlitAuthenticatorSample)
    const users = await opened(path)
    const changes: UserChange[] = []
    users.onChange((change) => changes.push(change))
    const told = nextKind(users, 'password')
    await writeFile(path, streamlitAuthenticatorSample.replace(/password: \S+/, 'password: new plain words'))
    expect(await told).toEqual({ userId: 'jsmith', kind: 'password' })
    expect(await users.authenticator().verify('jsmith', 'new plain words', never)).not.toBeNull()
    expect(await readFile(path, 'utf8')).not.toContain('plain words')
    expect(changes).toHaveLength(1)
  })

  it('keeps one hash for a plain password it may not replace, so that nobody is signed out for it', async () => {
    const text = streamlitAuthenticatorSample.replace(/password: \S+/, 'password: plain words')
    const path = await fileWith(text)
    const users = await opened(path, { upgrade: false })
    const changes: UserChange[] = []
    users.onChange((change) => changes.push(change))
    const told = nextKind(users, 'roles')
    await writeFile(path, text.replace('- viewer\n    rbriggs', '- watcher\n    rbriggs'))
    await told
    expect(changes).toEqual([{ userId: 'jsmith', kind: 'roles' }])
  })

  it('is silent about its own folder being touched', async () => {
    const { path, users } = await withAnna()
    const changes: UserChange[] = []
    users.onChange((change) => changes.push(change))
    await chmod(path, 0o600)
    await writeFile(join(dirname(path), 'other.yaml'), 'users: {}\n')
    const told = nextChange(users)
    await users.setDisabled('anna', true)
    await told
    expect(changes).toEqual([{ userId: 'anna', kind: 'disabled' }])
  })
})
