import { CookieJar } from 'tough-cookie'
import { describe, expect, it } from 'vitest'
import { bearerToken, jwtTransport } from '../../src/jwt/jwt-transport.ts'

const transport = jwtTransport({ secure: true, name: '', port: 443 })
const pair = { accessToken: 'aa.bb.cc', expiresIn: 600, refreshToken: 'v1.k.t.m' }
const url = 'https://app.example.org/'

async function jarWith(lines: readonly string[]): Promise<CookieJar> {
  const jar = new CookieJar(undefined, { prefixSecurity: 'strict' })
  for (const line of lines) await jar.setCookie(line, url)
  return jar
}

describe('jwtTransport', () => {
  it('writes two cookies that a browser takes, brings back and can be rid of', async () => {
    const jar = await jarWith(transport.write(pair, 86_400))
    const cookie = await jar.getCookieString(url)
    expect(transport.read({ cookie, authorization: null })).toBe('aa.bb.cc')
    expect(transport.readRefresh({ cookie })).toBe('v1.k.t.m')
    for (const line of transport.clear()) await jar.setCookie(line, url)
    expect(await jar.getCookieString(url)).toBe('')
  })

  it('keeps both from scripts, from plain http and from other sites’ posts', () => {
    for (const line of [...transport.write(pair, null), ...transport.clear()]) {
      expect(line).toMatch(/^__Host-Http-holdfast-jwt-(access|refresh)=/)
      expect(line).toContain('; HttpOnly; Secure; SameSite=Lax')
    }
  })

  it('reads the bearer header, and takes neither where header and cookie differ', () => {
    const cookie = '__Host-Http-holdfast-jwt-access=aa.bb.cc'
    expect(transport.read({ authorization: 'Bearer xx.yy.zz', cookie: null })).toBe('xx.yy.zz')
    expect(transport.read({ authorization: 'Bearer aa.bb.cc', cookie })).toBe('aa.bb.cc')
    expect(transport.read({ authorization: 'Bearer xx.yy.zz', cookie })).toBeNull()
    expect(transport.read({ authorization: 'Basic eHg6eXk=', cookie })).toBeNull()
  })

  it('takes neither of two cookies that differ', () => {
    const cookie = '__Host-Http-holdfast-jwt-access=aa.bb.cc; __Host-Http-holdfast-jwt-access=xx.yy.zz'
    expect(transport.read({ authorization: null, cookie })).toBeNull()
  })

  it('has cookies of its own for each app, and no app may take those of another', () => {
    const [access = ''] = jwtTransport({ secure: false, name: 'survey', port: 8080 }).write(pair, null)
    expect(access).toMatch(/^holdfast-survey-jwt-access-8080=/)
    for (const name of ['jwt-access', 'survey-jwt-refresh'])
      expect(() => jwtTransport({ secure: true, name, port: 443 })).toThrow('cookie')
  })
})

describe('bearerToken', () => {
  it('reads one token behind the scheme, in any case, and nothing else', () => {
    expect(bearerToken('bEARER  a.b-c_d')).toBe('a.b-c_d')
    for (const header of [
      undefined,
      null,
      '',
      'Bearer',
      'Bearer ',
      'Bearera.b.c',
      'Bearer a.b.c d',
      'Bearer a,b',
      'Basic a',
      'Bearer\ta',
      ' Bearer a',
    ])
      expect(bearerToken(header)).toBeNull()
  })
})
