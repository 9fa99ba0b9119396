import { describe, expect, it } from 'vitest'
import { defaultPolicy, type Policy } from '../../src/core/policy.ts'
import { day, hour, minute, startProcess } from './samples.ts'

const policy: Policy = {
  ...defaultPolicy,
  session: { idle: hour, absolute: day },
  remember: { idle: 3 * day, absolute: 9 * day },
  anonymous: { idle: 2 * hour, absolute: day },
}

describe('how long a session lasts that an app asked for', () => {
  it.each([
    [false, 10 * minute, 10 * minute],
    [false, 5 * day, hour],
    [true, 2 * day, 2 * day],
    [true, Number.POSITIVE_INFINITY, 3 * day],
  ])('signed in, to stay: %j, for %d ms unused: the policy makes it %d', async (remember, idle, lasts) => {
    const home = await startProcess({ policy })
    const { session } = await home.signIn({ remember, idle })
    expect([session.idle, session.idleAt]).toEqual([lasts, home.clock.now() + lasts])
    const stored = await home.sessions.refresh(session)
    expect(stored).toMatchObject({ idle: lasts, idleAt: home.clock.now() + lasts, remember })
  })

  it('anonymous: no longer than the policy says of those, to stay or not', async () => {
    for (const [idle, lasts] of [
      [minute, minute],
      [9 * day, 2 * hour],
    ] as const) {
      const home = await startProcess({ policy })
      const started = await home.sessions.start(home.sessions.beginAnonymous(), { idle, remember: true })
      expect(started?.session).toMatchObject({
        idle: lasts,
        idleAt: home.clock.now() + lasts,
        remember: true,
      })
    }
  })

  it('from a rotation on: within the policy of what it is then, and never past its absolute deadline', async () => {
    const home = await startProcess({ policy })
    const { session, credential } = await home.signIn()
    const long = await home.sessions.rotate(session, credential, {
      lasting: { idle: 100 * day, remember: true },
    })
    expect(long?.session).toMatchObject({ idle: 3 * day, idleAt: session.absoluteAt, remember: true })
    expect(long?.session.absoluteAt).toBe(session.absoluteAt)
    if (long === null) return
    const short = await home.sessions.rotate(long.session, long.credential, {
      lasting: { idle: 3 * day, remember: false },
    })
    expect(short?.session).toMatchObject({ idle: hour, idleAt: home.clock.now() + hour, remember: false })
    expect(await home.sessions.refresh(session)).toMatchObject({ idle: hour, remember: false })
  })
})
