/** What Flask-Session kept in a store: msgpack, JSON and pickles, of which none is run. */
import { describe, expect, it } from 'vitest'
import { flaskSessionStore, readFlaskRecord } from '../../src/imports/flask-session-store.ts'
import type { Imported, ImportedRecord } from '../../src/imports/import-transport.ts'
import { bytesOf, golden, madeAt } from './golden.ts'
import { holding } from './samples.ts'

const { flask, flaskStore } = golden

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
