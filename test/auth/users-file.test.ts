import { open, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { passwordHasher } from '../../src/auth/password-hash.ts'
import { openUsersFile } from '../../src/auth/users-file.ts'
import { fileWith, freshFolder } from './folder.ts'
import { opened, secret, withAnna } from './opened-users.ts'
import { never, streamlitAuthenticatorSample } from './samples.ts'

describe('openUsersFile', () => {
  it('says that the file is missing, unless it may be', async () => {
    const path = join(await freshFolder(), 'users.yaml')
    await expect(openUsersFile(path)).rejects.toMatchObject({ code: 'ERR_USERS_INVALID' })
    const users = await opened(path, { create: true })
    expect(users.list()).toEqual([])
    expect(await users.add('Anna', { password: secret })).toEqual({ done: true })
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  it('refuses a broken file and one that is not UTF-8', async () => {
    const path = await fileWith('users: [')
    await expect(openUsersFile(path)).rejects.toMatchObject({ code: 'ERR_USERS_INVALID' })
    await writeFile(path, Buffer.from('users: {} # caf\xe9', 'latin1'))
    await expect(openUsersFile(path)).rejects.toThrow('UTF-8')
  })
})

describe('changes', () => {
  it('adds, changes and removes users, and keeps mode, comments and order', async () => {
    const { path, users, text } = await withAnna()
    const added = await users.add('Bob', {
      password: secret,
      name: 'Bob B',
      email: 'b@x.org',
      roles: ['staff'],
    })
    expect(added).toEqual({ done: true })
    expect(await users.setDisabled('BOB', true)).toEqual({ done: true })
    expect(await users.setRoles('bob', ['admin', 'admin'])).toEqual({ done: true })
    expect(users.list().at(1)).toEqual({
      userId: 'bob',
      name: 'Bob B',
      email: 'b@x.org',
      roles: ['admin'],
      disabled: true,
      hash: 'argon2id',
    })
    expect(await users.remove('bob')).toEqual({ done: true })
    expect(await readFile(path, 'utf8')).toBe(text)
    expect((await stat(path)).mode & 0o777).toBe(0o640)
  })

  it('answers with a word and a sentence when a change cannot be', async () => {
    const { path, users, text } = await withAnna()
    const reasons = await Promise.all([
      users.add('ANNA', { password: secret }),
      users.add('a\nb', { password: secret }),
      users.add('bob', { password: 'password1' }),
      users.add('bob', { password: secret, roles: ['a,b'] }),
      users.add('bob', { password: secret, name: 'x\ny' }),
      users.setPassword('nobody', secret),
      users.setPassword('anna', 'anna1234'),
      users.remove('nobody'),
      users.setRoles('anna', ['']),
    ])
    expect(reasons.map((outcome) => (outcome.done ? 'done' : outcome.reason))).toEqual([
      'user-exists',
      'bad-name',
      'weak-password',
      'bad-value',
      'bad-value',
      'unknown-user',
      'weak-password',
      'unknown-user',
      'bad-value',
    ])
    expect(await readFile(path, 'utf8')).toBe(text)
  })

  it('puts a whole new file in place: who has the old one open reads all of it to the end', async () => {
    const { path, users, text } = await withAnna()
    const reader = await open(path)
    await users.add('bob', { password: secret })
    expect(await reader.readFile('utf8')).toBe(text)
    await reader.close()
    expect(await readFile(path, 'utf8')).toContain('bob:')
  })

  it('writes through a symbolic link', async () => {
    const { path, users: _users } = await withAnna()
    const link = join(await freshFolder(), 'link.yaml')
    await symlink(path, link)
    const users = await opened(link)
    await users.add('bob', { password: secret })
    expect(await readFile(path, 'utf8')).toContain('bob:')
    expect(users.list().map(({ userId }) => userId)).toEqual(['anna', 'bob'])
  })

  it('changes nothing in a file that someone broke meanwhile', async () => {
    const { path, users } = await withAnna()
    await writeFile(path, 'users:\n  anna: [')
    await expect(users.add('bob', { password: secret })).rejects.toMatchObject({ code: 'ERR_USERS_INVALID' })
    expect(await readFile(path, 'utf8')).toBe('users:\n  anna: [')
  })

  it('imports the users of Streamlit-Authenticator with their hashes and replaces nobody', async () => {
    const { users } = await withAnna('  rbriggs: {roles: [mine]}\n')
    const from = await fileWith(
      streamlitAuthenticatorSample.replace(
        '    rbriggs:',
        '    plain:\n      password: open text\n    rbriggs:',
      ),
    )
    expect(await users.import(from)).toEqual({ imported: ['jsmith', 'plain'], skipped: ['rbriggs'] })
    const found = users.list().map(({ userId, roles, hash }) => [userId, roles, hash])
    expect(found).toEqual([
      ['anna', ['staff'], 'argon2id'],
      ['rbriggs', ['mine'], null],
      ['jsmith', ['admin', 'editor', 'viewer'], 'bcrypt'],
      ['plain', [], 'argon2id'],
    ])
    const signIn = users.authenticator()
    expect(await signIn.verify('jsmith', 'abc', never)).toMatchObject({ claims: { name: 'John Smith' } })
    expect(await signIn.verify('plain', 'open text', never)).not.toBeNull()
  })
})

describe('passwordHasher, with its real settings', () => {
  it('makes the hashes that `add` writes', async () => {
    const path = join(await freshFolder(), 'users.yaml')
    const users = await opened(path, { create: true, hasher: passwordHasher() })
    await users.add('anna', { password: secret })
    expect(await readFile(path, 'utf8')).toContain('$argon2id$v=19$m=19456,t=2,p=1$')
    expect(await users.authenticator().verify('anna', secret, never)).not.toBeNull()
  })
})
