import { readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { hash as bcryptHash } from '@node-rs/bcrypt'
import { describe, expect, it } from 'vitest'
import type { UserChange } from '../../src/auth/users-changes.ts'
import { parseUsers } from '../../src/auth/users-document.ts'
import { openUsersFile } from '../../src/auth/users-file.ts'
import { fileWith } from './folder.ts'
import { startChild } from './processes/child.ts'
import { never, quickHasher } from './samples.ts'

/** Many users with weak hashes, every one with comments of their own. */
async function peopleFile(count: number): Promise<string> {
  const entries = await Promise.all(
    Array.from({ length: count }, async (_, n) => {
      const password = await bcryptHash(`secret of p${n}`, { cost: 4 })
      return `  # before p${n}\n  p${n}: # beside p${n}\n    password: ${password} # hash of p${n}\n    roles: [staff]\n`
    }),
  )
  return fileWith(`# first\nusers:\n${entries.join('')}# last\n`)
}

function commentsOf(text: string): readonly string[] {
  return text.match(/#.*$/gm) ?? []
}

describe('a users file that several processes change at once', () => {
  it('loses nobody and no comment in 200 sign-ins that rehash and 20 additions by four processes', async () => {
    const path = await peopleFile(200)
    const before = await readFile(path, 'utf8')
    const users = await openUsersFile(path, { hasher: quickHasher(), patience: 60 })
    const changes: UserChange[] = []
    users.onChange((change) => changes.push(change))
    const children = ['a', 'b', 'c', 'd'].map((prefix) => startChild('add-users.ts', path, prefix, '5'))
    const signIn = users.authenticator()
    const names = Array.from({ length: 200 }, (_, n) => `p${n}`)
    // In bursts between the additions, so that rewrites of both kinds meet.
    const answers = []
    for (let n = 0; n < 200; n += 20) {
      const burst = names.slice(n, n + 20).map((name) => signIn.verify(name, `secret of ${name}`, never))
      answers.push(...(await Promise.all(burst)))
      await Promise.race(children.map((child) => child.printed(child.lines.length + 1)))
    }
    expect(await Promise.all(children.map((child) => child.ended))).toEqual([0, 0, 0, 0])
    await users.close()
    expect(answers.every((answer) => answer !== null)).toBe(true)
    const text = await readFile(path, 'utf8')
    const found = parseUsers(text, path).users
    const added = ['a', 'b', 'c', 'd'].flatMap((prefix) => [0, 1, 2, 3, 4].map((n) => `${prefix}${n}`))
    expect([...found.keys()].toSorted()).toEqual([...names, ...added].toSorted())
    expect([...found.values()].every(({ password }) => password?.startsWith('$argon2id$'))).toBe(true)
    expect(commentsOf(text)).toEqual(commentsOf(before))
    expect(changes).toEqual([])
    expect(await readdir(dirname(path))).toEqual(['users.yaml'])
  }, 60_000)

  it('takes 200 sign-ins at once, and rewrites the file for all of them', async () => {
    const path = await peopleFile(200)
    const users = await openUsersFile(path, { hasher: quickHasher() })
    const signIn = users.authenticator()
    const names = Array.from({ length: 200 }, (_, n) => `p${n}`)
    const answers = await Promise.all(names.map((name) => signIn.verify(name, `secret of ${name}`, never)))
    await users.close()
    expect(answers.map((answer) => answer?.userId)).toEqual(names)
    const found = [...parseUsers(await readFile(path, 'utf8'), path).users.values()]
    expect(found.every(({ password }) => password?.startsWith('$argon2id$'))).toBe(true)
  })

  it('keeps every acknowledged user when a writer is killed at any moment', async () => {
    const path = await peopleFile(20)
    const before = await readFile(path, 'utf8')
    const acknowledged: string[] = []
    for (let round = 0; round < 6; round += 1) {
      const child = startChild('add-users.ts', path, `r${round}x`, '1000')
      await child.printed(2 + round * 3)
      // Between here and the signal the child is somewhere in the next addition.
      for (let turns = 0; turns < round * 40; turns += 1) await new Promise(setImmediate)
      child.process.kill('SIGKILL')
      await child.ended
      acknowledged.push(...child.lines)
      const { users } = parseUsers(await readFile(path, 'utf8'), path)
      expect(acknowledged.filter((name) => !users.has(name))).toEqual([])
      expect(commentsOf(await readFile(path, 'utf8'))).toEqual(commentsOf(before))
    }
    const users = await openUsersFile(path, { hasher: quickHasher() })
    expect(await users.add('after', { password: 'xq7-vbwz-plm' })).toEqual({ done: true })
    await users.close()
    expect(await readdir(dirname(path))).toEqual(['users.yaml'])
  }, 60_000)

  it('goes on at once after a writer killed with the lock in hand and half a file written, and clears up', async () => {
    const path = await peopleFile(3)
    const before = await readFile(path, 'utf8')
    const child = startChild('hold-lock.ts', path)
    await child.printed(1)
    const users = await openUsersFile(path, { hasher: quickHasher(), patience: 0.1 })
    const tooSoon = users.add('early', { password: 'xq7-vbwz-plm' })
    await expect(tooSoon).rejects.toMatchObject({ code: 'ERR_USERS_LOCKED' })
    child.process.kill('SIGKILL')
    await child.ended
    const left = await readdir(dirname(path))
    expect(left).toContain('users.yaml.lock')
    expect(left.filter((name) => name.endsWith('.tmp'))).toHaveLength(1)
    expect(await readFile(path, 'utf8')).toBe(before)
    expect(await users.add('after', { password: 'xq7-vbwz-plm' })).toEqual({ done: true })
    await users.close()
    expect(await readdir(dirname(path))).toEqual(['users.yaml'])
  })

  it('does not sign in by a user whom another process has removed', async () => {
    const path = await peopleFile(2)
    const users = await openUsersFile(path, { hasher: quickHasher() })
    const told = new Promise((resolve) => users.onChange(resolve))
    await writeFile(path, 'users:\n  other: {roles: []}\n')
    await told
    expect(await users.authenticator().verify('p0', 'secret of p0', never)).toBeNull()
    await users.close()
  })
})
