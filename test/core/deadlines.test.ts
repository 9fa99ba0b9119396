import { describe, expect, it } from 'vitest'
import { defaultPolicy } from '../../src/core/policy.ts'
import { anna, day, hour, minute, settled, startProcess, whoIs } from './samples.ts'

describe('deadlines', () => {
  it('ASVS 7.3.1: a session without activity is live to the last millisecond and absent from the next', async () => {
    const home = await startProcess()
    const { credential } = await home.signIn()
    await home.sessions.load(credential)
    home.clock.advance(12 * hour - 1)
    expect(home.sessions.peek(credential)).not.toBeNull()
    expect(await home.sessions.load(credential)).not.toBeNull()
    home.clock.advance(1)
    expect(home.sessions.peek(credential)).toBeNull()
    expect(await home.sessions.load(credential)).toBeNull()
    expect(await home.sessions.listUser(anna)).toEqual([])
  })

  it('ASVS 7.3.2: activity every minute does not carry a session over its absolute limit, nor does rotation', async () => {
    const home = await startProcess({ policy: { ...defaultPolicy, rotateAfter: 3 * hour } })
    let { credential, session } = await home.signIn()
    for (let passed = 0; passed < 24 * hour - minute; passed += minute) {
      home.clock.advance(minute)
      const live = home.sessions.peek(credential) ?? (await home.sessions.load(credential))?.session
      if (live === undefined) throw new Error(`It ended after ${passed / hour} hours.`)
      home.sessions.touch(live)
      await settled()
      if (home.sessions.isRotationDue(live)) {
        const issued = await home.sessions.rotate(live, credential)
        if (issued !== null) ({ credential, session } = issued)
      }
    }
    expect(session.version).toBe(8)
    home.clock.advance(minute)
    expect(home.sessions.peek(credential)).toBeNull()
    expect(await home.sessions.load(credential)).toBeNull()
  })

  it('keeps a session that was asked to stay for its fourteen and thirty days, and no longer', async () => {
    const home = await startProcess()
    const idle = await home.signIn({ remember: true })
    home.clock.advance(14 * day - 1)
    expect(await home.sessions.load(idle.credential)).not.toBeNull()
    home.clock.advance(1)
    expect(await home.sessions.load(idle.credential)).toBeNull()

    const busy = await home.signIn({ remember: true })
    for (let days = 1; days < 30; days++) {
      home.clock.advance(day)
      const live = (await home.sessions.load(busy.credential))?.session
      if (live === undefined) throw new Error(`It ended after ${days} days.`)
      home.sessions.touch(live)
      await settled()
    }
    home.clock.advance(day)
    // Whatever date the browser keeps the cookie to: the server's holds.
    expect(await home.sessions.load(busy.credential)).toBeNull()
  })

  it('an expired session is nobody’s to start, rotate or touch back to life', async () => {
    const home = await startProcess()
    const { credential, session } = await home.signIn()
    await home.sessions.load(credential)
    const anonymous = home.sessions.beginAnonymous()
    await home.sessions.start(anonymous)
    home.clock.advance(12 * hour)
    home.sessions.touch(session)
    expect(await home.sessions.rotate(session, credential)).toBeNull()
    expect(await home.sessions.refresh(session)).toBeNull()
    expect(await home.sessions.start(credential)).toBeNull()
    expect(await home.sessions.load(credential)).toBeNull()
    home.clock.advance(12 * hour)
    expect(await home.sessions.start(anonymous)).toBeNull()
  })

  it('says once that a session expired, however often its dead cookie comes', async () => {
    const home = await startProcess()
    const idle = await home.signIn()
    home.clock.advance(12 * hour)
    for (let request = 0; request < 100; request++) await home.sessions.load(idle.credential)
    expect(home.events.filter(({ event }) => event === 'session_expired')).toEqual([
      { event: 'session_expired', sid: idle.session.sid, limit: 'idle' },
    ])
    const busy = await home.signIn()
    home.clock.advance(24 * hour)
    for (let request = 0; request < 100; request++) await home.sessions.load(busy.credential)
    expect(home.events.at(-1)).toEqual({ event: 'session_expired', sid: busy.session.sid, limit: 'absolute' })
    expect(home.told('session_expired')).toBe(2)
  })

  it('comes back as before when a clock that jumped ahead is put right', async () => {
    const home = await startProcess()
    const { credential } = await home.signIn()
    home.clock.advance(day)
    expect(await home.sessions.load(credential)).toBeNull()
    home.clock.advance(-day)
    expect(await whoIs(home.sessions, credential)).toBe('anna')
  })

  it('refuses a policy that nobody can mean', async () => {
    const policy = { ...defaultPolicy, session: { idle: Number.NaN, absolute: day } }
    await expect(startProcess({ policy })).rejects.toMatchObject({ code: 'ERR_CONFIG_INVALID' })
  })
})
