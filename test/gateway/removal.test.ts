/** Somebody who was taken out of the users file leaves no way in to whoever has the name next. */
import { readFile, writeFile } from 'node:fs/promises'
import { describe, expect, it, vi } from 'vitest'
import { StoreError } from '../../src/core/errors.ts'
import { startAdminStage, userPath } from './admin-harness.ts'
import { Authenticator } from './authenticator.ts'
import { type Harness, startHarness } from './harness.ts'
import { anna, ben, password } from './people.ts'
import { Visitor } from './visitor.ts'

const origin = 'https://kelp.example.org'
const patient = { timeout: 10_000 }

async function passkeyOf(owner: Visitor): Promise<Authenticator> {
  const device = new Authenticator()
  await owner.get('/_holdfast/account/factors')
  await owner.post('/_holdfast/account/factors', { action: 'passkey-start', password })
  const passkey = device.create(owner.asked(), { origin })
  await owner.post('/_holdfast/account/factors', { action: 'passkey-confirm', passkey })
  return device
}

/** Takes Anna out as an editor would. */
async function editedOut({ users: { path } }: Harness): Promise<void> {
  const text = await readFile(path, 'utf8')
  const without = text.replace(/^ {2}anna:\n(?: {4}.*\n)+/m, '')
  expect(without).not.toContain('anna')
  await writeFile(path, without)
}

async function addCode({ parts: { factors } }: Harness, who: typeof ben): Promise<void> {
  const totp = { secret: 'JBSWY3DPEHPK3PXP', lastStep: 0, since: 0 }
  await factors.change(who, (record) => ({ ...record, totp }))
}

function nothingIsKept({ parts: { factors }, standings }: Harness, who: typeof ben): Promise<void> {
  return vi.waitFor(async () => {
    expect(await factors.asks(who)).toBeNull()
    expect(await standings.of(who)).toEqual({ disabled: false, factorRequired: false, roles: null })
  }, patient)
}

describe('whoever is removed from the users file', { timeout: 30_000 }, () => {
  it('opens the account of the next of that name with no passkey of theirs', async () => {
    const to = await startHarness({ publicUrl: origin })
    const owner = new Visitor(to)
    await owner.enter('anna')
    const device = await passkeyOf(owner)
    expect(await to.parts.factors.asks(anna)).toBe('factor')
    await editedOut(to)
    await nothingIsKept(to, anna)
    await to.users.add('anna', { password: 'quite another person', roles: ['payroll'] })
    const old = new Visitor(to)
    await old.get('/_holdfast/sign-in')
    await old.post('/_holdfast/passkey', { passkey: device.get(old.asked(), { origin }) })
    expect(await old.isIn()).toBe(false)
    const next = new Visitor(to)
    expect((await next.enter('anna', 'quite another person')).location).toBe('/wanted')
    expect(await next.isIn()).toBe(true)
  })

  it('is forgotten once the store can, where it was away', async () => {
    const to = await startHarness()
    await to.standings.change(anna, { factorRequired: true })
    await addCode(to, anna)
    to.store.before = async (method) => {
      if (method === 'writeState') throw new StoreError('ERR_STORE_UNAVAILABLE', 'away')
    }
    await to.users.remove('anna')
    const pending = () => to.log.filter(({ event }) => event === 'revocation_pending')
    await vi.waitFor(() => expect(pending()).not.toEqual([]), patient)
    to.store.before = null
    await nothingIsKept(to, anna)
  })

  it('is forgotten where the end of their sessions cannot be confirmed', async () => {
    const stage = await startAdminStage()
    const { to } = stage
    await to.standings.change(ben, { factorRequired: true })
    await addCode(to, ben)
    const annas = await stage.signIn('anna')
    to.store.before = async (method) => {
      if (method === 'revoke') throw new StoreError('ERR_STORE_UNAVAILABLE', 'away')
    }
    expect((await annas.post(userPath('ben'), { action: 'remove' })).status).toBe(503)
    await nothingIsKept(to, ben)
    to.store.before = null
  })
})
