import { describe, expect, it } from 'vitest'
import { capabilityMint, longestCapability } from '../../src/core/capability.ts'
import { random } from '../../src/core/crypto.ts'
import { openKeyring } from '../../src/core/keyring.ts'
import type { Session } from '../../src/core/session.ts'
import { tokenMint } from '../../src/core/token.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { ben, day, secret, startProcess } from './samples.ts'

async function loaded(
  process: Awaited<ReturnType<typeof startProcess>>,
  credential: string,
): Promise<Session> {
  const found = await process.sessions.load(credential)
  if (found === null) throw new Error('The credential names no session.')
  return found.session
}

describe('the capability', () => {
  it('is the same text from sign-in on, through rotations, on every replica and from memory', async () => {
    const one = await startProcess()
    const two = await startProcess({ clock: one.clock, store: one.store, keyring: one.keyring })
    const issued = await one.signIn()
    const capability = one.sessions.capability(issued.session)
    expect(capability).toMatch(/^s1\.[\w-]{8}\.[\w-]+\.[\w-]{22}$/)
    expect(capability?.length).toBeLessThanOrEqual(longestCapability)
    expect(one.sessions.capability(await loaded(one, issued.credential))).toBe(capability)
    const known = one.sessions.peek(issued.credential)
    expect(known === null ? null : one.sessions.capability(known)).toBe(capability)
    expect(two.sessions.capability(await loaded(two, issued.credential))).toBe(capability)
    one.clock.advance(day / 4)
    const next = await one.sessions.rotate(issued.session, issued.credential)
    if (next === null) throw new Error('Not rotated.')
    expect(one.sessions.capability(next.session)).toBe(capability)
    // The old token leads to the successor, and so does the capability.
    expect(two.sessions.capability(await loaded(two, issued.credential))).toBe(capability)
    expect(two.sessions.capability(await loaded(two, next.credential))).toBe(capability)
  })

  it('is had only where the credential was presented, and only once something is stored', async () => {
    const process = await startProcess()
    const issued = await process.signIn()
    const again = await process.sessions.refresh(issued.session)
    expect(again === null ? 'ended' : process.sessions.capability(again)).toBeNull()
    const [listed] = await process.sessions.listUser({ authenticator: 'users-file', userId: 'anna' })
    expect(listed === undefined ? 'none' : process.sessions.capability(listed)).toBeNull()
    const credential = process.sessions.beginAnonymous()
    expect(process.sessions.capability(await loaded(process, credential))).toBeNull()
    const started = await process.sessions.start(credential)
    expect(started === null ? null : process.sessions.capability(started.session)).toMatch(/^s1\./)
  })

  it('says whose it is and how long, and differs from session to session', async () => {
    const process = await startProcess()
    const mint = capabilityMint(process.keyring, '')
    const anna = await process.signIn()
    const other = await process.signIn({ identity: ben })
    const started = await process.sessions.start(process.sessions.beginAnonymous())
    const all = [anna.session, other.session, started?.session].map((session) => {
      const text = session === undefined ? null : process.sessions.capability(session)
      return text === null ? null : mint.read(text)
    })
    expect(all.map((one) => one?.sid)).toEqual([anna.session.sid, other.session.sid, started?.session.sid])
    expect(all.map((one) => one?.owner)).toEqual([anna.session.user, other.session.user, null])
    expect(all.map((one) => one?.absoluteAt)).toEqual([
      anna.session.absoluteAt,
      other.session.absoluteAt,
      started?.session.absoluteAt,
    ])
    expect(new Set(all.map((one) => one?.stateKey.toString())).size).toBe(3)
  })

  it('is nothing once a character of it is changed, missing or added', async () => {
    const process = await startProcess()
    const mint = capabilityMint(process.keyring, '')
    const { session } = await process.signIn()
    const capability = process.sessions.capability(session) ?? ''
    expect(mint.read(capability)).not.toBeNull()
    for (let index = 0; index < capability.length; index++) {
      const other = capability[index] === 'A' ? 'B' : 'A'
      const [before, after] = [capability.slice(0, index), capability.slice(index + 1)]
      expect(mint.read(before + other + after)).toBeNull()
      expect(mint.read(before + after)).toBeNull()
      expect(mint.read(before)).toBeNull()
      expect(mint.read(`${before}.${capability.slice(index)}`)).toBeNull()
    }
    for (const text of ['', 's1', 's1...', `${capability}=`, `${capability} `, 's1.'.repeat(1000), '\0'])
      expect(mint.read(text)).toBeNull()
  })

  it('is nothing to another app, another store, and where its end has been put further off', async () => {
    const process = await startProcess()
    const { session } = await process.signIn()
    const capability = process.sessions.capability(session) ?? ''
    expect(capabilityMint(process.keyring, 'other').read(capability)).toBeNull()
    const elsewhere = await openKeyring(memoryStore(), [secret])
    expect(capabilityMint(elsewhere, '').read(capability)).toBeNull()
    // One app's capability for another's data is refused even with everything but the MAC's key right.
    const forged = capabilityMint(elsewhere, '')
      .write(session, random(32))
      .replace(elsewhere.kid, process.keyring.kid)
    expect(capabilityMint(process.keyring, '').read(forged)).toBeNull()
  })

  it('signs nobody in: no credential is a capability, and no capability a credential', async () => {
    const process = await startProcess()
    const issued = await process.signIn()
    const capability = process.sessions.capability(issued.session) ?? ''
    const mint = tokenMint(process.keyring)
    const [, kid, body, mac] = capability.split('.')
    for (const credential of [
      capability,
      ...['v1', 'a1', 'u1'].map((kind) => `${kind}.${kid}.${body}.${mac}`),
      `a1.${kid}.0.${body}.${mac}`,
    ]) {
      expect(mint.read(credential)).toBeNull()
      expect(process.sessions.peek(credential)).toBeNull()
      expect(await process.sessions.load(credential)).toBeNull()
      expect(await process.sessions.start(credential)).toBeNull()
    }
    const capabilities = capabilityMint(process.keyring, '')
    const [, , token, tag] = issued.credential.split('.')
    for (const text of [issued.credential, process.sessions.beginAnonymous(), `s1.${kid}.${token}.${tag}`])
      expect(capabilities.read(text)).toBeNull()
  })
})
