import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { hash as bcryptHash } from '@node-rs/bcrypt'
import { describe, expect, it } from 'vitest'
import type { PasswordHasher } from '../../src/auth/password-hash.ts'
import type { UserChange } from '../../src/auth/users-changes.ts'
import type { UsersFile } from '../../src/auth/users-file.ts'
import { fileWith } from './folder.ts'
import { hasher, opened, secret, withAnna } from './opened-users.ts'
import { never, quickHasher, streamlitAuthenticatorSample } from './samples.ts'

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
