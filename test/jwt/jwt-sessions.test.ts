import fc from 'fast-check'
import { decodeProtectedHeader } from 'jose'
import { describe, expect, it } from 'vitest'
import { StoreError } from '../../src/core/errors.ts'
import { generateJwtKey, importJwtKey } from '../../src/jwt/jwt-key.ts'
import { jwtKeySet } from '../../src/jwt/jwt-key-set.ts'
import {
  createJwtSessions,
  type JwtSessions,
  type JwtSessionsOptions,
  type TokenPair,
} from '../../src/jwt/jwt-sessions.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import {
  anna,
  ben,
  Clock,
  device,
  hour,
  minute,
  type Process,
  startProcess,
  withMethods,
} from '../core/samples.ts'
import { threeKeys } from './forge.ts'

interface Opened extends Process {
  readonly jwt: JwtSessions
  pair(): Promise<TokenPair>
}

async function open(
  options: Partial<JwtSessionsOptions> = {},
  process: Parameters<typeof startProcess>[0] = {},
): Promise<Opened> {
  const started = await startProcess(process)
  const { sessions: manager, store, clock } = started
  const keys = options.keys ?? (await threeKeys())
  const jwt = createJwtSessions({
    ...{ manager, store, keys, issuer: 'https://app.example.org', audience: 'survey', now: clock.now },
    ...options,
  })
  return {
    ...started,
    jwt,
    async pair() {
      const signIn = { identity: anna, remember: false, device, begun: await manager.begin(), replaces: null }
      return given(await jwt.signIn(signIn))
    },
  }
}

function given<T>(value: T | null): T {
  if (value === null) throw new Error('There is none.')
  return value
}

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

async function refusal(jwt: JwtSessions, token: string): Promise<string> {
  const verified = await jwt.verify(token)
  return verified.valid ? 'valid' : verified.refusal
}

describe('createJwtSessions', () => {
  it('signs in with a pair, and the access token leads to the session', async () => {
    const { jwt, pair } = await open()
    const { accessToken, expiresIn, session } = await pair()
    expect(expiresIn).toBe(600)
    const verified = await jwt.verify(accessToken)
    expect(verified).toMatchObject({
      valid: true,
      claims: { sub: 'anna', idp: 'users-file', sid: session.sid },
    })
    expect(verified.valid && verified.session?.identity).toEqual(anna)
    expect(decodeProtectedHeader(accessToken)).toEqual({ alg: 'ES256', kid: 'es-1', typ: 'at+jwt' })
  })

  it('refuses a token from the second it expires on', async () => {
    const { jwt, pair, clock } = await open()
    const { accessToken } = await pair()
    clock.advance(600_000 - 1)
    expect(await refusal(jwt, accessToken)).toBe('valid')
    clock.advance(1)
    expect(await refusal(jwt, accessToken)).toBe('expired')
  })

  it('lets no token live longer than its session', async () => {
    const { jwt, pair, clock } = await open()
    const { session } = await pair()
    clock.at = session.idleAt - 90_500
    const token = given(await jwt.accessToken(session))
    clock.at = session.idleAt
    expect(await refusal(jwt, token)).toBe('expired')
    expect(await jwt.accessToken(session)).toBeNull()
  })

  it('refuses every token of a session at once when it ends, here and on another replica', async () => {
    const clock = new Clock()
    const store = memoryStore({ now: clock.now })
    const one = await open({}, { clock, store })
    const two = await open({}, { clock, store })
    const { accessToken, session } = await one.pair()
    expect(await refusal(two.jwt, accessToken)).toBe('valid')
    await one.sessions.end(session.sid)
    expect(await refusal(one.jwt, accessToken)).toBe('session_ended')
    expect(await refusal(two.jwt, accessToken)).toBe('session_ended')
  })

  it('refuses every token of a user when all their sessions are revoked, and nobody else’s', async () => {
    const { jwt, pair, sessions, signIn } = await open()
    const { accessToken } = await pair()
    const bens = given(await jwt.accessToken((await signIn({ identity: ben })).session))
    await sessions.revokeUser(anna)
    expect(await refusal(jwt, accessToken)).toBe('session_ended')
    expect(await refusal(jwt, bens)).toBe('valid')
  })

  it('asks the store nothing for a token it has just seen', async () => {
    const memory = memoryStore()
    let reads = 0
    const store = withMethods(memory, {
      read: (id) => {
        reads++
        return memory.read(id)
      },
    })
    const { jwt, pair } = await open(
      { now: Date.now },
      { store, clock: Object.assign(new Clock(), { at: Date.now() }) },
    )
    const { accessToken } = await pair()
    await jwt.verify(accessToken)
    const before = reads
    for (let turn = 0; turn < 100; turn++) await jwt.verify(accessToken)
    expect(reads).toBe(before)
  })

  it('asks the store where memory cannot be trusted, and never says "ended" when the store cannot tell', async () => {
    const memory = memoryStore({ now: new Clock().now })
    let isAway = false
    const store = withMethods(memory, {
      isCurrent: () => !isAway,
      read: (id) =>
        isAway ? Promise.reject(new StoreError('ERR_STORE_UNAVAILABLE', 'away')) : memory.read(id),
    })
    const { jwt, pair } = await open({}, { store })
    const { accessToken, refreshToken } = await pair()
    await jwt.verify(accessToken)
    isAway = true
    await expect(jwt.verify(accessToken)).rejects.toThrow(StoreError)
    await expect(jwt.refresh(refreshToken)).rejects.toThrow(StoreError)
    isAway = false
    expect(await refusal(jwt, accessToken)).toBe('valid')
  })

  it('checked at refresh only, lets an ended session’s token live on until it expires, and refreshes it no more', async () => {
    const { jwt, pair, sessions, clock } = await open({ check: 'at-refresh' })
    const { accessToken, refreshToken, session } = await pair()
    await sessions.end(session.sid)
    expect(await jwt.verify(accessToken)).toMatchObject({ valid: true, session: null })
    expect(await jwt.refresh(refreshToken)).toBeNull()
    clock.advance(600_000)
    expect(await refusal(jwt, accessToken)).toBe('expired')
  })

  it('gives each token what the app adds, and lets it replace none of ours', async () => {
    const { jwt, pair } = await open({
      claims: () => ({ plan: 'gold', sub: 'root', exp: 1, aud: 'x', rid: 'x', nbf: 1e12, auth_time: 'x' }),
    })
    expect(await jwt.verify((await pair()).accessToken)).toMatchObject({
      valid: true,
      claims: { plan: 'gold', sub: 'anna' },
    })
  })

  it('says that there are too many claims rather than issue what no browser would keep', async () => {
    const { pair } = await open({ claims: () => ({ x: 'x'.repeat(4000) }) })
    await expect(pair()).rejects.toMatchObject({ code: 'ERR_CONFIG_INVALID' })
  })

  it('says that claims are nested too deeply rather than issue what it would refuse', async () => {
    const nested = JSON.parse(`${'{"a":'.repeat(20)}1${'}'.repeat(20)}`)
    const { pair } = await open({ claims: () => nested })
    await expect(pair()).rejects.toMatchObject({ code: 'ERR_CONFIG_INVALID' })
  })

  it('tells of a sign-out once', async () => {
    const told: string[] = []
    const { jwt, pair } = await open({ onEvent: ({ event }) => told.push(event) })
    const { refreshToken } = await pair()
    await Promise.all([1, 2].map(() => jwt.signOut(refreshToken)))
    await jwt.signOut(refreshToken)
    expect(told).toEqual(['session_signed_out'])
  })

  it('issues none for a browser nobody signed in with', async () => {
    const { jwt, sessions, told } = await open()
    const anonymous = sessions.beginAnonymous()
    const started = given(await sessions.start(anonymous))
    expect(await jwt.accessToken(started.session)).toBeNull()
    expect(await jwt.refresh(anonymous)).toBeNull()
    expect(told('session_rotated')).toBe(0)
    expect(await jwt.signOut(anonymous)).toBe(false)
  })

  it('refuses options that nobody can mean', async () => {
    const options = [
      { issuer: 'app.example.org' },
      { issuer: 'http://app.example.org' },
      { issuer: 'https://app.example.org/?x' },
      { audience: '' },
      { lifetime: 0 },
      { lifetime: 86_400 },
      { lifetime: 90.5 },
      { tolerance: 61 },
      { tolerance: Number.NaN },
    ]
    for (const one of options) await expect(open(one)).rejects.toMatchObject({ code: 'ERR_CONFIG_INVALID' })
  })
})

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

describe('key rotation', () => {
  it('goes from one key to the next without a refused token', async () => {
    const clock = new Clock()
    const store = memoryStore({ now: clock.now })
    const old = await importJwtKey(await generateJwtKey('ES256'))
    const next = await importJwtKey(await generateJwtKey('EdDSA'))
    const steps = await Promise.all(
      [[old], [old, next], [next, old], [next]].map((keys) =>
        open({ keys: jwtKeySet(keys) }, { clock, store }),
      ),
    )
    const [first, second, third, fourth] = steps.map(({ jwt }) => jwt)
    const { session } = await given(steps[0] ?? null).pair()
    const byOld = given((await second?.accessToken(session)) ?? null)
    const byNew = given((await third?.accessToken(session)) ?? null)
    expect(await refusal(given(first ?? null), byOld)).toBe('valid')
    expect(await refusal(given(second ?? null), byNew)).toBe('valid')
    expect(await refusal(given(third ?? null), byOld)).toBe('valid')
    expect(await refusal(given(fourth ?? null), byOld)).toBe('unknown_key')
    expect(await refusal(given(fourth ?? null), byNew)).toBe('valid')
  })
})
