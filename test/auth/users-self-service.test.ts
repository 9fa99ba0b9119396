import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { fileWith } from './folder.ts'
import { nextChange, opened, secret, withAnna } from './opened-users.ts'
import { never, streamlitAuthenticatorSample } from './samples.ts'

const ada = { password: 'xq7-vbwz-ada', email: 'melsby@gmail.com', name: 'Ada Alga', roles: ['viewer'] }

function text(path: string): Promise<string> {
  return readFile(path, 'utf8')
}

describe('registering in a users file', () => {
  it.each(['pre-authorized', 'preauthorized'])(
    'adds the user, takes the address off %s, and leaves every other byte as it was',
    async (spelling) => {
      const before = streamlitAuthenticatorSample
        .replace(
          'pre-authorized:\n  emails:\n',
          `${spelling}:\n  emails: # who may come\n  - kim@example.org # soon\n`,
        )
        .concat('  - Lee@example.org # later\n# end\n')
      const path = await fileWith(before, 'config.yaml')
      const users = await opened(path)
      expect(users.isPreauthorized('melsby@gmail.com')).toBe(true)
      expect(users.isPreauthorized('lee@example.org')).toBe(true)
      expect(users.isPreauthorized('eve@example.org')).toBe(false)
      expect(await users.register('Ada', ada)).toEqual({ done: true })
      expect(users.isPreauthorized('melsby@gmail.com')).toBe(false)
      const after = await text(path)
      const added = /\n {4}ada:\n(?: {6}.*\n)+/.exec(after)?.[0] ?? ''
      expect(added).toMatch(/email: melsby@gmail\.com/)
      expect(after.replace(added, '\n')).toBe(before.replace('  - melsby@gmail.com\n', ''))
      expect((await users.authenticator().verify('ada', ada.password, never))?.claims).toEqual({
        ...{ name: 'Ada Alga', email: 'melsby@gmail.com', roles: ['viewer'] },
      })
    },
  )

  it('reads a list without the level `emails`, as Streamlit-Authenticator leaves it behind, and both spellings at once', async () => {
    const path = await fileWith(
      'users: {}\npreauthorized: [a@example.org, b@example.org]\npre-authorized:\n- A@example.org\n',
    )
    const users = await opened(path)
    expect(await users.register('ada', { ...ada, email: 'a@example.org' })).toEqual({ done: true })
    expect(users.isPreauthorized('a@example.org')).toBe(false)
    expect(users.isPreauthorized('b@example.org')).toBe(true)
    expect(await text(path)).toMatch(/preauthorized: \[ ?b@example.org ?\]\npre-authorized: \[\]\n$/)
  })

  it('says on which line a list is none', async () => {
    const path = await fileWith('users: {}\n\npreauthorized:\n  emails: a@example.org\n')
    await expect(opened(path)).rejects.toThrow(/line 4: `preauthorized` must be a list/)
  })

  it('keeps what else was asked, and tells the app below a name of its own: nobody writes themselves a role', async () => {
    const { users, path } = await withAnna()
    const fields = new Map([
      ['company', 'Kelp & Co: "big"'],
      ['roles', 'admin'],
      ['phone', ''],
    ])
    expect(await users.register('ada', { ...ada, fields })).toEqual({ done: true })
    const identity = await users.authenticator().verify('ada', ada.password, never)
    expect(identity?.claims.roles).toEqual(['viewer'])
    expect(identity?.claims.fields).toEqual({ company: 'Kelp & Co: "big"', roles: 'admin' })
    expect(await text(path)).not.toContain('phone')
  })

  it('refuses a name or an address that somebody has, a disabled one too, and what could not be read back', async () => {
    const { users } = await withAnna('    email: Anna@example.org\n    disabled: true\n')
    const refused = async (name: string, more: object = {}): Promise<unknown> => {
      const outcome = await users.register(name, { ...ada, ...more })
      return typeof outcome === 'string' || outcome.done ? outcome : outcome.reason
    }
    expect(await refused('ANNA')).toBe('user-exists')
    expect(await refused('ada', { email: 'anna@example.org' })).toBe('email-taken')
    expect(await refused('a/b')).toBe('bad-name')
    expect(await refused('ada', { password: 'password' })).toBe('weak-password')
    expect(await refused('ada', { name: 'a\nb' })).toBe('bad-value')
    expect(await refused('ada', { fields: new Map([['x', 'a\nb']]) })).toBe('bad-value')
    expect(users.list()).toHaveLength(1)
  })

  it('lets one of twenty in who register one address at once, and one of twenty who want one name', async () => {
    const { users } = await withAnna()
    const twenty = Array.from({ length: 20 }, (_, n) => n)
    const outcomes = await Promise.all([
      ...twenty.map((n) => users.register(`ada${n}`, ada)),
      ...twenty.map((n) => users.register('kim', { ...ada, email: `kim${n}@example.org` })),
    ])
    const done = outcomes.map((one) => typeof one === 'object' && one.done)
    expect([done.slice(0, 20), done.slice(20)].map((some) => some.filter(Boolean).length)).toEqual([1, 1])
    expect(users.list()).toHaveLength(3)
  })
})

describe('setting a forgotten password', () => {
  const fresh = 'xq7-vbwz-new'

  it('works while nothing has changed, once, and tells of a changed password', async () => {
    const { users } = await withAnna('    email: anna@example.org\n')
    const mark = users.resetMark('Anna') ?? ''
    const change = nextChange(users)
    expect(await users.resetPassword('anna', fresh, mark)).toEqual({ done: true })
    expect(await change).toEqual({ userId: 'anna', kind: 'password' })
    expect(await users.resetPassword('anna', `${fresh}er`, mark)).toBe('stale')
    expect(await users.authenticator().verify('anna', fresh, never)).not.toBeNull()
  })

  it('one of twenty that come at once wins', async () => {
    const { users } = await withAnna()
    const mark = users.resetMark('anna') ?? ''
    const twenty = Array.from({ length: 20 }, (_, n) => users.resetPassword('anna', `${fresh}${n}`, mark))
    expect((await Promise.all(twenty)).filter((one) => one !== 'stale')).toEqual([{ done: true }])
  })

  it.each([
    ['another password', (users: Opened) => users.setPassword('anna', 'xq7-vbwz-other')],
    ['another address', (users: Opened) => users.setDetails('anna', { email: 'new@example.org' })],
    ['being disabled', (users: Opened) => users.setDisabled('anna', true)],
    ['being removed', (users: Opened) => users.remove('anna')],
  ])('%s in between makes it worthless', async (_what, change) => {
    const { users } = await withAnna('    email: anna@example.org\n')
    const mark = users.resetMark('anna') ?? ''
    await change(users)
    expect(await users.resetPassword('anna', fresh, mark)).toBe('stale')
  })

  it('is not for who is unknown, disabled, or has no password here', async () => {
    const { users } = await withAnna('    disabled: true\n  guest:\n    email: g@example.org\n')
    expect(['anna', 'guest', 'ghost', '', 'a/b'].map((name) => users.resetMark(name))).toEqual(
      Array.from({ length: 5 }, () => null),
    )
  })

  it('refuses a weak password and lets the next one be tried', async () => {
    const { users } = await withAnna()
    const mark = users.resetMark('anna') ?? ''
    expect(await users.resetPassword('anna', 'anna', mark)).toMatchObject({ reason: 'weak-password' })
    expect(await users.resetPassword('anna', fresh, mark)).toEqual({ done: true })
  })
})

type Opened = Awaited<ReturnType<typeof opened>>

describe('details in a users file', () => {
  it('changes what is given and no other byte', async () => {
    const {
      users,
      path,
      text: before,
    } = await withAnna('    name: Anna # as she likes it\n    email: a@example.org\n')
    expect(await users.setDetails('anna', { name: 'Anna Berg', email: 'b@example.org' })).toEqual({
      done: true,
    })
    expect(await text(path)).toBe(
      before.replace('name: Anna #', 'name: Anna Berg #').replace('a@example.org', 'b@example.org'),
    )
    expect(users.details('anna')).toMatchObject({ name: 'Anna Berg', email: 'b@example.org' })
    expect(users.byEmail('b@example.org').map(({ userId }) => userId)).toEqual(['anna'])
  })

  it('keeps a name in two halves where Streamlit-Authenticator did', async () => {
    const path = await fileWith(streamlitAuthenticatorSample, 'config.yaml')
    const users = await opened(path)
    expect(await users.setDetails('jsmith', { name: 'Jo van der Smith' })).toEqual({ done: true })
    expect(await text(path)).toBe(
      streamlitAuthenticatorSample
        .replace('first_name: John', 'first_name: Jo')
        .replace('last_name: Smith', 'last_name: van der Smith'),
    )
    expect(users.details('jsmith')?.name).toBe('Jo van der Smith')
  })

  it('signs nobody out, and takes nobody’s address', async () => {
    const { users } = await withAnna('    email: a@example.org\n')
    const changes: unknown[] = []
    users.onChange((change) => changes.push(change))
    expect(await users.register('ada', ada)).toEqual({ done: true })
    expect(await users.setDetails('ada', { email: 'a@example.org' })).toBe('email-taken')
    expect(await users.setDetails('anna', { email: 'a@example.org', fields: new Map([['x', 'y']]) })).toEqual(
      {
        done: true,
      },
    )
    expect(await users.setDetails('anna', { fields: new Map([['x', '']]) })).toEqual({ done: true })
    expect(users.details('anna')?.fields.size).toBe(0)
    expect(await users.setDetails('ghost', { name: 'x' })).toMatchObject({ reason: 'unknown-user' })
    expect(changes).toEqual([])
    expect(await users.authenticator().verify('anna', secret, never)).not.toBeNull()
  })
})
