import { describe, expect, it } from 'vitest'
import { cookieJar, fakeClock } from '../../src/testing/index.ts'
import { Browser, origin } from './browser.ts'
import { servers } from './servers.ts'
import { stage } from './stage.ts'

describe('cookieJar', () => {
  it('keeps, replaces and removes cookies as a browser would', async () => {
    const clock = fakeClock()
    const jar = cookieJar(clock.now)
    expect(jar.header()).toBe('')
    jar.take(['a=1; Path=/; HttpOnly', 'b=2; Max-Age=60; Path=/'])
    expect(jar.header()).toBe('a=1; b=2')
    jar.take({ headers: new Headers([['set-cookie', 'a=3; Path=/']]) })
    expect([jar.get('a'), jar.get('c')]).toEqual(['3', null])
    clock.advance(60_000)
    expect(jar.header()).toBe('a=3')
    jar.take(['a=; Max-Age=0; Path=/'])
    expect(jar.header()).toBe('')
  })

  it.each([
    '__Host-a=1; Path=/',
    '__Host-a=1; Path=/x; Secure',
    '__Host-a=1; Path=/; Secure; Domain=example.org',
    '__Secure-a=1; Path=/',
    '__Host-Http-a=1; Path=/; Secure',
    'a b=1',
    'a=1\r\nb=2',
  ])('takes no cookie that no browser would: %s', (line) => {
    expect(() => cookieJar().take([line])).toThrow(/No browser/)
  })

  it('agrees with tough-cookie on what the library sends', async () => {
    await using at = await stage(servers.fetch)
    const jar = cookieJar(at.clock.now)
    const browser = new Browser(at.port)
    for (const path of ['/set?a=1', '/form', '/sign-in?remember=1', '/sign-out', '/form']) {
      const { cookies } = await browser.post(path)
      jar.take(cookies)
      const theirs = browser.jar.getCookieStringSync(`${origin}/`).split('; ').sort()
      expect([path, jar.header().split('; ').sort()]).toEqual([path, theirs])
    }
  })
})
