import { describe, expect, it } from 'vitest'
import { defaultPolicy } from '../../src/core/policy.ts'
import type { WhenMore } from '../../src/core/session-limit.ts'
import type { TokenPair } from '../../src/jwt/jwt-sessions.ts'
import { anna, ben, device } from '../core/samples.ts'
import { type Opened, open, refusal } from './jwt-stage.ts'

/** JWT sessions of which a person may have two, and how to ask for one more. */
async function limited(
  whenMore: WhenMore,
): Promise<Opened & { ask(identity?: typeof anna): Promise<TokenPair | null> }> {
  const opened = await open({}, { policy: { ...defaultPolicy, perAccount: { most: 2, whenMore } } })
  const { jwt, sessions } = opened
  return {
    ...opened,
    async ask(identity = anna) {
      const begun = await sessions.begin()
      return jwt.signIn({ identity, remember: false, device, begun, replaces: null })
    },
  }
}

describe('ASVS 7.1.2: at most so many sessions a person, of those who come for JWTs, too', () => {
  it('the oldest ends, and with it its tokens', async () => {
    const { ask, jwt, sessions } = await limited('replace-oldest')
    const pairs = [await ask(), await ask(), await ask()]
    expect(await sessions.listUser(anna)).toHaveLength(2)
    const said = await Promise.all(pairs.map((pair) => refusal(jwt, pair?.accessToken ?? '')))
    expect(said).toEqual(['session_ended', 'valid', 'valid'])
    expect(await jwt.refresh(pairs[0]?.refreshToken ?? '')).toBeNull()
  })

  it.each(['refuse', 'ask-to-take-over'] as const)('%s: one more is not signed in', async (whenMore) => {
    const { ask, jwt, sessions, signIn } = await limited(whenMore)
    const pairs = [await ask(), await ask(), await ask()]
    expect(pairs.map((pair) => pair !== null)).toEqual([true, true, false])
    expect(await sessions.listUser(anna)).toHaveLength(2)
    // Nor by the engine itself; anybody else is; and there is room again when one has signed out.
    await expect(signIn()).rejects.toThrow()
    expect(await ask(ben)).not.toBeNull()
    await jwt.signOut(pairs[0]?.refreshToken ?? '')
    expect(await ask()).not.toBeNull()
  })

  it('allow: as many as there are', async () => {
    const { ask, sessions } = await limited('allow')
    for (let turn = 0; turn < 4; turn++) await ask()
    expect(await sessions.listUser(anna)).toHaveLength(4)
  })

  it('no more at once than may be, of many who ask in one moment', async () => {
    const { ask, sessions } = await limited('refuse')
    const pairs = await Promise.all(Array.from({ length: 8 }, () => ask()))
    expect(pairs.filter((pair) => pair !== null)).toHaveLength(2)
    expect(await sessions.listUser(anna)).toHaveLength(2)
  })
})
