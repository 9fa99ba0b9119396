import { beforeAll, describe, expect, it } from 'vitest'
import type { Session } from '../../src/core/session.ts'
import type { AccessClaims } from '../../src/jwt/access-claims.ts'
import { createJwtSessions, type JwtSessions } from '../../src/jwt/jwt-sessions.ts'
import { type Clock, startProcess } from '../core/samples.ts'
import {
  type Attack,
  algorithmAttacks,
  claimAttacks,
  headerAttacks,
  keyAttacks,
  spellingAttacks,
} from './attack-corpus.ts'
import { ed25519, es256, hs256, part, signed, threeKeys } from './forge.ts'

const issuer = 'https://app.example.org'

interface World {
  readonly jwt: JwtSessions
  readonly claims: AccessClaims
  readonly token: string
  readonly session: Session
  readonly clock: Clock
}

async function opened(): Promise<World> {
  const { sessions: manager, store, clock, signIn } = await startProcess()
  const keys = await threeKeys()
  const jwt = createJwtSessions({ manager, store, keys, issuer, audience: 'survey', now: clock.now })
  const { session } = await signIn()
  const token = (await jwt.accessToken(session)) ?? ''
  const verified = await jwt.verify(token)
  if (!verified.valid) throw new Error(`The token that all attacks start from is ${verified.refusal}.`)
  return { jwt, claims: verified.claims, token, session, clock }
}

let world: Awaited<ReturnType<typeof opened>>
beforeAll(async () => {
  world = await opened()
})

/** The corpus needs claims of a live session to name its vectors; their names need none. */
const nobody: AccessClaims = {
  ...{
    iss: issuer,
    aud: 'survey',
    sub: 'anna',
    idp: 'users-file',
    sid: '',
    rid: '',
    jti: 'j',
    iat: 1,
    exp: 2,
  },
}
const corpus: Readonly<Record<string, (claims: AccessClaims) => readonly Attack[]>> = {
  algorithms: algorithmAttacks,
  keys: keyAttacks,
  headers: headerAttacks,
  claims: claimAttacks,
  spellings: spellingAttacks,
}
const named = Object.entries(corpus).flatMap(([kind, made]) =>
  made(nobody).map(({ name }) => [kind, name] as const),
)

describe('an access token', () => {
  it.each(named)('(%s) is refused: %s', async (kind, name) => {
    const attack = corpus[kind]?.(world.claims).find((one) => one.name === name)
    expect(await world.jwt.verify(attack?.token ?? '')).toEqual({ valid: false, refusal: attack?.refusal })
  })

  it('is refused in a hundred ways or more, each with a name of its own', () => {
    expect(new Set(named.map(([, name]) => name)).size).toBe(named.length)
    expect(named.length).toBeGreaterThanOrEqual(100)
  })

  it('counts when made by hand as we make it, with each of our keys: what is refused above is refused for its fault', async () => {
    for (const [alg, jwk] of [
      ['ES256', es256],
      ['EdDSA', ed25519],
      ['HS256', hs256],
    ] as const) {
      const head = part({ alg, kid: jwk.kid ?? '', typ: 'at+jwt' })
      expect(await world.jwt.verify(signed(head, part(world.claims), jwk))).toMatchObject({ valid: true })
    }
  })

  it('counts at the edges: exp in a second, nbf and iat now or within the clocks’ tolerance', async () => {
    const { iat: now } = world.claims
    const head = part({ alg: 'ES256', kid: 'es-1', typ: 'at+jwt' })
    for (const edge of [
      { iat: now - 600, exp: now + 1 },
      { nbf: now },
      { nbf: now + 5 },
      { iat: now + 5, exp: now + 9 },
    ])
      expect(await world.jwt.verify(signed(head, part({ ...world.claims, ...edge })))).toMatchObject({
        valid: true,
      })
    const beyond = signed(head, part({ ...world.claims, nbf: now + 6 }))
    expect(await world.jwt.verify(beyond)).toEqual({ valid: false, refusal: 'not_yet_valid' })
  })

  it('is refused once its session is over, whatever it says of itself', async () => {
    const { jwt, claims, session, clock } = await opened()
    clock.at = session.idleAt - 1_000
    const iat = Math.floor(clock.at / 1000)
    const head = part({ alg: 'ES256', kid: 'es-1', typ: 'at+jwt' })
    const token = signed(head, part({ ...claims, iat, exp: iat + 3600 }))
    expect(await jwt.verify(token)).toMatchObject({ valid: true })
    clock.at = session.idleAt
    expect(await jwt.verify(token)).toEqual({ valid: false, refusal: 'session_ended' })
  })

  it('is refused with any one bit flipped', async () => {
    const bytes = Buffer.from(world.token, 'latin1')
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 7))
      const verified = await world.jwt.verify(changed.toString('latin1'))
      expect(verified.valid, `byte ${at}`).toBe(false)
    }
  })

  it('is refused when cut anywhere', async () => {
    for (let length = 0; length < world.token.length; length++)
      expect((await world.jwt.verify(world.token.slice(0, length))).valid).toBe(false)
  })
})
