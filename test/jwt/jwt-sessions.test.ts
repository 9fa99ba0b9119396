import { decodeProtectedHeader } from 'jose'
import { describe, expect, it } from 'vitest'
import { StoreError } from '../../src/core/errors.ts'
import { generateJwtKey, importJwtKey } from '../../src/jwt/jwt-key.ts'
import { jwtKeySet } from '../../src/jwt/jwt-key-set.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { anna, ben, Clock, withMethods } from '../core/samples.ts'
import { given, open, refusal } from './jwt-stage.ts'

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
