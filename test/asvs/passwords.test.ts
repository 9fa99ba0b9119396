/** OWASP ASVS 5.0, V6.1 and V6.2: what a password may be, the same wherever one is chosen. */
import { readFile } from 'node:fs/promises'
import { dictionary } from '@zxcvbn-ts/language-common'
import { describe, expect, it, onTestFinished } from 'vitest'
import { defaultThrottleLimits } from '../../src/auth/throttle.ts'
import { openPeople } from '../../src/gateway/people.ts'
import { startHarness } from '../gateway/harness.ts'
import { password } from '../gateway/people.ts'
import { Visitor } from '../gateway/visitor.ts'

const accountPath = '/_holdfast/account'
const entry = { level: 'info' as const, fields: {} }
const fresh = 'another long kelp forest'

/** Ben, at his account page, with a form that was shown to him. */
async function bensAccount(publicUrl?: string) {
  const to = await startHarness(publicUrl === undefined ? {} : { publicUrl })
  const ben = new Visitor(to)
  await ben.enter('ben')
  const change = async (newPassword: string, old: string = password): Promise<number> => {
    if (!(await ben.isIn())) throw new Error('Ben is signed out.')
    await ben.get(accountPath)
    const fields = { action: 'password', password: old, new_password: newPassword }
    return (await ben.post(accountPath, fields)).status
  }
  return { to, ben, change }
}

/** Every way in which a password is set; what each says to this one. */
async function setEverywhere(chosen: string): Promise<readonly boolean[]> {
  const { to, ben, change } = await bensAccount()
  const { users } = to
  const mark = users.resetMark('ben') ?? ''
  const outcomes = [
    await users.add('dora', { password: chosen }),
    await users.register('emil', { password: chosen, email: 'emil@example.org', fields: new Map() }),
    await users.resetPassword('ben', chosen, mark),
    await users.setPassword('ben', chosen),
  ]
  await users.setPassword('ben', fresh)
  await expect.poll(() => ben.isIn()).toBe(false)
  await ben.enter('ben', fresh)
  return [
    ...outcomes.map((one) => typeof one === 'object' && one.done),
    (await change(chosen, fresh)) === 303,
  ]
}

describe('ASVS V6.1 and V6.2, what a password may be', () => {
  it('V6.1.1: the limits on guessing are documented as they are', async () => {
    const docs = await readFile(new URL('../../docs/people.md', import.meta.url), 'utf8')
    const { network, pair, account, siege, longestDelay } = defaultThrottleLimits
    const said = docs.replace(/\s+/g, ' ')
    expect(network.seconds).toBe(pair.seconds)
    expect(said).toContain(`tried ${pair.most} times in ${pair.seconds} seconds`)
    expect(said).toContain(`all accounts together ${network.most} times`)
    expect(said).toContain(`tried ${account.most} times within ${account.seconds} seconds`)
    expect(said).toContain(`at most ${longestDelay} seconds, and leaves each network ${siege} tries`)
  })

  it('V6.1.2, V6.2.11: none that stands for the person, the place or the product, and the docs say which', async () => {
    const docs = await readFile(new URL('../../docs/people.md', import.meta.url), 'utf8')
    const { to, change } = await bensAccount('https://tideline.kelpforest.example')
    const { store, keyring, sessions, standings, users, log } = to
    const written = { write: (_level: string, event: string) => void log.push({ ...entry, event }) }
    // As the gateway itself opens the file.
    const people = await openPeople({
      config: { users: users.path, loginApi: null, oidc: [], name: 'Kelp Watch' },
      site: { origin: to.origin, base: '' },
      ...{ store: store.store, keyring, sessions, standings, log: written, now: Date.now },
    })
    onTestFinished(() => people.close())
    for (const file of [users, people.usersFile])
      for (const word of ['Kelp Watch', 'kelpwatch', 'KelpForest', 'tideline.kelpforest.example', 'Tideline'])
        for (const spelling of [word, `${word}2026!`, `12${word.toUpperCase()}`])
          expect([spelling, file?.passwordFault('ben', spelling)]).toEqual([spelling, expect.any(String)])
    for (const word of ['Kelp Watch 1', 'Holdfast!', 'Streamlit2026']) expect(await change(word)).toBe(422)
    for (const word of ['holdfast', 'streamlit', 'admin', '--name', 'host of its address', 'e-mail address'])
      expect(docs).toContain(word)
    expect(await change('tideline and three more words')).toBe(303)
  }, 60_000)

  it('V6.2.1: none of fewer than eight characters, however it is set, and eight are enough', async () => {
    expect(await setEverywhere('xkq7vbw')).toEqual([false, false, false, false, false])
    expect(await setEverywhere('🌊🐙🦀🪸🐚🦑🐟')).toEqual([false, false, false, false, false])
    expect(await setEverywhere('xkq7vbwz')).toEqual([true, true, true, true, true])
  }, 60_000)

  it('V6.2.2, V6.2.3: people change their own, with the one they have, which nobody guesses there either', async () => {
    const { to, ben, change } = await bensAccount()
    expect([await change(fresh, ''), await change(fresh, 'wrong')]).toEqual([401, 401])
    expect(await change(fresh)).toBe(303)
    expect(await ben.isIn()).toBe(false)
    expect((await new Visitor(to).enter('ben')).status).toBe(401)
    expect((await ben.enter('ben', fresh)).status).toBe(303)
    const statuses: number[] = []
    for (let guess = 0; guess < 12; guess++) statuses.push(await change('never mind what', `guess ${guess}`))
    expect(statuses.at(-1)).toBe(429)
  }, 60_000)

  it('V6.2.4, V6.2.12: none that leaked or is tried first, compared whole, and without asking anybody', async () => {
    const { to, change } = await bensAccount()
    const leaked = (dictionary['passwords-common'] ?? []).filter((one) => [...one].length >= 8)
    expect(leaked.length).toBeGreaterThan(3_000)
    for (const one of [leaked[0], leaked[2_999], leaked.at(-1)].map(String))
      expect([one, await change(one), await change(one.toUpperCase())]).toEqual([one, 422, 422])
    expect(to.users.passwordFault('ben', `${leaked[2_999]} and ${leaked[0]}`)).toBeNull()
  })
})
