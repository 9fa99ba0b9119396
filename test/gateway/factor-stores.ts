/** What must hold of second factors whatever the store, and however many gateways are on it. */
import { expect, it, onTestFinished } from 'vitest'
import { totpCode, totpStep } from '../../src/auth/totp.ts'
import type { SessionStore } from '../../src/core/contracts.ts'
import { startHarness } from './harness.ts'
import { type AppStage, clock, secretOn, withApp } from './second-factor.ts'
import { Visitor } from './visitor.ts'
import { type WatchedStore, watchedStore } from './watched-store.ts'

/** Opens the same store anew, as another process does. */
export type OpenStore = () => Promise<SessionStore>

export function describeFactors(newStore: () => Promise<OpenStore>): void {
  it('V6.3.3: is asked for after the right password, and only then is there a session', async () => {
    const { to, next } = await staged(await newStore())
    const visitor = new Visitor(to)
    const half = await visitor.enter('anna')
    expect([half.status, half.location]).toEqual([303, '/_holdfast/factor'])
    expect(await visitor.isIn()).toBe(false)
    const page = await visitor.get('/_holdfast/factor')
    expect(page.body).toContain('One more step')
    const done = await visitor.post('/_holdfast/factor', { action: 'code', code: next() })
    expect([done.status, done.location]).toEqual([303, '/wanted'])
    expect(await visitor.isIn()).toBe(true)
    expect(to.events.filter(({ event }) => event === 'sign_in_succeeded')).toHaveLength(2)
  }, 30_000)

  it('CVE-2026-82470, V6.5.1: one code opens one of six sign-ins that send it at once, to three gateways', async () => {
    const stage = await staged(await newStore())
    const visitors = await halfIn(stage, 2)
    const code = stage.next()
    const answers = await Promise.all(
      visitors.map((one) => one.post('/_holdfast/factor', { action: 'code', code })),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([303, ...Array(5).fill(401)])
  }, 30_000)

  it('V6.5.1: a recovery code opens once, however often it is sent at once, to three gateways', async () => {
    const stage = await staged(await newStore())
    expect(stage.codes).toHaveLength(10)
    const visitors = await halfIn(stage, 2)
    const code = stage.codes[4] ?? ''
    const answers = await Promise.all(
      visitors.map((one) => one.post('/_holdfast/factor', { action: 'code', code })),
    )
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(1)
    const kept = await stage.to.parts.factors.of({ authenticator: 'users-file', userId: 'anna' })
    expect(kept.recovery).toHaveLength(9)
  }, 30_000)

  it('CVE-2024-21500: wrong codes are counted for the account, of all gateways together', async () => {
    const stage = await staged(await newStore())
    const visitors = await halfIn(stage, 2)
    const wrong = { action: 'code', code: '000000' }
    const statuses: number[] = []
    for (let guess = 0; guess < 12; guess++)
      statuses.push((await visitors[guess % visitors.length]?.post('/_holdfast/factor', wrong))?.status ?? 0)
    expect(statuses).toEqual([...Array(10).fill(401), 429, 429])
    const right = { action: 'code', code: stage.next() }
    expect((await visitors[0]?.post('/_holdfast/factor', right))?.status).toBe(429)
  }, 30_000)

  it('is added once, by one of two sign-ins that must have one', async () => {
    const open = await newStore()
    const at = clock()
    const gateways = await Promise.all(
      [0, 1].map(async () => {
        const store = await opened(open)
        return startHarness({ store, now: at.read, secondFactor: 'required' })
      }),
    )
    const visitors = gateways.map((to) => new Visitor(to))
    const secrets: string[] = []
    for (const visitor of visitors) {
      await visitor.enter('ben')
      await visitor.get('/_holdfast/factor')
      secrets.push(secretOn((await visitor.post('/_holdfast/factor', { action: 'totp-start' })).body))
    }
    // The later start has taken the place of the first.
    expect(secrets[0]).not.toBe(secrets[1])
    await Promise.all(
      visitors.map((visitor, which) => {
        const code = totpCode(secrets[which] ?? '', totpStep(at.now))
        return visitor.post('/_holdfast/factor', { action: 'totp-confirm', code })
      }),
    )
    const isIn = await Promise.all(visitors.map((visitor) => visitor.isIn()))
    expect(isIn).toEqual([false, true])
  }, 30_000)
}

interface Stage extends AppStage {
  readonly open: OpenStore
}

async function staged(open: OpenStore): Promise<Stage> {
  return { ...(await withApp({ store: await opened(open) })), open }
}

async function opened(open: OpenStore): Promise<WatchedStore> {
  const store = await open()
  onTestFinished(() => store.close())
  return watchedStore(undefined, store)
}

/** Browsers at each of three gateways on the store, after the password, before the factor. */
async function halfIn({ to, at, open }: Stage, each: number): Promise<readonly Visitor[]> {
  const gateways = [to]
  while (gateways.length < 3) gateways.push(await startHarness({ store: await opened(open), now: at.read }))
  const visitors: Visitor[] = []
  for (const gateway of gateways)
    for (let n = 0; n < each; n++) {
      const visitor = new Visitor(gateway)
      await visitor.enter('anna')
      await visitor.get('/_holdfast/factor')
      visitors.push(visitor)
    }
  return visitors
}
