import {
  appendFile,
  chmod,
  mkdir,
  open,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { hash as bcryptHash } from '@node-rs/bcrypt'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type PasswordHasher, passwordHasher } from '../../src/auth/password-hash.ts'
import type { UserChange } from '../../src/auth/users-changes.ts'
import { openUsersFile, type UsersFile, type UsersFileOptions } from '../../src/auth/users-file.ts'
import { fileWith, freshFolder } from './folder.ts'
import { never, quickHasher, streamlitAuthenticatorSample } from './samples.ts'

const hasher = quickHasher()
const secret = 'xq7-vbwz-plm'

async function opened(path: string, options: UsersFileOptions = {}): Promise<UsersFile> {
  const users = await openUsersFile(path, {
    hasher: quickHasher(),
    pollEvery: 0.05,
    settle: 0.02,
    ...options,
  })
  onTestFinished(() => users.close())
  return users
}

async function withAnna(extra = ''): Promise<{ path: string; users: UsersFile; text: string }> {
  const text = `# people\nusers:\n  anna:   # boss\n    password: ${await hasher.hash(secret)}\n    roles: [staff]\n${extra}`
  const path = await fileWith(text)
  return { path, users: await opened(path), text }
}

function nextChange(users: UsersFile): Promise<UserChange> {
  return new Promise((resolve) => users.onChange(resolve))
}

function nextFault(users: UsersFile): Promise<Error> {
  return new Promise((resolve) => users.onFault(resolve))
}

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

describe('authenticator', () => {
  it('vouches for the user as the file has them, however the name is spelt', async () => {
    const { users } = await withAnna()
    for (const name of ['anna', ' Anna ', 'ANNA']) {
      expect(await users.authenticator().verify(name, secret, never)).toEqual({
        userId: 'anna',
        authenticator: 'users-file',
        claims: { roles: ['staff'] },
      })
    }
  })

  it('says null to a wrong password, an unknown, disabled or impossible name, and a user without password', async () => {
    const hash = await hasher.hash(secret)
    const { users } = await withAnna(`  off: {password: "${hash}", disabled: true}\n  guest: {roles: []}\n`)
    const signIn = users.authenticator()
    const tries = [
      ['anna', 'wrong password'],
      ['nobody', secret],
      ['off', secret],
      ['guest', ''],
      ['guest', secret],
      ['', secret],
      ['a\0', secret],
      ['x'.repeat(100_000), secret],
      ['anna', 'x'.repeat(100_000)],
      ['__proto__', secret],
    ] as const
    for (const [name, password] of tries) expect(await signIn.verify(name, password, never)).toBeNull()
  })

  it("signs Streamlit-Authenticator's sample users in and leaves argon2id behind, every other byte as it was", async () => {
    const path = await fileWith(streamlitAuthenticatorSample, 'config.yaml')
    const users = await opened(path)
    const changes: UserChange[] = []
    users.onChange((change) => changes.push(change))
    expect(await users.authenticator().verify('JSmith', 'abc', never)).toMatchObject({
      userId: 'jsmith',
      claims: { name: 'John Smith', email: 'jsmith@gmail.com', roles: ['admin', 'editor', 'viewer'] },
    })
    expect(await users.authenticator().verify('rbriggs', 'abc', never)).toBeNull()
    await users.close()
    const text = await readFile(path, 'utf8')
    const old = '$2b$12$iWlVOac3uujRvTrXDi6wructXftKmo/GyQd6SMu5FmyX306kH.yFO'
    expect(text.replace(/\$argon2id\$\S+/, old)).toBe(streamlitAuthenticatorSample)
    expect(text).not.toContain(old)
    const again = await opened(path)
    expect(await again.authenticator().verify('jsmith', 'abc', never)).not.toBeNull()
    expect(await again.authenticator().verify('rbriggs', 'def', never)).not.toBeNull()
    expect(changes).toEqual([])
  })

  it('leaves the file alone when it must not upgrade', async () => {
    const path = await fileWith(streamlitAuthenticatorSample.replace(/password: \S+/, 'password: abc def'))
    const before = await readFile(path, 'utf8')
    const users = await opened(path, { upgrade: false })
    expect(await users.authenticator().verify('jsmith', 'abc def', never)).not.toBeNull()
    expect(await users.authenticator().verify('rbriggs', 'def', never)).not.toBeNull()
    await users.close()
    expect(await readFile(path, 'utf8')).toBe(before)
  })

  it('hashes plain-text passwords in the file before anyone signs in', async () => {
    const text = streamlitAuthenticatorSample.replace(/password: \$2b\S+/, 'password: hunter2 hunter2')
    const path = await fileWith(text)
    const users = await opened(path)
    expect(await readFile(path, 'utf8')).not.toContain('hunter2')
    expect(users.list().map(({ hash }) => hash)).toEqual(['argon2id', 'bcrypt'])
    expect(await users.authenticator().verify('jsmith', 'hunter2 hunter2', never)).not.toBeNull()
  })

  it('does not let in who was removed, disabled or given a new password while the old one was being checked', async () => {
    const { path, text } = await withAnna()
    const edits: ((users: UsersFile) => Promise<unknown>)[] = [
      (users) => users.remove('anna'),
      (users) => users.setDisabled('anna', true),
      (users) => users.setPassword('anna', 'another-xq7-secret'),
    ]
    for (const edit of edits) {
      await writeFile(path, text)
      const slow = pausing(quickHasher())
      const users = await opened(path, { hasher: slow.hasher })
      const answer = users.authenticator().verify('anna', secret, never)
      await slow.reached
      await edit(users)
      slow.resume()
      expect(await answer).toBeNull()
      await users.close()
    }
  })

  it('never puts an upgraded hash in place of a password that was changed meanwhile', async () => {
    const path = await fileWith(`users:\n  anna:\n    password: ${await bcryptHash(secret, { cost: 4 })}\n`)
    const changed = Promise.withResolvers<void>()
    const real = quickHasher()
    const upgrade: PasswordHasher['upgrade'] = async (...given) => {
      await changed.promise
      return real.upgrade(...given)
    }
    const users = await opened(path, { hasher: { ...real, upgrade } })
    expect(await users.authenticator().verify('anna', secret, never)).not.toBeNull()
    await users.setPassword('anna', 'another-xq7-secret')
    changed.resolve()
    await users.close()
    const again = await opened(path)
    expect(await again.authenticator().verify('anna', secret, never)).toBeNull()
    expect(await again.authenticator().verify('anna', 'another-xq7-secret', never)).not.toBeNull()
  })

  it('signs in from a file it cannot write, tells so once, and keeps its hashes', async () => {
    const path = await fileWith(streamlitAuthenticatorSample)
    const users = await opened(path, { patience: 0 })
    // A folder in the lock's place: what nobody can lock, root included.
    await mkdir(`${path}.lock`)
    const faults: Error[] = []
    users.onFault((fault) => faults.push(fault))
    expect(await users.authenticator().verify('jsmith', 'abc', never)).not.toBeNull()
    expect(await users.authenticator().verify('jsmith', 'abc', never)).not.toBeNull()
    await users.close()
    expect(faults).toMatchObject([{ code: 'ERR_USERS_INVALID' }])
    expect(await readFile(path, 'utf8')).toBe(streamlitAuthenticatorSample)
  })

  it('stops waiting when the caller does', async () => {
    const { users } = await withAnna()
    await expect(users.authenticator().verify('anna', secret, AbortSignal.abort())).rejects.toMatchObject({
      name: 'AbortError',
    })
  })
})

/** A hasher that checks for real, and holds the answer back until it is let go. */
function pausing(real: PasswordHasher): {
  readonly hasher: PasswordHasher
  readonly reached: Promise<void>
  readonly resume: () => void
} {
  const reached = Promise.withResolvers<void>()
  const resume = Promise.withResolvers<void>()
  const check: PasswordHasher['check'] = async (...given) => {
    const answer = await real.check(...given)
    reached.resolve()
    await resume.promise
    return answer
  }
  return { hasher: { ...real, check }, reached: reached.promise, resume: resume.resolve }
}

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

function nextKind(users: UsersFile, kind: UserChange['kind']): Promise<UserChange> {
  return new Promise((resolve) => {
    users.onChange((change) => {
      if (change.kind === kind) resolve(change)
    })
  })
}

describe('passwordHasher, with its real settings', () => {
  it('makes the hashes that `add` writes', async () => {
    const path = join(await freshFolder(), 'users.yaml')
    const users = await opened(path, { create: true, hasher: passwordHasher() })
    await users.add('anna', { password: secret })
    expect(await readFile(path, 'utf8')).toContain('$argon2id$v=19$m=19456,t=2,p=1$')
    expect(await users.authenticator().verify('anna', secret, never)).not.toBeNull()
  })
})
