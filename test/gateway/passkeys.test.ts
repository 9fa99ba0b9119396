import { describe, expect, it } from 'vitest'
import { Authenticator, type Behaviour } from './authenticator.ts'
import { type Harness, startHarness } from './harness.ts'
import { password } from './people.ts'
import { Visitor } from './visitor.ts'

const origin = 'https://kelp.example.org'
type Creation = Parameters<Authenticator['create']>[0]
type Request = Parameters<Authenticator['get']>[0]

/** Anna, signed in, with a passkey. */
async function withPasskey(): Promise<{ to: Harness; owner: Visitor; device: Authenticator }> {
  const to = await startHarness({ publicUrl: origin })
  const owner = new Visitor(to)
  await owner.enter('anna')
  const device = new Authenticator()
  await owner.get('/_holdfast/account/factors')
  await owner.post('/_holdfast/account/factors', { action: 'passkey-start', password })
  const passkey = device.create(owner.asked<Creation>(), { origin })
  const done = await owner.post('/_holdfast/account/factors', { action: 'passkey-confirm', passkey })
  expect(done.body).toContain('Your recovery codes')
  return { to, owner, device }
}

/** Answers what the page seen last asks for. */
function answer(visitor: Visitor, device: Authenticator, behaviour: Partial<Behaviour> = {}): string {
  return device.get(visitor.asked<Request>(), { origin, ...behaviour })
}

describe('a passkey as the second factor', () => {
  it('V6.7.2: is asked for after the password, and its answer opens once', async () => {
    const { to, device } = await withPasskey()
    const visitor = new Visitor(to)
    expect((await visitor.enter('anna')).location).toBe('/_holdfast/factor')
    await visitor.get('/_holdfast/factor')
    const passkey = answer(visitor, device, { verifies: false })
    const done = await visitor.post('/_holdfast/factor', { action: 'passkey', passkey })
    expect([done.status, done.location]).toEqual([303, '/wanted'])
    expect(await visitor.isIn()).toBe(true)
    const again = new Visitor(to)
    await again.enter('anna')
    await again.get('/_holdfast/factor')
    expect((await again.post('/_holdfast/factor', { action: 'passkey', passkey })).status).toBe(401)
    expect(await again.isIn()).toBe(false)
  })

  it.each([
    ['from another origin', { origin: 'https://evil.example.org' }],
    ['with a counter that stands still', { counter: 1 }],
    ['of another owner', { userHandle: 'AAAA' }],
  ] as const)('is refused %s', async (_what, behaviour) => {
    const { to, device } = await withPasskey()
    const visitor = new Visitor(to)
    await visitor.enter('anna')
    await visitor.get('/_holdfast/factor')
    const passkey = answer(visitor, device, behaviour)
    expect((await visitor.post('/_holdfast/factor', { action: 'passkey', passkey })).status).toBe(401)
    expect(await visitor.isIn()).toBe(false)
    const event = 'counter' in behaviour ? 'passkey_counter_reused' : 'factor_failed'
    expect(to.events).toContainEqual(expect.objectContaining({ event, userId: 'anna' }))
  })

  it('is refused from a device that was never added, and by whoever was asked in another browser', async () => {
    const { to, device } = await withPasskey()
    const [visitor, other] = [new Visitor(to), new Visitor(to)]
    for (const one of [visitor, other]) {
      await one.enter('anna')
      await one.get('/_holdfast/factor')
    }
    const foreign = new Authenticator()
    const strange = answer(visitor, foreign)
    expect((await visitor.post('/_holdfast/factor', { action: 'passkey', passkey: strange })).status).toBe(
      401,
    )
    const elsewhere = answer(other, device)
    expect((await visitor.post('/_holdfast/factor', { action: 'passkey', passkey: elsewhere })).status).toBe(
      401,
    )
    for (const passkey of ['', '{}', 'null', '[]'])
      expect((await visitor.post('/_holdfast/factor', { action: 'passkey', passkey })).status).toBe(401)
  })
})

describe('a passkey and nothing else', () => {
  it('signs in who showed themselves to their device, and nobody who only held it (V6.5.7)', async () => {
    const { to, device } = await withPasskey()
    const visitor = new Visitor(to)
    await visitor.get('/_holdfast/sign-in?return_to=%2Fwanted')
    const held = answer(visitor, device, { verifies: false })
    expect((await visitor.post('/_holdfast/passkey', { passkey: held })).status).toBe(401)
    expect(await visitor.isIn()).toBe(false)
    const done = await visitor.post('/_holdfast/passkey', { passkey: answer(visitor, device) })
    expect([done.status, done.location]).toEqual([303, '/wanted'])
    expect(await visitor.isIn()).toBe(true)
  })

  it('signs nobody in who was removed, disabled in the store, or took the passkey away', async () => {
    const { to, device, owner } = await withPasskey()
    const tries = async (): Promise<boolean> => {
      const visitor = new Visitor(to)
      await visitor.get('/_holdfast/sign-in')
      await visitor.post('/_holdfast/passkey', { passkey: answer(visitor, device) })
      return visitor.isIn()
    }
    expect(await tries()).toBe(true)
    const anna = { authenticator: 'users-file', userId: 'anna' }
    await to.standings.change(anna, { disabled: true })
    expect(await tries()).toBe(false)
    await to.standings.change(anna, { disabled: false })
    const page = await owner.get('/_holdfast/account/factors')
    const action = /value="(remove:[^"]+)"/.exec(page.body)?.[1] ?? ''
    await owner.post('/_holdfast/account/factors', { action })
    expect(await tries()).toBe(false)
  })

  it('is not offered where browsers have no passkeys: at a bare address', async () => {
    const to = await startHarness()
    const visitor = new Visitor(to)
    expect((await visitor.get('/_holdfast/sign-in')).body).not.toContain('data-passkey=')
  })
})
