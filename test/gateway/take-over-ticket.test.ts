import { expect, it } from 'vitest'
import { totpCode, totpStep } from '../../src/auth/totp.ts'
import { defaultPolicy } from '../../src/core/policy.ts'
import { type Harness, startHarness } from './harness.ts'
import { anna } from './people.ts'
import { addApp, clock } from './second-factor.ts'
import { type Seen, Visitor } from './visitor.ts'

const minute = 60_000

interface Asked {
  readonly to: Harness
  readonly at: ReturnType<typeof clock>
  /** Who is signed in. */
  readonly owner: Visitor
  /** Whose password was right, and who is asked what shall end for them. */
  readonly asked: Visitor
  /** What is chosen on the page that they see. */
  choose(action: string): Promise<Seen>
}

/** An account that is signed in as often as it may be. */
async function full(most = 1): Promise<Asked> {
  const at = clock()
  const perAccount = { most, whenMore: 'ask-to-take-over' } as const
  const to = await startHarness({ now: at.read, policy: { ...defaultPolicy, perAccount } })
  const [owner, asked] = [new Visitor(to), new Visitor(to)]
  await owner.enter('anna')
  for (let others = 1; others < most; others++) await to.signIn('anna')
  await asked.enter('anna')
  const choose = (action: string): Promise<Seen> => {
    const ticket = /name="ticket" value="([^"]+)"/.exec(asked.last?.body ?? '')?.[1] ?? ''
    return asked.post('/_holdfast/take-over', { ticket, action })
  }
  return { to, at, owner, asked, choose }
}

it('SECURITY: a ticket from before a new password ends nothing that its owner began after it', async () => {
  const { to, owner, choose } = await full()
  await to.sessions.revokeUser(anna)
  await owner.enter('anna')
  expect((await choose('end-all')).status).toBe(400)
  expect(await owner.isIn()).toBe(true)
})

it('a ticket ends nothing of an account that was disabled meanwhile', async () => {
  const { to, owner, choose } = await full()
  await to.standings.change(anna, { disabled: true })
  expect((await choose('end-all')).status).toBe(400)
  expect(await owner.isIn()).toBe(true)
})

it('SECURITY: a ticket ends nothing before the second factor that was added meanwhile is shown', async () => {
  const { at, owner, asked, choose } = await full()
  const { secret } = await addApp(owner, at.read)
  at.now += minute
  expect((await choose('end-all')).location).toBe('/_holdfast/factor')
  expect(await owner.isIn()).toBe(true)
  await asked.get('/_holdfast/factor')
  const again = await asked.post('/_holdfast/factor', {
    ...{ action: 'code', code: totpCode(secret, totpStep(at.now)) },
  })
  expect(again.body).toContain('You are signed in elsewhere')
  expect((await choose('end-all')).location).toBe('/wanted')
  expect([await owner.isIn(), await asked.isIn()]).toEqual([false, true])
})

it('SECURITY: a password is good for five minutes, however often the page is asked for again', async () => {
  const { at, owner, choose } = await full()
  at.now += 3 * minute
  expect((await choose('end:none')).status).toBe(200)
  at.now += 3 * minute
  expect((await choose('end-all')).status).toBe(400)
  expect(await owner.isIn()).toBe(true)
})

it('a session that was asked for what shall end says when the password was typed', async () => {
  const { to, at, choose } = await full()
  const typed = at.now
  at.now += minute
  await choose('end:none')
  at.now += minute
  expect((await choose('end-all')).location).toBe('/wanted')
  expect((await to.sessions.listUser(anna)).map(({ authenticatedAt }) => authenticatedAt)).toEqual([typed])
})

it('what was chosen ends also where there is room by now', async () => {
  const { to, owner, asked, choose } = await full(2)
  const [, second] = await to.sessions.listUser(anna)
  await to.sessions.end(second?.sid ?? '')
  expect((await choose('end-all')).location).toBe('/wanted')
  expect([await owner.isIn(), await asked.isIn()]).toEqual([false, true])
})
