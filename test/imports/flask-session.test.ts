/** The cookies of Flask and Flask-Login, as Python wrote them. */
import { describe, expect, it } from 'vitest'
import { flaskLoginRemember } from '../../src/imports/flask-login.ts'
import { flaskSession } from '../../src/imports/flask-session.ts'
import type { Imported } from '../../src/imports/import-transport.ts'
import { cookieOf } from './flask-cookie.ts'
import { golden, madeAt, named } from './golden.ts'

const { flask } = golden

async function flaskRead(name: string, secret: string | string[] = flask.secret): Promise<Imported | null> {
  return flaskSession({ secret }).read({ cookie: `session=${named(flask.cookies, name)}` }, madeAt)
}

describe('flaskSession', () => {
  it('reads every tag that Flask writes, and names that look like one', async () => {
    expect((await flaskRead('tagged'))?.data).toEqual({
      t: [1, 2],
      b: Uint8Array.of(0, 255),
      m: '<b>',
      u: '12345678-1234-5678-1234-567812345678',
      d: new Date('2026-01-02T03:04:05Z'),
      di: { ' t': 1 },
      nest: [{ x: [new Uint8Array(Buffer.from('z'))] }],
      username: 'test_user',
    })
  })

  it('is what our own tests make, to the byte', () => {
    const made = cookieOf({ _permanent: true, username: 'test_user' }, flask.secret, madeAt)
    expect(made).toBe(named(flask.cookies, 'login'))
  })

  it('reads what is compressed, what is not Latin, and what is empty', async () => {
    expect((await flaskRead('compressed'))?.data).toEqual({ username: 'test_user', data: 'a'.repeat(500) })
    expect((await flaskRead('unicode'))?.user).toBe('张三')
    expect(await flaskRead('empty')).toMatchObject({ user: null, data: {} })
  })

  it('keeps a user’s number to its last digit, and takes no fraction for a user', async () => {
    expect((await flaskRead('number'))?.user).toBe('42')
    expect((await flaskRead('big'))?.user).toBe('9007199254740993')
    expect((await flaskRead('floating'))?.user).toBeNull()
  })

  it('takes names that mean something to JavaScript for what they are: names', async () => {
    const read = await flaskRead('proto')
    expect(read?.user).toBe('test_user')
    expect(Object.keys(read?.data ?? {})).toEqual(['__proto__', 'constructor', 'username'])
    expect(({} as { admin?: boolean }).admin).toBeUndefined()
    const inherited = flaskSession({ secret: flask.secret, userKey: 'toString' })
    expect(
      (await inherited.read({ cookie: `session=${named(flask.cookies, 'login')}` }, madeAt))?.user,
    ).toBeNull()
  })

  it.each(['bomb', 'deep', 'tower', 'list', 'nan', 'bad_tag', 'other_salt'])(
    'refuses %s, rightly signed',
    async (name) => {
      expect(await flaskRead(name)).toBeNull()
    },
  )

  it('refuses a session from the future, and keeps to whole seconds as Flask does', async () => {
    const transport = flaskSession({ secret: flask.secret, lifetime: 10 })
    const at = async (now: number): Promise<boolean> =>
      (await transport.read({ cookie: `session=${named(flask.cookies, 'login')}` }, now)) !== null
    expect(await Promise.all([madeAt - 1, madeAt, madeAt + 10_999, madeAt + 11_000].map(at))).toEqual([
      false,
      true,
      true,
      false,
    ])
  })

  it('takes one spelling of a signature: stray bits and padding are another credential', async () => {
    const value = named(flask.cookies, 'login')
    expect(value.endsWith('c')).toBe(true)
    for (const spelt of [`${value.slice(0, -1)}d`, `${value}=`, value.replace('qfjS', 'qf+jS')])
      expect(
        await flaskSession({ secret: flask.secret }).read({ cookie: `session=${spelt}` }, madeAt),
      ).toBeNull()
  })

  it('tries every secret that the old system did', async () => {
    expect((await flaskRead('login', ['a-newer-secret', flask.secret]))?.user).toBe('test_user')
  })

  it('finds a user where Flask-Login keeps one', async () => {
    const value =
      '.eJwljjEOAyEMwP7C3CGBJMB95hRConblelPVvxepm-XB8iedsfx6puO9bn-k8zXTkaAEdFa0DdO8hWfXTrVUjz4lG7GEhsiUqmrd-6wjhzC1jKg6Kk42Z2MGr2QFFZgdEcbWSLlbWJCPJrDbRgIKJtEKWA3uaY_cl6__DeX0_QFbMjCN.aVc1pQ.03bPzM2ITxZ-E0WDUGLJiAW_IT0'
    const transport = flaskSession({ secret: flask.secret, userKey: '_user_id' })
    expect(await transport.read({ cookie: `session=${value}` }, madeAt)).toMatchObject({
      user: '42',
      data: { _fresh: true },
    })
  })

  it('refuses to stand for a cookie that could not have been set', () => {
    for (const wrong of [
      { cookie: 'a;b' },
      { cookie: '' },
      { path: 'app' },
      { path: '/;Secure' },
      { domain: 'a;b' },
    ])
      expect(() => flaskSession({ secret: 's', ...wrong })).toThrow('import')
  })

  it('removes a cookie of a path and domain as it was set', () => {
    expect(flaskSession({ secret: 's', cookie: 'sid', path: '/app', domain: 'example.org' }).clear()).toEqual(
      ['sid=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Domain=example.org; Path=/app'],
    )
  })
})

describe('flaskLoginRemember', () => {
  it.each(Object.keys(flask.remember))('reads the user %s as werkzeug writes the cookie', async (user) => {
    const transport = flaskLoginRemember({ secret: flask.secret })
    const read = await transport.read({ cookie: named(flask.rememberWritten, user) }, madeAt)
    expect(read).toMatchObject({ user, issuedAt: null, expiresAt: null })
  })

  it('refuses a secret that Flask-Login could not have used', () => {
    expect(() => flaskLoginRemember({ secret: '张三' })).toThrow('Latin-1')
  })
})
