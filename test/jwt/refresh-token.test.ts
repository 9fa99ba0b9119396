/** The refresh token: replaced with each use, and the end of its family where a copy shows up. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JwtSessions } from '../../src/jwt/jwt-sessions.ts'
import { type Clock, hour, minute } from '../core/samples.ts'
import { given, open, refusal } from './jwt-stage.ts'

/** Every refresh token there was, after these steps. */
async function refreshed(
  jwt: JwtSessions,
  clock: Clock,
  first: string,
  steps: readonly { readonly which: number; readonly wait: number }[],
): Promise<readonly string[]> {
  const held = [first]
  for (const { which, wait } of steps) {
    clock.advance(wait)
    const next = await jwt.refresh(held[which % held.length] ?? '')
    if (next !== null && !held.includes(next.refreshToken)) held.push(next.refreshToken)
  }
  return held
}

describe('refresh', () => {
  it('replaces the refresh token and keeps the session', async () => {
    const { jwt, pair, clock, told } = await open()
    const first = await pair()
    clock.advance(9 * minute)
    const second = given(await jwt.refresh(first.refreshToken))
    expect(second.refreshToken).not.toBe(first.refreshToken)
    expect(second.session.sid).toBe(first.session.sid)
    expect(await refusal(jwt, second.accessToken)).toBe('valid')
    expect(await refusal(jwt, first.accessToken)).toBe('valid')
    expect(told('session_rotated')).toBe(1)
  })

  it('keeps a session alive that would idle out, and none beyond its absolute limit', async () => {
    const { jwt, pair, clock } = await open()
    let { refreshToken, session } = await pair()
    for (let turn = 0; turn < 3; turn++) {
      clock.advance(7 * hour)
      ;({ refreshToken } = given(await jwt.refresh(refreshToken)))
    }
    clock.at = session.absoluteAt
    expect(await jwt.refresh(refreshToken)).toBeNull()
  })

  it('gives three requests at once the same next token, and all are in', async () => {
    const { jwt, pair, told } = await open()
    const { refreshToken } = await pair()
    const all = (await Promise.all([1, 2, 3].map(() => jwt.refresh(refreshToken)))).map(given)
    expect(new Set(all.map((one) => one.refreshToken)).size).toBe(1)
    for (const one of all) expect(await refusal(jwt, one.accessToken)).toBe('valid')
    expect(told('token_reused')).toBe(0)
  })

  it('costs nothing when an answer was lost: the old token leads to the same new one, however late', async () => {
    const { jwt, pair, clock } = await open()
    const { refreshToken } = await pair()
    const lost = given(await jwt.refresh(refreshToken))
    clock.advance(hour)
    expect(given(await jwt.refresh(refreshToken)).refreshToken).toBe(lost.refreshToken)
  })

  it('ends the whole family, with an event, when a replaced token is used again later: thief and owner are out', async () => {
    const { jwt, pair, clock, told } = await open()
    const stolen = await pair()
    const owner = given(await jwt.refresh(stolen.refreshToken))
    clock.advance(10 * minute)
    const later = given(await jwt.refresh(owner.refreshToken))
    clock.advance(31_000)
    expect(await jwt.refresh(stolen.refreshToken)).toBeNull()
    expect(told('token_reused')).toBe(1)
    expect(await jwt.refresh(later.refreshToken)).toBeNull()
    expect(await refusal(jwt, later.accessToken)).toBe('session_ended')
  })

  it('takes no access token for a refresh token, nor the other way round', async () => {
    const { jwt, pair } = await open()
    const { accessToken, refreshToken } = await pair()
    expect(await jwt.refresh(accessToken)).toBeNull()
    expect(await refusal(jwt, refreshToken)).toBe('malformed')
  })

  it('gives nothing back after a sign-out, not even to an answer under way', async () => {
    const { jwt, pair } = await open()
    const { accessToken, refreshToken } = await pair()
    const next = given(await jwt.refresh(refreshToken))
    expect(await jwt.signOut(refreshToken)).toBe(true)
    expect(await jwt.refresh(next.refreshToken)).toBeNull()
    expect(await refusal(jwt, accessToken)).toBe('session_ended')
    expect(await refusal(jwt, next.accessToken)).toBe('session_ended')
    expect(await jwt.signOut(refreshToken)).toBe(false)
  })

  it('holds in any order of refreshes, replays and waits: who is in after a reuse is nobody', async () => {
    const step = fc.record({ which: fc.nat(5), wait: fc.constantFrom(0, 1_000, 29_000, 31_000, 5 * minute) })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const { jwt, pair, clock, told } = await open()
        const held = await refreshed(jwt, clock, (await pair()).refreshToken, steps)
        const answers = []
        for (const token of held.toReversed()) answers.push(await jwt.refresh(token))
        // Whoever holds the newest is still in, whatever was lost on the way: unless a copy showed up.
        if (told('token_reused') === 0) expect(answers[0]).not.toBeNull()
        else expect(await jwt.refresh(held.at(-1) ?? '')).toBeNull()
      }),
      { numRuns: 60 },
    )
  })
})
