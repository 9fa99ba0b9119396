/** Records of express-session, with the id that its cookie signs. */
import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { expressSession } from '../../src/imports/express-session.ts'
import type { Imported } from '../../src/imports/import-transport.ts'
import { goldenExpress, madeAt } from './golden.ts'
import { holding } from './samples.ts'

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
