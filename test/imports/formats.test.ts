import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { expressSession } from '../../src/imports/express-session.ts'
import { flaskLoginRemember } from '../../src/imports/flask-login.ts'
import { flaskSession } from '../../src/imports/flask-session.ts'
import { flaskSessionStore, readFlaskRecord } from '../../src/imports/flask-session-store.ts'
import type { Imported, ImportedRecord } from '../../src/imports/import-transport.ts'
import { starletteSession } from '../../src/imports/starlette-session.ts'
import { streamlitLogin } from '../../src/imports/streamlit-login.ts'
import { persistSession } from '../../src/imports/streamlit-persist-session.ts'
import { cookieOf } from './flask-cookie.ts'
import { bytesOf, golden, goldenExpress, madeAt, named } from './golden.ts'
import { holding } from './samples.ts'

const { flask, flaskStore, persist, starlette } = golden

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

describe('readFlaskRecord', () => {
  const plain: ImportedRecord = {
    _permanent: true,
    ...{ username: 'old', n: 1, f: 1.5, l: [1, 'a', null], t: [1, 2], b: Uint8Array.of(120), big: 2n ** 70n },
    ...{ neg: -3, u: '张三', astral: 'a😀\\u0041', empty: [{}, [], []] },
  }

  it('reads msgpack with every kind of value that Flask-Session writes', () => {
    expect(readFlaskRecord(bytesOf(flaskStore.msgpack.kinds))).toEqual({
      username: 'test_user',
      aware: new Date('2026-01-02T03:04:05.678Z'),
      naive: '2026-01-02T03:04:05',
      uuid: '12345678-1234-5678-1234-567812345678',
      decimal: '1.10',
      bytes: Uint8Array.of(0, 255),
      tuple: [1, 2],
      none: null,
      float: 1.5,
      big: 2n ** 63n,
      neg: -5,
      text: '张三',
      nested: { a: [1, { b: true }] },
    })
  })

  it('reads the same as JSON', () => {
    expect(readFlaskRecord(bytesOf(flaskStore.json.kinds))).toMatchObject({
      big: 2n ** 63n,
      text: '张三',
      bytes: 'AP8=',
    })
  })

  it.each(Object.keys(flaskStore.pickle))('reads plain data in a pickle of protocol %s', (protocol) => {
    expect(readFlaskRecord(bytesOf(flaskStore.pickle[protocol]))).toEqual(plain)
  })

  it('reads a set as a list', () => {
    expect(readFlaskRecord(bytesOf(flaskStore.pickleSet))).toEqual({ username: 'old', s: [1] })
  })

  it.each(Object.keys(flaskStore.pickleHostile))('refuses the pickle %s unrun', (name) => {
    expect(readFlaskRecord(bytesOf(flaskStore.pickleHostile[name]))).toBeNull()
  })

  it('refuses the hostile pickle of the survey, and one that goes on for ever', () => {
    const evil = 'gASVLQAAAAAAAAB9lIwIdXNlcm5hbWWUjAhidWlsdGluc5SMBGV2YWyUk5SMAzErMZSFlFKUcy4='
    expect(readFlaskRecord(bytesOf(evil))).toBeNull()
    const long = Buffer.concat([Buffer.from([0x80, 4]), Buffer.from('N0'.repeat(300_000)), Buffer.from('}.')])
    expect(readFlaskRecord(long)).toBeNull()
  })

  it('refuses what is cut off anywhere, and throws for no change of any byte', () => {
    for (const text of [
      flaskStore.msgpack.kinds,
      flaskStore.pickle['2'],
      flaskStore.pickle['4'],
      flaskStore.pickle['0'],
    ]) {
      const bytes = bytesOf(text)
      for (let at = 0; at < bytes.length; at++) {
        // The first byte of a pickle alone is an empty map of msgpack.
        if (at !== 1) expect(readFlaskRecord(bytes.subarray(0, at))).toBeNull()
        for (const bit of [1, 16, 128]) {
          const changed = Uint8Array.from(bytes)
          changed[at] = (changed[at] ?? 0) ^ bit
          expect(() => readFlaskRecord(changed)).not.toThrow()
        }
      }
    }
  })

  it('refuses msgpack of extensions that nobody wrote, and towers of it', () => {
    expect(readFlaskRecord(Uint8Array.of(0x81, 0xa1, 0x78, 0xd4, 0x05, 0x00))).toBeNull()
    const tower = Buffer.concat([
      Buffer.from([0x81, 0xa1, 0x78]),
      Buffer.alloc(500_000, 0x91),
      Buffer.from([0xc0]),
    ])
    expect(readFlaskRecord(tower)).toBeNull()
    expect(readFlaskRecord(Uint8Array.of(0xdf, 0xff, 0xff, 0xff, 0xff))).toBeNull()
    const nested = Buffer.concat([
      Buffer.from([0x81, 0xa1, 0x78]),
      Buffer.alloc(100, 0x91),
      Buffer.from([0xc0]),
    ])
    expect(readFlaskRecord(nested)).toBeNull()
    const large = Buffer.from(JSON.stringify({ username: 'old', x: 'x'.repeat(2 * 1024 * 1024) }))
    expect(readFlaskRecord(large)).toBeNull()
  })
})

describe('flaskSessionStore', () => {
  const read = holding({ [`myapp_${flask.sid}`]: bytesOf(flaskStore.msgpack.login) })
  const asked = async (cookie: string, options = {}): Promise<Imported | null> =>
    flaskSessionStore({ read, prefix: 'myapp_', ...options }).read({ cookie: `session=${cookie}` }, madeAt)

  it('reads an unsigned id where no signer was used, and only a signed one where it was', async () => {
    expect((await asked(flask.sid))?.user).toBe('test_user')
    expect(await asked(flask.sid, { secret: flask.secret })).toBeNull()
    expect((await asked(flask.signedSid, { secret: flask.secret }))?.user).toBe('test_user')
  })

  it('asks the old store for nothing but an id', async () => {
    const keys: string[] = []
    const spied = async (key: string): Promise<null> => {
      keys.push(key)
      return null
    }
    for (const cookie of ['*', 'a:b', '../x', 'a b', '{x}', 'short', 'x'.repeat(300), `${flask.sid}\\n`])
      expect(await asked(cookie, { read: spied })).toBeNull()
    expect(keys).toEqual([])
  })

  it('says that it cannot tell when the old store cannot', async () => {
    await expect(asked(flask.sid, { read: () => Promise.reject(new Error('away')) })).rejects.toThrow('away')
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

describe('starletteSession', () => {
  it('reads nobody in particular, and refuses what is no session', async () => {
    const transport = starletteSession({ secret: starlette.secret })
    const asked = (name: string): Promise<Imported | null> =>
      transport.read({ cookie: `session=${named(starlette.cookies, name)}` }, madeAt)
    expect(await asked('id')).toMatchObject({
      user: null,
      data: { id: '11111111-2222-4333-8444-555555555555' },
    })
    expect((await asked('login'))?.data).toEqual({ username: 'anna', n: [1, { a: null }] })
    expect(await asked('list')).toBeNull()
  })
})

describe('streamlitLogin', () => {
  const { secret, starlette: later, tornado: earlier } = golden.streamlit
  const asked = (value: string): Promise<Imported | null> =>
    streamlitLogin({ secret }).read({ cookie: `_streamlit_user=${value}` }, madeAt)

  it('reads the identity that Streamlit kept, by either server', async () => {
    const identity = { origin: 'http://localhost:8501', is_logged_in: true, email: 'a@b.c' }
    for (const { login = '' } of [later, earlier]) {
      expect(await asked(login)).toMatchObject({ user: 'a@b.c', data: identity, issuedAt: madeAt })
      expect(await asked(`"${login}"`)).toMatchObject({ user: 'a@b.c' })
    }
  })

  it('refuses who is signed out, and what was signed for another cookie or another purpose', async () => {
    for (const value of [later.out, later.once, later.tokens, earlier.out, earlier.xsrf, 'chunks-2'])
      expect(await asked(value ?? '')).toBeNull()
  })
})

describe('expressSession', () => {
  const { untilClosed, login } = goldenExpress.sessions
  const asked = (text: string, userKey = 'username'): Promise<Imported | null> => {
    const read = holding({ [`sess:${untilClosed.sid}`]: text })
    const cookie = (untilClosed.setCookie.split(';')[0] ?? '').trim()
    return expressSession({ secret: goldenExpress.secret, read, userKey }).read({ cookie }, madeAt)
  }

  it('reads a session that ends with the browser, and keeps its own bookkeeping out of the data', async () => {
    expect(await asked(untilClosed.record)).toMatchObject({
      user: '42',
      data: { username: 42 },
      expiresAt: null,
    })
  })

  it('knows when the record was last prolonged', async () => {
    expect(await asked(login.record, 'passport.user')).toMatchObject({ user: 'anna', issuedAt: madeAt })
  })

  it.each([
    ['no JSON', 'x'],
    ['no object', '[]'],
    ['no cookie part', '{"username":"anna"}'],
    ['an end that is no date', '{"cookie":{"expires":"soon"},"username":"anna"}'],
    ['an end that is a number', '{"cookie":{"expires":1},"username":"anna"}'],
  ])('refuses a record with %s', async (_, text) => {
    expect(await asked(text)).toBeNull()
  })
})

describe('expressSession, whose secret got out', () => {
  it('still asks the old store for nothing but an id', async () => {
    const keys: string[] = []
    const read = async (key: string): Promise<null> => {
      keys.push(key)
      return null
    }
    for (const id of [
      '*',
      'a:b:c:d:e:f:g:h:i',
      '../../etc/passwd',
      'short',
      'x'.repeat(300),
      'x'.repeat(20),
    ]) {
      const signature = createHmac('sha256', 'k').update(id).digest('base64').replace(/=+$/, '')
      const cookie = `connect.sid=${encodeURIComponent(`s:${id}.${signature}`)}`
      await expressSession({ secret: 'k', read }).read({ cookie }, madeAt)
    }
    expect(keys).toEqual([`sess:${'x'.repeat(20)}`])
  })
})

describe('persistSession', () => {
  const asked = (file: Uint8Array): Promise<Imported | null> =>
    persistSession({
      ...{ secret: Buffer.from(persist.keyHex, 'hex'), cookie: 'app-state' },
      read: holding({ [persist.uuid]: file }),
    }).read({ cookie: `app-state=${persist.cookie}` }, madeAt)

  it.each(Object.keys(persist.files))(
    'reads the attributes of an object pickled by protocol %s',
    async (protocol) => {
      expect(await asked(bytesOf(persist.files[protocol]))).toMatchObject({
        user: 'anna',
        data: { count: 5, items: ['x'], username: 'anna' },
      })
    },
  )

  it('reads none of what the library kept for itself', async () => {
    expect(Object.keys((await asked(bytesOf(persist.files['4'])))?.data ?? {})).toEqual([
      'count',
      'items',
      'username',
    ])
  })

  it('refuses an object within the object, and a program', async () => {
    expect(await asked(bytesOf(persist.nested))).toBeNull()
    expect(await asked(bytesOf(persist.hostile))).toBeNull()
    expect(await asked(bytesOf(persist.calls))).toBeNull()
    // Here a name is a label, of an object with plain attributes or of nothing: it is never looked up.
    const labels = ['top_instance', 'encode_instance', 'named_and_dropped']
    for (const name of Object.keys(flaskStore.pickleHostile)) {
      if (labels.includes(name)) continue
      expect(await asked(bytesOf(flaskStore.pickleHostile[name])), name).toBeNull()
    }
  })

  it('takes no other spelling of the id, each of which Python would, and asks for no file by it', async () => {
    const { uuid } = persist
    const secret = Buffer.from(persist.keyHex, 'hex')
    const signatureOf = (text: string): string => createHmac('sha256', secret).update(text).digest('hex')
    expect(`${uuid}.${signatureOf(uuid)}`).toBe(persist.cookie)
    const names: string[] = []
    const read = async (name: string): Promise<null> => {
      names.push(name)
      return null
    }
    const others = [
      uuid.toUpperCase(),
      `{${uuid}}`,
      `urn:uuid:${uuid}`,
      uuid.replaceAll('-', ''),
      '..',
      '/etc/passwd',
    ]
    for (const spelt of [...others, uuid]) {
      const cookie = `app-state=${spelt}.${signatureOf(spelt)}`
      await persistSession({ secret, cookie: 'app-state', read }).read({ cookie }, madeAt)
    }
    expect(names).toEqual([uuid])
  })
})
