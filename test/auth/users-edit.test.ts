import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { parseUsers } from '../../src/auth/users-document.ts'
import { editUsers, type UsersEdit } from '../../src/auth/users-edit.ts'
import { streamlitAuthenticatorSample } from './samples.ts'

const hash =
  '$argon2id$v=19$m=19456,t=2,p=1$uF7t5ID51Cv/8eOXh/LXdA$TbRRC1QDcjXW7p95pYkV3Qi+zHWUyUUkSehyWpvrKzQ'

const commented = `# our people

users:   # by user name
    # the boss
    Anna:
        password: '${hash}'   # from the old wiki
        name:  Anna   Berg
        roles:   [ admin,staff ]
        # left over

    # on leave
    bob:
        password: ${hash}
        roles:
        - staff   # for now
# end
`

function edited(text: string, ...edits: UsersEdit[]): string {
  return editUsers(parseUsers(text, 'users.yaml'), edits).text
}

describe('editUsers', () => {
  it('changes a password and no other byte', () => {
    const next = hash.replace('uF7t', 'AAAA')
    expect(edited(commented, { path: ['Anna', 'password'], value: next })).toBe(
      commented.replace(`'${hash}'`, next),
    )
  })

  it('adds a user behind the last and changes no other byte', () => {
    const text = edited(commented, { path: ['carl'], value: { password: hash, roles: ['a', 'b'] } })
    const lines = `    carl:\n      password: ${hash}\n      roles:\n        - a\n        - b\n`
    expect(text).toBe(commented.replace('# end\n', `${lines}# end\n`))
  })

  it('removes a user and keeps every comment of the others', () => {
    const text = edited(commented, { path: ['bob'], value: undefined })
    expect(text).toBe(commented.replace(/ {4}bob:[^#]*# for now\n/, ''))
  })

  it('adds a missing field with the indentation of its neighbours', () => {
    const text = edited(commented, { path: ['bob', 'disabled'], value: true })
    expect(text).toBe(commented.replace('# for now\n', '# for now\n        disabled: true\n'))
  })

  it('replaces a list where it stands, in brackets or in lines', () => {
    expect(edited(commented, { path: ['Anna', 'roles'], value: ['a', 'b'] })).toBe(
      commented.replace('[ admin,staff ]', '[a, b]'),
    )
    expect(edited(streamlitAuthenticatorSample, { path: ['jsmith', 'roles'], value: ['admin', 'x'] })).toBe(
      streamlitAuthenticatorSample.replace(
        / {6}- admin\n {6}- editor\n {6}- viewer\n/,
        '        - admin\n        - x\n',
      ),
    )
    const kept = edited(commented, { path: ['bob', 'roles'], value: ['x', 'staff'] })
    expect(kept).toContain('# for now')
    expect(parseUsers(kept, '').users.get('bob')?.roles).toEqual(['x', 'staff'])
  })

  it('takes the last line out of a list, and keeps the comment behind its name', () => {
    const text =
      'users: {}\npre-authorized:\n  emails:  # may come\n  # soon\n  - a@example.org # kin\n# end\n'
    const path = ['pre-authorized', 'emails'] as const
    expect(edited(text, { from: 'root', path, value: [] })).toBe(
      text.replace('emails:', 'emails: []').replace('  - a@example.org # kin\n', ''),
    )
  })

  it('makes several changes at once', () => {
    const text = edited(
      commented,
      { path: ['Anna'], value: undefined },
      { path: ['bob', 'password'], value: hash.replace('uF7t', 'BBBB') },
      { path: ['bob', 'disabled'], value: false },
      { path: ['carl'], value: { roles: [] } },
    )
    const { users } = parseUsers(text, '')
    expect([...users.keys()]).toEqual(['bob', 'carl'])
    expect(users.get('bob')?.password).toContain('BBBB')
    expect(text).toContain('# for now')
  })

  it('edits maps in braces, too, with their comments', () => {
    const text = `users: {anna: {password: "${hash}", roles: [a]}} # all\n# end\n`
    const next = edited(
      text,
      { path: ['anna', 'roles'], value: ['b', 'c'] },
      { path: ['bob'], value: { roles: [] } },
    )
    expect(parse(next)).toEqual({
      users: { anna: { password: hash, roles: ['b', 'c'] }, bob: { roles: [] } },
    })
    expect(next).toContain('# all')
    expect(next).toContain('# end')
  })

  it('takes the last user out and puts one in again', () => {
    const none = edited(`users:\n  anna: {password: "${hash}"}\n`, { path: ['anna'], value: undefined })
    expect(parse(none)).toEqual({ users: {} })
    expect(edited('users: {}\n', { path: ['bob'], value: { roles: [] } })).toBe(
      'users:\n  bob:\n    roles: []\n',
    )
  })

  it('keeps the line ends of Windows, and a file without a last one', () => {
    const windows = commented.replaceAll('\n', '\r\n')
    const text = edited(windows, { path: ['carl'], value: { roles: ['a'] } })
    expect(text.replaceAll('\r\n', '')).not.toContain('\n')
    expect(parseUsers(text, '').users.size).toBe(3)
    expect(edited('users:\n  a:\n    roles: []', { path: ['b'], value: { roles: [] } })).toBe(
      'users:\n  a:\n    roles: []\n  b:\n    roles: []\n',
    )
  })

  it("changes nothing else in Streamlit-Authenticator's file", () => {
    const text = edited(streamlitAuthenticatorSample, { path: ['jsmith', 'password'], value: hash })
    expect(text).toBe(
      streamlitAuthenticatorSample.replace(
        '$2b$12$iWlVOac3uujRvTrXDi6wructXftKmo/GyQd6SMu5FmyX306kH.yFO',
        hash,
      ),
    )
  })

  it('keeps what other sections share through aliases', () => {
    const text = 'other: [&x 1, *x]\ncredentials:\n  usernames:\n    anna: {roles: []}\n'
    expect(parse(edited(text, { path: ['anna', 'roles'], value: ['a'] })).other).toEqual([1, 1])
  })

  it('lets the last of two changes of one value count', () => {
    const text = edited(
      commented,
      { path: ['Anna', 'name'], value: 'B' },
      { path: ['Anna', 'name'], value: 'C' },
    )
    expect(parseUsers(text, '').users.get('anna')?.name).toBe('C')
  })

  it('throws rather than return a text that reads back otherwise', () => {
    // A value no reader would give back: the schema refuses it.
    expect(() => edited(commented, { path: ['bob', 'password'], value: 'plain text' })).toThrow(/by hand/)
  })

  it('round-trips: whatever is set is read back, and everything else is as before, comments included', () => {
    const key = fc.stringMatching(/^[a-zA-Z0-9äöü._@+'~-]{1,12}$/)
    const word = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => !/[\p{Cc}\u2028\u2029,]/u.test(text)),
      fc.constantFrom(
        'yes',
        'null',
        '~',
        '1e3',
        '- a',
        'a: b',
        '# no',
        '"',
        "'",
        '{}',
        '!x',
        '&a',
        '*a',
        '%',
        '@',
        '|',
      ),
    )
    const user = fc.record(
      { name: word, email: word, roles: fc.array(word, { maxLength: 3 }), disabled: fc.boolean() },
      { requiredKeys: [] },
    )
    const users = fc.dictionary(key, user, { maxKeys: 5, noNullPrototype: true })
    const layout = fc.constantFrom(
      { indent: 2 },
      { indent: 4 },
      { indentSeq: false },
      { collectionStyle: 'flow' as const },
    )
    const edit = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), key, user }),
      fc.record({ kind: fc.constant('remove' as const), at: fc.nat() }),
      fc.record({
        kind: fc.constant('roles' as const),
        at: fc.nat(),
        roles: fc.array(word, { maxLength: 3 }),
      }),
      fc.record({ kind: fc.constant('name' as const), at: fc.nat(), name: word }),
    )
    fc.assert(
      fc.property(users, layout, fc.array(edit, { minLength: 1, maxLength: 4 }), (before, style, edits) => {
        const distinct = new Map(Object.entries(before).map((entry) => [entry[0].toLowerCase(), entry]))
        const model: Model = new Map(distinct.values())
        const body = stringify({ users: model }, { lineWidth: 0, ...style })
        let document = parseUsers(`# first\n\n${body}\n# last\n`, '')
        for (const one of edits) {
          const names = [...model.keys()]
          const name = one.kind === 'add' ? one.key : names[one.at % Math.max(names.length, 1)]
          if (name === undefined || (one.kind === 'add' && document.users.has(name.toLowerCase()))) continue
          document = editUsers(document, [play(model, name, one)])
        }
        const read = parse(document.text) as { users: Record<string, unknown> }
        expect(Object.keys(read)).toEqual(['users'])
        expect(new Map(Object.entries(read.users))).toEqual(model)
        expect(document.text).toMatch(/^# first\n/)
        expect(document.text).toContain('\n# last\n')
      }),
      { numRuns: 400 },
    )
  })
})

/** A map: somebody may be called `__proto__`, and an object would take that for its prototype. */
type Model = Map<string, Record<string, unknown>>
type Played =
  | { readonly kind: 'add'; readonly user: Readonly<Record<string, string | boolean | readonly string[]>> }
  | { readonly kind: 'remove' }
  | { readonly kind: 'roles'; readonly roles: readonly string[] }
  | { readonly kind: 'name'; readonly name: string }

/** The edit, done to the model first. */
function play(model: Model, name: string, one: Played): UsersEdit {
  if (one.kind === 'add') {
    model.set(name, one.user)
    return { path: [name], value: one.user }
  }
  if (one.kind === 'remove') {
    model.delete(name)
    return { path: [name], value: undefined }
  }
  const value = one.kind === 'roles' ? one.roles : one.name
  model.set(name, { ...model.get(name), [one.kind]: value })
  return { path: [name, one.kind], value }
}
