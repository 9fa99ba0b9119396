import { readdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { hash as bcryptHash } from '@node-rs/bcrypt'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { parseUsers } from '../../src/auth/users-document.ts'
import { fileWith } from './folder.ts'
import { startChild } from './processes/child.ts'

const members = Array.from({ length: 200 }, (_, n) => `p${n}`)
const invited = Array.from({ length: 20 }, (_, n) => `n${n}`)

/** A `config.yaml` of Streamlit-Authenticator with comments everywhere but on the lines that registering takes out. */
async function configFile(): Promise<string> {
  const entries = await Promise.all(
    members.map(async (name) => {
      const password = await bcryptHash(`secret of ${name}`, { cost: 4 })
      return `    # before ${name}\n    ${name}: # beside ${name}\n      email: ${name}@example.org\n      logged_in: false\n      password: ${password} # hash of ${name}\n`
    }),
  )
  const list = invited.map((name) => `  - ${name}@example.org\n`).join('')
  return fileWith(
    `# first\ncookie:\n  key: "some_key" # keep\n  name: c\ncredentials:\n  usernames:\n${entries.join('')}# between\npre-authorized:\n  emails: # may come\n${list}# last\n`,
    'config.yaml',
  )
}

function commentsOf(text: string): readonly string[] {
  return text.match(/#.*$/gm) ?? []
}

interface Content {
  readonly cookie: unknown
  readonly credentials: { readonly usernames: Readonly<Record<string, { readonly email: string }>> }
  readonly 'pre-authorized': { readonly emails: readonly string[] }
}

describe('B23: 200 sign-ins and 20 registrations at once against the users file', () => {
  it.each([2, 9, 60, 150])(
    'killed with SIGKILL after %i of them: the file parses, nobody is lost, structure and comments are unchanged',
    async (count) => {
      const path = await configFile()
      const before = await readFile(path, 'utf8')
      const child = startChild('sign-in-and-register.ts', path)
      await child.printed(count)
      child.process.kill('SIGKILL')
      expect(await child.ended).toBeNull()
      const text = await readFile(path, 'utf8')
      const found = [...parseUsers(text, path).users.keys()]
      expect(members.filter((name) => !found.includes(name))).toEqual([])
      const acknowledged = child.lines.flatMap((line) => /^registered (\w+)$/.exec(line)?.[1] ?? [])
      expect(acknowledged.filter((name) => !found.includes(name))).toEqual([])
      // Whoever is in is off the list, and whoever is not is on it: never both, never neither.
      const content = parse(text) as Content
      const joined = invited.filter((name) => found.includes(name))
      expect(content['pre-authorized'].emails).toEqual(
        invited.filter((name) => !joined.includes(name)).map((name) => `${name}@example.org`),
      )
      expect(commentsOf(text)).toEqual(commentsOf(before))
      expect(content.cookie).toEqual((parse(before) as Content).cookie)
      const strip = (all: string): string =>
        all
          .replace(/password: \S+/g, 'password:')
          .replace(/^ {4}n\d+:\n(?: {6}.*\n)+/gm, '')
          .replace(/^ {2}- n\d+@.*\n/gm, '')
      expect(strip(text)).toBe(strip(before))
    },
    60_000,
  )

  it('left alone, all of them succeed, and leave nothing but the file', async () => {
    const path = await configFile()
    const before = await readFile(path, 'utf8')
    const child = startChild('sign-in-and-register.ts', path)
    expect(await child.ended).toBe(0)
    const text = await readFile(path, 'utf8')
    const { users, preauthorized } = parseUsers(text, path)
    expect(users.size).toBe(220)
    expect(preauthorized.flatMap(({ emails }) => emails)).toEqual([])
    expect([...users.values()].every(({ password }) => password?.startsWith('$argon2id$'))).toBe(true)
    expect(commentsOf(text)).toEqual(commentsOf(before))
    expect(await readdir(dirname(path))).toEqual(['config.yaml'])
  }, 60_000)
})
