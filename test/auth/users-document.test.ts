import { describe, expect, it } from 'vitest'
import { parseUsers } from '../../src/auth/users-document.ts'
import { ConfigError } from '../../src/core/errors.ts'
import { streamlitAuthenticatorSample } from './samples.ts'

const hash = '$2b$12$iWlVOac3uujRvTrXDi6wructXftKmo/GyQd6SMu5FmyX306kH.yFO'

function messageOf(text: string): string {
  try {
    parseUsers(text, 'users.yaml')
  } catch (error) {
    if (error instanceof ConfigError && error.code === 'ERR_USERS_INVALID') return error.message
    throw error
  }
  throw new Error('it was accepted')
}

describe('parseUsers', () => {
  it('reads our own format', () => {
    const text = `users:\n  Anna:\n    password: ${hash}\n    name: Anna Berg\n    email: anna@example.org\n    roles: [admin, staff]\n    disabled: true\n  bob: {password: "${hash}"}\n`
    const { format, users } = parseUsers(text, 'users.yaml')
    expect(format).toBe('holdfast')
    expect([...users.values()]).toEqual([
      {
        userId: 'anna',
        key: 'Anna',
        password: hash,
        plain: null,
        name: 'Anna Berg',
        email: 'anna@example.org',
        roles: ['admin', 'staff'],
        disabled: true,
        fields: new Map(),
      },
      {
        userId: 'bob',
        key: 'bob',
        password: hash,
        plain: null,
        name: null,
        email: null,
        roles: [],
        disabled: false,
        fields: new Map(),
      },
    ])
  })

  it("reads Streamlit-Authenticator's sample as it is", () => {
    const { format, users } = parseUsers(streamlitAuthenticatorSample, 'config.yaml')
    expect(format).toBe('streamlit-authenticator')
    expect(users.get('jsmith')).toMatchObject({
      name: 'John Smith',
      email: 'jsmith@gmail.com',
      roles: ['admin', 'editor', 'viewer'],
    })
    expect(users.get('rbriggs')).toMatchObject({ name: 'Rebecca Briggs', roles: ['viewer'], plain: null })
  })

  it('reads the older shape: one name, one role, user names in capitals, guests without a password', () => {
    const text = `credentials:\n  usernames:\n    " JSmith ": {name: John, password: secret text, role: admin, logged_in: True}\n    guest: {email: g@example.org}\n`
    const { users } = parseUsers(text, 'config.yaml')
    expect(users.get('jsmith')).toMatchObject({ name: 'John', plain: 'secret text', roles: ['admin'] })
    expect(users.get('guest')).toMatchObject({ password: null, plain: null })
  })

  it('names every mistake at once, each with its line', () => {
    const message = messageOf(
      [
        'user_list: 1',
        'users:',
        '  anna:',
        '    password: hunter2hunter2',
        '    disable: true',
        '    roles: [1, "a,b"]',
        '  ANNA:',
        `    password: ${hash}`,
        '  42:',
        `    password: ${hash}`,
        '  bob:',
        '    disabled: "no"',
        '    name: [x]',
        '  "x\\ny":',
        `    password: ${hash}`,
        '  carl:',
      ].join('\n'),
    )
    for (const line of [1, 4, 5, 6, 7, 9, 12, 13, 14, 16]) expect(message).toContain(`line ${line}:`)
    expect(message).not.toContain('hunter2')
  })

  it.each([
    ['a plain password in our own format', 'users: {anna: {password: hunter2hunter2}}'],
    ['broken quotes', 'users:\n  anna:\n    password: "hunter2hunter2\n'],
    ['a stray scalar', 'users: {}\nhunter2hunter2\n'],
    ['a number as password', 'credentials: {usernames: {anna: {password: 2222222222}}}'],
    ['a second document', 'users: {}\n---\nhunter2hunter2'],
    ['a key given twice', 'users:\n  a: {password: hunter2hunter2, password: hunter2hunter2}'],
    ['tabs', 'users:\n\tanna:\n\t\tpassword: hunter2hunter2'],
    ['an unknown alias', 'users: {anna: {password: *hunter2hunter2}}'],
  ])('refuses %s without quoting it', (_what, text) => {
    const message = messageOf(text)
    expect(message).not.toMatch(/hunter2|2222222222/)
    expect(message).toMatch(/line \d+: \S/)
  })

  it.each([
    '$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD',
    '$6$rounds=5000$salt$hash',
    '$1$abc$def',
    'pbkdf2:sha256:600000$salt$hash',
    '{SSHA}abcdef',
    'scrypt:32768:8:1$salt$hash',
    '$2b$12$tooshort',
    '$2b$31$iWlVOac3uujRvTrXDi6wructXftKmo/GyQd6SMu5FmyX306kH.yFO',
  ])('refuses the foreign hash %s instead of taking it for a plain password', (foreign) => {
    const message = messageOf(`credentials:\n  usernames:\n    anna:\n      password: "${foreign}"\n`)
    expect(message).toContain('line 4')
    expect(message).not.toContain(foreign)
  })

  it('refuses what would make one user an alias of another', () => {
    expect(messageOf(`users:\n  anna: &a\n    password: ${hash}\n  bob: *a\n`)).toMatch(/aliases|anchors/)
  })

  it.each([
    'users:\n  anna:\n    roles: [a]\n    roles: [b]\n',
    'users: {}\nusers: {}\n',
    'users:\n  anna: {roles: []}\n  anna: {roles: [admin]}\n',
    'credentials: {usernames: {}}\ncookie: {key: a, key: b}\n',
  ])('refuses a key that stands twice, for one of them would be ignored: %j', (text) => {
    expect(messageOf(text)).toMatch(/line \d: this key stands here a second time/)
  })

  it('refuses an empty file, one with neither kind of users, and one with both', () => {
    for (const text of [
      '',
      '# only a comment\n',
      'people: {}\n',
      'users: {}\ncredentials: {usernames: {}}\n',
      '[]',
    ]) {
      expect(messageOf(text)).toContain('line 1')
    }
  })

  it('reads names that mean something to JavaScript as names', () => {
    const { users } = parseUsers(
      `users:\n  __proto__: {roles: [x]}\n  constructor: {roles: [y]}\n`,
      'users.yaml',
    )
    expect([...users.keys()]).toEqual(['__proto__', 'constructor'])
  })

  it('refuses a file of more than 16 MiB before parsing it', () => {
    expect(messageOf(`users: {}\n#${'x'.repeat(16 * 1024 * 1024)}`)).toContain('16 MiB')
  })
})
