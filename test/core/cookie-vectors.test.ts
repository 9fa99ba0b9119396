import { CookieJar, PrefixSecurityEnum } from 'tough-cookie'
import { describe, expect, it } from 'vitest'
import { cookieTransport } from '../../src/core/cookie.ts'

const url = 'https://app.example.org/base/deep'
const mine = `v1.kid45678.${'A'.repeat(43)}.${'B'.repeat(22)}`
const transport = cookieTransport({ secure: true, name: '', port: 443 })
const { name } = transport

/** RFC 6265 §4.2, §5.4: what stands in a Cookie header, and what we read there. */
const headers: readonly (readonly [header: string, read: string | null])[] = [
  // One pair, and what may surround it.
  [`${name}=x`, 'x'],
  [`${name}=x;`, 'x'],
  [`;${name}=x`, 'x'],
  [`; ; ${name}=x ; ;`, 'x'],
  [` ${name}=x`, 'x'],
  [`\t${name}\t=\tx\t`, 'x'],
  [`${name} = x`, 'x'],
  // The value: everything after the first equals sign, as it is.
  [`${name}=x=y`, 'x=y'],
  [`${name}==`, '='],
  [`${name}="x"`, '"x"'],
  [`${name}="x y"`, '"x y"'],
  [`${name}=x y`, 'x y'],
  [`${name}=x,y`, 'x,y'],
  [`${name}=%41`, '%41'],
  [`${name}="x;y"`, '"x'],
  [`${name}=x\\;y`, 'x\\'],
  [`${name}=ü`, 'ü'],
  [`${name}=`, null],
  [`${name}=;a=1`, null],
  [`${name}= ;a=1`, null],
  // Not our name.
  [name, null],
  [`=${name}`, null],
  [`=${name}=x`, null],
  [`a=${name}=x`, null],
  [`a=1 ${name}=x`, null],
  [`a="1; ${name}=x"`, 'x"'],
  [`"${name}"=x`, null],
  [`${name}x=x`, null],
  [`x${name}=x`, null],
  [`${name.toLowerCase()}=x`, null],
  [`${name},a=x`, null],
  [`a,${name}=x`, null],
  [`Cookie: ${name}=x`, null],
  // RFC 2965 is history: its words are names like any other.
  [`$Version=1; ${name}=x; $Path=/; $Domain=example.org`, 'x'],
  [`$Version="1";${name}="x";$Path="/"`, '"x"'],
  // Of two that differ neither, wherever they stand.
  [`${name}=x; ${name}=x`, 'x'],
  [`${name}=x; a=1; ${name}=y`, null],
  [`${name}=; ${name}=x`, null],
  [`${name}="x"; ${name}=x`, null],
]

/** RFC 6265 §5.2, §5.3: what else a site may set beside our cookie, in forms that browsers take or drop. */
const beside: readonly string[] = [
  'a=1',
  'a=1; Path=/',
  'a=1; path=/base',
  'a=1; PATH=/; HTTPONLY; SECURE',
  'a=1; Path=',
  'a=1; Path=relative',
  'a=1; Domain=example.org',
  'a=1; Domain=.example.org',
  'a=1; Domain=',
  'a=1; Max-Age=60',
  'a=1; Max-Age=0',
  'a=1; Max-Age=-1',
  'a=1; Max-Age=soon',
  'a=1; Expires=Thu, 01 Jan 2099 00:00:00 GMT',
  'a=1; Expires=Thu, 01-Jan-2099 00:00:00 GMT',
  'a=1; Expires=Thu Jan  1 00:00:00 2099',
  'a=1; Expires=never',
  'a=1; SameSite=None; Secure',
  'a=1; SameSite=nonsense',
  'a=1; unknown; = ; ;;',
  'a = 1 ; Secure ',
  'a="1; 2"',
  'a=',
  '=1',
  'a',
  '',
  `a=${name}=tossed`,
  `=${name}=tossed`,
  `${name}=tossed; Domain=example.org; Path=/; Secure`,
  `${name}=tossed; Path=/base; Secure; HttpOnly`,
  `${name}=tossed; Path=/`,
  `${name.toLowerCase()}=tossed; Path=/; Secure; HttpOnly`,
]

function strictJar(): CookieJar {
  return new CookieJar(undefined, {
    prefixSecurity: PrefixSecurityEnum.STRICT,
    rejectPublicSuffixes: false,
    looseMode: true,
  })
}

describe('the session cookie by RFC 6265', () => {
  it.each(headers)('reads %j as %j', (header, read) => {
    expect(transport.read(header)).toBe(read)
  })

  it.each(beside)('is what a strict browser sends us beside: Set-Cookie: %s', async (line) => {
    const jar = strictJar()
    await jar.setCookie(transport.write(mine, 3600), url)
    await jar.setCookie(line, url, { ignoreError: true })
    expect(transport.read(await jar.getCookieString(url))).toBe(mine)
    // And it is as well gone when we take it back.
    await jar.setCookie(transport.clear(), url)
    expect(transport.read(await jar.getCookieString(url))).not.toBe(mine)
  })

  it('SECURITY: from a browser that knows no prefixes, one tossed in by a sibling counts no more than ours', async () => {
    const jar = new CookieJar(undefined, { prefixSecurity: PrefixSecurityEnum.DISABLED })
    await jar.setCookie(transport.write(mine, 3600), url)
    await jar.setCookie(
      `${name}=tossed; Domain=example.org; Path=/base; Secure`,
      'https://evil.example.org/base',
    )
    expect(transport.read(await jar.getCookieString(url))).toBeNull()
  })
})
