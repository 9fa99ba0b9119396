import { describe, expect, it } from 'vitest'
import type { Imported } from '../../src/imports/import-transport.ts'
import { type PyJwtOptions, pyJwt } from '../../src/imports/pyjwt.ts'
import { streamlitAuthenticator } from '../../src/imports/streamlit-authenticator.ts'
import { golden, madeAt, named } from './golden.ts'

const { secret, tokens, authenticator, authenticatorKey } = golden.pyjwt

async function read(
  name: string,
  options: Partial<PyJwtOptions> = {},
  now = madeAt,
): Promise<Imported | null> {
  return pyJwt({ secret, ...options }).read({ cookie: `auth_token=${named(tokens, name)}` }, now)
}

describe('pyJwt', () => {
  // What PyJWT 2.15.1 said of the same tokens at the same second.
  it.each([
    ['seed', true],
    ['unicode', true],
    ['kid', true],
    ['exp_now', false],
    ['exp_next', true],
    ['exp_fraction', false],
    ['exp_text', false],
    ['nbf_now', true],
    ['nbf_next', false],
    ['iat_now', true],
    ['iat_next', false],
    ['jti_number', false],
    ['aud', false],
    ['aud_list', false],
    ['hs512', false],
    ['none', false],
    ['crit', false],
    ['other_secret', false],
  ])('decides as PyJWT does: %s', async (name, accepted) => {
    expect((await read(name)) !== null).toBe(accepted)
  })

  it('expires on the second, not a moment later', async () => {
    expect(await read('exp_next', {}, madeAt + 999)).not.toBeNull()
    expect(await read('exp_next', {}, madeAt + 1_000)).toBeNull()
  })

  it('grants the leeway that the app granted', async () => {
    expect(await read('exp_now', { leeway: 1 })).not.toBeNull()
    expect(await read('exp_now', { leeway: 1 }, madeAt + 1_000)).toBeNull()
    expect(await read('nbf_next', { leeway: 1 })).not.toBeNull()
  })

  it('holds to the audience and the issuer, one text or a list', async () => {
    expect(await read('aud', { audience: 'survey' })).not.toBeNull()
    expect(await read('aud_list', { audience: 'survey' })).not.toBeNull()
    expect(await read('aud', { audience: 'surve' })).toBeNull()
    expect(await read('seed', { audience: 'survey' })).toBeNull()
    expect(await read('iss', { issuer: 'https://id.example.org' })).not.toBeNull()
    expect(await read('seed', { issuer: 'https://id.example.org' })).toBeNull()
  })

  it('takes no refresh token of Flask-JWT-Extended for an access token', async () => {
    const options = { userKey: 'sub', claims: { type: 'access' } }
    expect((await read('sub', options))?.user).toBe('42')
    expect(await read('refresh', options)).toBeNull()
  })

  it('takes a token without an end only where it was told to', async () => {
    expect(await read('no_exp')).toBeNull()
    expect((await read('no_exp', { withoutExpiry: true }))?.expiresAt).toBeNull()
  })

  it('takes the algorithms that the app listed and no other', async () => {
    expect(await read('hs512', { algorithms: ['HS512'] })).not.toBeNull()
    expect(await read('seed', { algorithms: ['HS512'] })).toBeNull()
  })

  it('keeps a user’s number to its last digit', async () => {
    expect((await read('big'))?.user).toBe('9007199254740993')
  })

  it('reads the bearer header where there is no cookie', async () => {
    const authorization = `Bearer ${named(tokens, 'seed')}`
    expect((await pyJwt({ secret }).read({ cookie: null, authorization }, madeAt))?.user).toBe('test_user')
    expect(
      await pyJwt({ secret }).read({ cookie: null, authorization: `Basic ${named(tokens, 'seed')}` }, madeAt),
    ).toBeNull()
  })
})

describe('streamlitAuthenticator', () => {
  const asked = async (name: string, now = madeAt): Promise<string | null> => {
    const transport = streamlitAuthenticator({ secret: authenticatorKey, cookie: 'c' })
    return (await transport.read({ cookie: `c=${named(authenticator, name)}` }, now))?.user ?? null
  }

  it('reads the user in lower case, as its config does', async () => {
    expect(await asked('login')).toBe('jsmith')
    expect(await asked('case')).toBe('jsmith')
  })

  it('refuses what it would: over, over this moment, without an end, an end in words', async () => {
    for (const name of ['over', 'now', 'never', 'text', 'foreign']) expect(await asked(name), name).toBeNull()
    expect(await asked('case', madeAt + 60_499)).toBe('jsmith')
    expect(await asked('case', madeAt + 60_500)).toBeNull()
  })

  it('refuses a PyJWT token under the same secret that is none of its own', async () => {
    const transport = streamlitAuthenticator({ secret, cookie: 'c' })
    expect(await transport.read({ cookie: `c=${named(tokens, 'seed')}` }, madeAt)).toBeNull()
  })
})
