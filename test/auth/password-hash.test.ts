import { hash as bcryptHash } from '@node-rs/bcrypt'
import { describe, expect, it } from 'vitest'
import { hashCost, hashShape, isUpgrade, passwordHasher } from '../../src/auth/password-hash.ts'
import { quickHasher } from './samples.ts'

const jsmith = '$2b$12$iWlVOac3uujRvTrXDi6wructXftKmo/GyQd6SMu5FmyX306kH.yFO'
const cheap = '$2b$04$abcdefghijklmnopqrstuuCi15uRb1eH7NAlJ/TgeJertyknQpYn2'

function bcrypt(password: string | Uint8Array): Promise<string> {
  return bcryptHash(password, { cost: 4 })
}

describe('hash', () => {
  it('makes argon2id no weaker than the OWASP floor by default', async () => {
    const stored = await passwordHasher().hash('correct horse')
    expect(hashShape(stored)).toMatchObject({ kind: 'argon2id', memoryKiB: 19_456, passes: 2, lanes: 1 })
  })

  it('tells passwords apart by case, by a trailing blank and by the 73rd byte', async () => {
    const hasher = quickHasher()
    const password = `${'Ab1'.repeat(24)}x`
    const stored = await hasher.hash(password)
    for (const other of [password.toLowerCase(), `${password} `, `${'Ab1'.repeat(24)}y`]) {
      expect(await hasher.check(stored, other, [])).toBe(false)
    }
    expect(await hasher.check(stored, password, [])).toBe(true)
  })

  it('takes composed and decomposed spellings of a password for one', async () => {
    const hasher = quickHasher()
    const stored = await hasher.hash('fa\u00e7ade \u00e5ngstr\u00f6m')
    expect(await hasher.check(stored, 'fa\u00e7ade \u00e5ngstr\u00f6m'.normalize('NFD'), [])).toBe(true)
  })

  it('never hashes what is empty, too long, broken or holds a NUL', async () => {
    const hasher = quickHasher()
    for (const password of ['', 'a'.repeat(1025), '\u00e4'.repeat(513), 'abc\0defgh', 'abcdefg\ud800']) {
      await expect(hasher.hash(password)).rejects.toThrow(RangeError)
    }
    expect(await hasher.check(await hasher.hash('a'.repeat(1024)), 'a'.repeat(1024), [])).toBe(true)
  })
})

describe('check', () => {
  it.each(['$2a$', '$2b$', '$2y$'])('verifies a %s hash', async (prefix) => {
    const stored = (await bcrypt('some password')).replace('$2b$', prefix)
    expect(await quickHasher().check(stored, 'some password', [])).toBe(true)
    expect(await quickHasher().check(stored, 'some passworD', [])).toBe(false)
  })

  it("verifies Streamlit-Authenticator's hashes", async () => {
    expect(await quickHasher().check(jsmith, 'abc', [])).toBe(true)
    expect(await quickHasher().check(cheap, 'abc', [])).toBe(true)
    expect(await quickHasher().check(cheap, 'abd', [])).toBe(false)
  })

  it('compares the first 72 bytes of a password with an old bcrypt hash, as the one that made it did', async () => {
    const stored = await bcrypt('\u00e4'.repeat(36))
    expect(await quickHasher().check(stored, `${'\u00e4'.repeat(36)}tail`, [])).toBe(true)
    expect(await quickHasher().check(stored, '\u00e4'.repeat(35), [])).toBe(false)
  })

  it('says false, not an error, to a stored text that is no hash', async () => {
    for (const stored of ['', 'abc', '$argon2id$garbage', '$2b$12$short', '$1$salt$hash']) {
      expect(await quickHasher().check(stored, 'abc', [])).toBe(false)
    }
  })

  it('lets no costs fit no password: decoys match nothing', async () => {
    const hasher = quickHasher()
    const costs = [hasher.shape, hashShape(cheap)].filter((shape) => shape !== null)
    expect(await hasher.check(null, 'abc', costs)).toBe(false)
  })

  it('holds at most two hashes in memory however many sign in at once', async () => {
    const hasher = passwordHasher()
    const stored = await hasher.hash('a password')
    const before = process.memoryUsage().rss
    let most = 0
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage().rss - before)
    }, 2)
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => hasher.check(stored, 'a password', [])),
    )
    clearInterval(watch)
    expect(answers.every(Boolean)).toBe(true)
    // 100 at once would be 1.9 GiB; libuv's four threads alone would make 76 MiB.
    expect(most).toBeLessThan(60 * 1024 * 1024)
  })
})

describe('hashShape', () => {
  const salt = 'c29tZXNhbHRzb21lc2FsdA'
  const tail = 'A'.repeat(43)

  it.each([
    `$argon2id$v=19$m=4294967295,t=2,p=1$${salt}$${tail}`,
    `$argon2id$v=19$m=262145,t=2,p=1$${salt}$${tail}`,
    `$argon2id$v=19$m=19456,t=17,p=1$${salt}$${tail}`,
    `$argon2id$v=19$m=19456,t=2,p=17$${salt}$${tail}`,
    `$argon2id$v=19$m=7,t=2,p=1$${salt}$${tail}`,
    `$argon2id$v=19$m=19456,t=0,p=1$${salt}$${tail}`,
    `$argon2i$v=19$m=19456,t=2,p=1$${salt}$${tail}`,
    `$2b$31$${'a'.repeat(53)}`,
    `$2b$16$${'a'.repeat(53)}`,
    `$2b$03$${'a'.repeat(53)}`,
    `$2x$12$${'a'.repeat(53)}`,
    `$2b$12$${'a'.repeat(52)}`,
  ])('refuses %s before it can exhaust memory or time', (stored) => {
    expect(hashShape(stored)).toBeNull()
  })

  it('gives hashes of one cost one name, and of different cost different ones', () => {
    const shapes = [jsmith, cheap, `$argon2id$v=19$m=64,t=1,p=1$${salt}$${tail}`].map(hashShape)
    expect(new Set(shapes.map((shape) => shape && hashCost(shape))).size).toBe(3)
    const again = hashShape(`$argon2id$v=19$m=64,t=1,p=1$${'B'.repeat(22)}$${tail}`)
    expect(again && hashCost(again)).toBe('argon2id 64 1 1')
  })
})

describe('upgrade', () => {
  it('makes a hash of the same password that tells what it was made from', async () => {
    const hasher = quickHasher()
    const stronger = await hasher.upgrade(cheap, 'abc')
    expect(stronger).not.toBeNull()
    expect(hasher.needsRehash(cheap)).toBe(true)
    expect(hasher.needsRehash(stronger ?? '')).toBe(false)
    expect(await hasher.check(stronger, 'abc', [])).toBe(true)
    expect(isUpgrade(cheap, stronger ?? '')).toBe(true)
    expect(isUpgrade(jsmith, stronger ?? '')).toBe(false)
    expect(isUpgrade(cheap, await hasher.hash('abc'))).toBe(false)
  })

  it('does not take over the part of a password that bcrypt never checked', async () => {
    expect(await quickHasher().upgrade(await bcrypt('a'.repeat(72)), 'a'.repeat(73))).toBeNull()
  })

  it('is due for argon2id below the present settings', async () => {
    const weak = await quickHasher().hash('some password')
    expect(passwordHasher().needsRehash(weak)).toBe(true)
  })
})
