import { randomBytes } from 'node:crypto'
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { addUser, holdfast, inFolder, password, running, signIn } from './command.ts'

/** Whether the app still knows the browser with this cookie. */
async function isIn(url: string, cookie: string): Promise<boolean> {
  // A cookie carries the port in its name, and each start takes a free one.
  const own = `holdfast-${new URL(url).port}=${cookie.slice(cookie.indexOf('=') + 1)}`
  const { status } = await fetch(url, { headers: { cookie: own } })
  // 503 says that it cannot tell, and a busy machine makes it say so.
  if (status === 503) return isIn(url, cookie)
  expect([200, 401]).toContain(status)
  return status === 200
}

describe('holdfast users', { timeout: 120_000 }, () => {
  it('adds, shows, changes and removes people', () =>
    inFolder(async (folder) => {
      await addUser(
        folder,
        'ada',
        '--name',
        'Ada Lovelace',
        '--email',
        'ada@example.org',
        '--roles',
        'admin,editor',
      )
      await addUser(folder, 'ben')
      await holdfast(['users', 'disable', 'ben'], { folder })
      await holdfast(['users', 'roles', 'ada', 'editor'], { folder })
      const shown = JSON.parse(
        (await holdfast(['users', 'list', '--format', 'json'], { folder })).stdout,
      ) as unknown
      expect(shown).toEqual([
        {
          userId: 'ada',
          name: 'Ada Lovelace',
          email: 'ada@example.org',
          roles: ['editor'],
          disabled: false,
          hash: 'argon2id',
        },
        { userId: 'ben', name: null, email: null, roles: [], disabled: true, hash: 'argon2id' },
      ])
      await holdfast(['users', 'remove', 'ben'], { folder })
      const { stdout } = await holdfast(['users', 'list'], { folder })
      expect(stdout).toMatch(/^ada +Ada Lovelace +ada@example\.org +editor +argon2id$/m)
      expect(stdout).not.toContain('ben')
    }))

  it('makes a file that nobody else may read', () =>
    inFolder(async (folder) => {
      await addUser(folder, 'ada')
      expect((await stat(join(folder, 'users.yaml'))).mode & 0o777).toBe(0o600)
    }))

  it('takes over the users of Streamlit-Authenticator', () =>
    inFolder(async (folder) => {
      const hash = '$2b$12$TSuKwWML0EpbohBQgHx4p8E5q.L9PvXCHDKX7tW4QBLO/1CjdBkNS'
      await writeFile(
        join(folder, 'config.yaml'),
        `credentials:\n  usernames:\n    jsmith:\n      email: js@example.org\n      password: ${hash}\n`,
      )
      expect(await holdfast(['users', 'import', 'config.yaml'], { folder })).toMatchObject({ code: 0 })
      expect(await readFile(join(folder, 'users.yaml'), 'utf8')).toContain(hash)
    }))

  it('refuses a password that is easy to guess, and repeats it nowhere', () =>
    inFolder(async (folder) => {
      const ended = await holdfast(['users', 'add', 'ada', '--password-stdin'], {
        folder,
        input: 'password123\n',
      })
      expect(ended.code).toBe(1)
      expect(ended.stdout + ended.stderr).not.toContain('password123')
      expect(ended.stderr).not.toMatch(/^\s+at /m)
    }))

  it('says that there is no such user', () =>
    inFolder(async (folder) => {
      await addUser(folder, 'ada')
      const ended = await holdfast(['users', 'remove', 'bob'], { folder })
      expect(ended).toEqual({ code: 1, stdout: '', stderr: 'holdfast: There is no user "bob".\n' })
    }))

  it('ends the sessions of who is disabled while no gateway runs', () =>
    inFolder(async (folder) => {
      await addUser(folder, 'ada')
      const cookie = await running({ folder }, (url) => signIn(url, 'ada'))
      const ended = await holdfast(['users', 'disable', 'ada'], { folder })
      expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining('has ended') })
      await holdfast(['users', 'enable', 'ada'], { folder })
      await running({ folder }, async (url) => expect(await isIn(url, cookie)).toBe(false))
    }))

  it('keeps the sessions of everybody else', () =>
    inFolder(async (folder) => {
      await addUser(folder, 'ada')
      await addUser(folder, 'ben')
      const cookie = await running({ folder }, (url) => signIn(url, 'ben'))
      await holdfast(['users', 'remove', 'ada'], { folder })
      await running({ folder }, async (url) => expect(await isIn(url, cookie)).toBe(true))
    }))

  it('says so when the sessions could not be ended', () =>
    inFolder(async (folder) => {
      await addUser(folder, 'ada')
      await running({ folder }, (url) => signIn(url, 'ada'))
      await rm(join(folder, '.holdfast/secret'))
      const ended = await holdfast(['users', 'password', 'ada', '--password-stdin'], {
        folder,
        input: `${password} again\n`,
      })
      expect(ended.code).toBe(2)
      expect(ended.stdout).toContain('ada has a new password.')
      expect(ended.stderr).toContain('holdfast sessions revoke --user ada')
    }))
})

describe('holdfast sessions', { timeout: 120_000 }, () => {
  it('shows who is signed in, and ends one session, those of a user, or all', () =>
    inFolder(async (folder) => {
      await addUser(folder, 'ada')
      await addUser(folder, 'ben')
      await running({ folder }, async (url) => {
        const [first, second, other] = [
          await signIn(url, 'ada'),
          await signIn(url, 'ada'),
          await signIn(url, 'ben'),
        ]
        const list = async (): Promise<readonly { sid: string; user: string }[]> =>
          JSON.parse((await holdfast(['sessions', 'list', '--format', 'json'], { folder })).stdout)
        const found = await list()
        expect(found.map(({ user }) => user)).toEqual(['ben', 'ada', 'ada'])

        const oldest = found.at(-1)?.sid ?? ''
        expect(await holdfast(['sessions', 'revoke', oldest], { folder })).toMatchObject({ code: 0 })
        expect([await isIn(url, first), await isIn(url, second)]).toEqual([false, true])

        expect(await holdfast(['sessions', 'revoke', '--user', 'ADA'], { folder })).toMatchObject({ code: 0 })
        expect([await isIn(url, second), await isIn(url, other)]).toEqual([false, true])

        expect(await holdfast(['sessions', 'revoke', '--all'], { folder })).toMatchObject({ code: 0 })
        expect(await isIn(url, other)).toBe(false)
        expect(await list()).toEqual([])
      })
    }))

  it('says that there is no such session', () =>
    inFolder(async (folder) => {
      await addUser(folder, 'ada')
      await running({ folder }, (url) => signIn(url, 'ada'))
      // One in 64 begins with a dash, and is no option.
      for (const sid of ['AAAAAAAAAAAAAAAAAAAAAA', '-AAAAAAAAAAAAAAAAAAAAA', '--AAAAAAAAAAAAAAAAAAAA']) {
        expect(await holdfast(['sessions', 'revoke', sid], { folder })).toMatchObject({
          code: 1,
          stderr: expect.stringContaining(`There is no live session ${sid}`),
        })
      }
      expect(await holdfast(['sessions', 'revoke', '--al'], { folder })).toMatchObject({ code: 2 })
    }))
})

describe('holdfast secrets rotate', { timeout: 120_000 }, () => {
  it('replaces the secret of an embedded store, and signs nobody out', () =>
    inFolder(async (folder) => {
      await addUser(folder, 'ada')
      const file = join(folder, '.holdfast/secret')
      const cookie = await running({ folder }, (url) => signIn(url, 'ada'))
      const old = (await readFile(file, 'utf8')).trim()
      expect(await holdfast(['secrets', 'rotate'], { folder })).toMatchObject({ code: 0 })

      expect(await readFile(file, 'utf8')).not.toContain(old)
      expect((await stat(file)).mode & 0o777).toBe(0o600)
      await running({ folder }, async (url) => expect(await isIn(url, cookie)).toBe(true))
      const withOld = await holdfast(['sessions', 'list'], { folder, env: { HOLDFAST_SECRET: old } })
      expect(withOld).toMatchObject({ code: 2, stderr: expect.stringContaining('None of the given secrets') })
    }))

  it('forgets the old secret once only the new one is given', () =>
    inFolder(async (folder) => {
      const [old, fresh] = [0, 1].map(() => randomBytes(32).toString('base64url'))
      const opens = async (secret: string | undefined): Promise<number | null> =>
        (await holdfast(['env', 'streamlit'], { folder, env: { HOLDFAST_SECRET: secret } })).code
      const rotate = async (secret: string | undefined): Promise<number | null> =>
        (await holdfast(['secrets', 'rotate'], { folder, env: { HOLDFAST_SECRET: secret } })).code

      expect(await opens(old)).toBe(0)
      expect(await rotate(fresh)).toBe(2)
      expect(await rotate(`${fresh},${old}`)).toBe(0)
      expect([await opens(old), await opens(fresh)]).toEqual([0, 0])
      expect(await rotate(fresh)).toBe(0)
      expect([await opens(old), await opens(fresh)]).toEqual([2, 0])
    }))
})
