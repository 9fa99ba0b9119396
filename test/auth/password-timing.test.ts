import { hash as bcryptHash } from '@node-rs/bcrypt'
import { describe, expect, it } from 'vitest'
import { passwordHasher } from '../../src/auth/password-hash.ts'
import { openUsersFile } from '../../src/auth/users-file.ts'
import { processorTime } from '../processor-time.ts'
import { fileWith } from './folder.ts'
import { never } from './samples.ts'

// Processor time, hashing threads included: what else runs on the machine is not in it. Medians of differences between
// neighbours, so that what slows the processor slows both. A leak is one hash more or less: half of the time and more.
// What is left below the tolerance would take an attacker on the same machine thousands of tries, and the throttle gives
// ten.
const tolerance = 0.15
const rounds = 30
// A burst of load may spoil a measurement; a leak spoils every one.
const measurements = 3

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

type Attempt = (name: string) => Promise<unknown>

/** By what part the median time for a name differs from the median for unknown names measured beside it. */
async function difference(attempt: Attempt, name: string): Promise<number> {
  const differences: number[] = []
  const baseline: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    // Either order, or what the first warms up the second would have for nothing.
    const pair = round % 2 === 0 ? [name, `nobody${round}`] : [`nobody${round}`, name]
    const spent = new Map<string, number>()
    for (const one of pair) spent.set(one, await processorTime(() => attempt(one)))
    const unknown = spent.get(`nobody${round}`) ?? 0
    differences.push((spent.get(name) ?? 0) - unknown)
    baseline.push(unknown)
  }
  return Math.abs(median(differences)) / median(baseline)
}

async function leastDifference(attempt: Attempt, name: string): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let n = 0; n < measurements && least > tolerance; n += 1) {
    least = Math.min(least, await difference(attempt, name))
  }
  return least
}

async function attemptOn(text: string): Promise<Attempt> {
  const users = await openUsersFile(await fileWith(text), { hasher: passwordHasher() })
  const signIn = users.authenticator()
  for (let n = 0; n < 10; n += 1) await signIn.verify('nobody', 'wrong password', never)
  await users.close()
  return (name) => signIn.verify(name, 'wrong password', never)
}

describe('the time of a refused sign-in', () => {
  it('is the same for known, disabled, passwordless and unknown users', async () => {
    const hash = await passwordHasher().hash('right password')
    const attempt = await attemptOn(
      `users:\n  anna: {password: "${hash}"}\n  off: {password: "${hash}", disabled: true}\n  guest: {roles: []}\n`,
    )
    for (const name of ['anna', 'off', 'guest', 'never\0']) {
      expect(await leastDifference(attempt, name)).toBeLessThan(tolerance)
    }
  }, 60_000)

  it('is the same with argon2id, with old bcrypt of any cost, unknown, and disabled with the right password', async () => {
    const [argon2id, guessed, cheap, costly] = await Promise.all([
      passwordHasher().hash('right password'),
      passwordHasher().hash('wrong password'),
      bcryptHash('right password', { cost: 5 }),
      bcryptHash('right password', { cost: 8 }),
    ])
    const attempt = await attemptOn(
      `users:\n  anna: {password: "${argon2id}"}\n  bob: {password: "${cheap}"}\n  carl: {password: "${costly}"}\n  off: {password: "${guessed}", disabled: true}\n`,
    )
    for (const name of ['anna', 'bob', 'carl', 'off']) {
      expect(await leastDifference(attempt, name)).toBeLessThan(tolerance)
    }
  }, 60_000)

  it('is no matter of the name when the password cannot be one', async () => {
    const hash = await passwordHasher().hash('right password')
    const users = await openUsersFile(await fileWith(`users:\n  anna: {password: "${hash}"}\n`))
    const impossible = 'A\u030a'.repeat(500_000)
    const signIn = users.authenticator()
    for (const name of ['anna', 'nobody']) {
      const spent: number[] = []
      for (let n = 0; n < 15; n += 1)
        spent.push(await processorTime(() => signIn.verify(name, impossible, never)))
      // No hashing for either: an argon2id takes ten milliseconds and more.
      expect(median(spent)).toBeLessThan(3)
    }
    await users.close()
  })
})
