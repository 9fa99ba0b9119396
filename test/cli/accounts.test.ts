import { mkdir, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { addUser, holdfast, inFolder, running, signIn } from './command.ts'

interface Account {
  readonly user: string
  readonly way: string
  readonly disabled: boolean
  readonly factorRequired: boolean
  readonly roles: readonly string[] | null
  readonly sessions: readonly { readonly sid: string; readonly address: string }[]
}

async function shownAs(folder: string, ...words: string[]): Promise<readonly Account[]> {
  const { stdout } = await holdfast(['users', 'show', ...words, '--format', 'json'], { folder })
  return JSON.parse(stdout) as readonly Account[]
}

async function audit(folder: string): Promise<readonly Record<string, unknown>[]> {
  const { stdout } = await holdfast(['audit', 'list', '--format', 'json'], { folder })
  return JSON.parse(stdout) as readonly Record<string, unknown>[]
}

const google = 'oidc:\n  - { name: google, issuer: "https://accounts.example.org", clientId: kelp }\n'

describe('holdfast users show', { timeout: 120_000 }, () => {
  it('says how an account stands, and where it is signed in', () =>
    inFolder(async (folder) => {
      await addUser(folder, 'ada', '--roles', 'admin,editor', '--name', 'Ada Lovelace')
      await running({ folder }, async (url) => {
        await signIn(url, 'ada')
        const [ada] = await shownAs(folder, 'ADA')
        expect(ada).toMatchObject({
          user: 'ada',
          way: 'users-file',
          disabled: false,
          roles: ['admin', 'editor'],
        })
        expect(ada?.sessions).toMatchObject([{ address: '127.0.0.1' }])
        const { stdout } = await holdfast(['users', 'show', 'ada'], { folder })
        expect(stdout).toMatch(/^ada \(users-file\)$/m)
        expect(stdout).toMatch(/^ {2}State +may sign in$/m)
        expect(stdout).toContain(ada?.sessions[0]?.sid)
      })
    }))

  it('says that nothing is known of somebody', () =>
    inFolder(async (folder) => {
      await addUser(folder, 'ada')
      expect(await holdfast(['users', 'show', 'bob'], { folder })).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('Nothing is known of bob.'),
      })
    }))
})

describe('an account that commands change', { timeout: 120_000 }, () => {
  it('is disabled in the file and in the store, so that neither alone lets anybody in', () =>
    inFolder(async (folder) => {
      await addUser(folder, 'ada')
      await running({ folder }, async (url) => {
        await signIn(url, 'ada')
        expect(await holdfast(['users', 'disable', 'ada'], { folder })).toMatchObject({
          code: 0,
          stdout: expect.stringContaining('ada is disabled.'),
        })
        // Another replica's users file knows nothing of it.
        const text = 'users:\n  ada: {}\n'
        await mkdir(join(folder, 'copy'), { recursive: true })
        await writeFile(join(folder, 'copy/users.yaml'), text)
        const other = ['--users', 'copy/users.yaml']
        const { stdout } = await holdfast(['users', 'show', 'ada', ...other], { folder })
        expect(stdout).toMatch(/State +disabled/)
        expect(await holdfast(['users', 'enable', 'ada'], { folder })).toMatchObject({ code: 0 })
        expect(await signIn(url, 'ada')).toContain('holdfast')
      })
    }))

  it('may be one of a provider, which the file does not know', () =>
    inFolder(async (folder) => {
      await writeFile(join(folder, 'holdfast.yaml'), google)
      const eve = ['eve@example.org', '--way', 'google']
      expect(await holdfast(['users', 'disable', ...eve], { folder })).toMatchObject({
        code: 0,
        stdout: 'eve@example.org is disabled.\n',
      })
      expect(
        await holdfast(['users', 'roles', 'eve@example.org', 'keeper', '--way', 'google'], { folder }),
      ).toMatchObject({ code: 0 })
      expect(await shownAs(folder, 'eve@example.org')).toMatchObject([
        { way: 'google', disabled: true, roles: ['keeper'], sessions: [] },
      ])
      expect(await holdfast(['users', 'disable', 'eve', '--way', 'gogle'], { folder })).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('There are: users-file, login-api, google.'),
      })
    }))

  it('must show a second factor, until it need not', () =>
    inFolder(async (folder) => {
      await addUser(folder, 'ada')
      expect(await holdfast(['users', 'require-factor', 'ada'], { folder })).toMatchObject({ code: 0 })
      expect((await shownAs(folder, 'ada'))[0]?.factorRequired).toBe(true)
      expect(await holdfast(['users', 'require-factor', 'ada', '--off'], { folder })).toMatchObject({
        code: 0,
      })
      expect((await shownAs(folder, 'ada'))[0]?.factorRequired).toBe(false)
      expect(await holdfast(['users', 'require-factor', 'bob'], { folder })).toMatchObject({
        code: 1,
        stderr: 'holdfast: There is no user "bob".\n',
      })
    }))
})

describe('holdfast users reset-factors', { timeout: 120_000 }, () => {
  it('is done and written down, for whoever there is', () =>
    inFolder(async (folder) => {
      await addUser(folder, 'ada')
      expect(await holdfast(['users', 'reset-factors', 'ada'], { folder })).toMatchObject({
        code: 0,
        stdout: 'ada has no second factor any more.\n',
      })
      expect(await audit(folder)).toMatchObject([{ action: 'factors-reset', outcome: 'done' }])
      expect(await holdfast(['users', 'reset-factors', 'bob'], { folder })).toMatchObject({ code: 1 })
    }))
})

describe('holdfast audit list', { timeout: 120_000 }, () => {
  it('says what commands did, to whom, and who called them', () =>
    inFolder(async (folder) => {
      await addUser(folder, 'ada')
      expect(await audit(folder)).toEqual([])
      await running({ folder }, (url) => signIn(url, 'ada'))
      await holdfast(['users', 'roles', 'ada', 'editor'], { folder })
      await holdfast(['users', 'remove', 'ada'], { folder })
      const by = { user: userInfo().username, way: 'command-line' }
      const to = { user: 'ada', way: 'users-file' }
      expect(await audit(folder)).toMatchObject([
        { action: 'remove', by, to, outcome: 'done' },
        { action: 'roles', by, to, outcome: 'done', detail: 'editor' },
      ])
      const { stdout } = await holdfast(['audit', 'list', '--last', '1'], { folder })
      expect(stdout.split('\n')).toHaveLength(3)
      expect(stdout).toMatch(/remove +ada \(users-file\)/)
      expect(await holdfast(['audit', 'list', '--last', 'x'], { folder })).toMatchObject({ code: 2 })
    }))
})
