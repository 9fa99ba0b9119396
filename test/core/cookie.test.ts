import fc from 'fast-check'
import { CookieJar, PrefixSecurityEnum } from 'tough-cookie'
import { describe, expect, it } from 'vitest'
import { type CookieOptions, cookieTransport, isOurCookie, withoutCookies } from '../../src/core/cookie.ts'
import { ConfigError } from '../../src/core/errors.ts'

const value = `v1.kid45678.${'A'.repeat(43)}.${'B'.repeat(22)}`
const https: CookieOptions = { secure: true, name: '', port: 443 }
const name = cookieTransport(https).name

/** Every kind of cookie we send: each way of being reached, named or not, for the session and for the form. */
const everyTransport = [true, false].flatMap((secure) =>
  ['', 'kelp', 'a.b-c_d'].flatMap((app) =>
    [false, true].flatMap((embedded) =>
      (['', 'form', 'factor', 'jwt-access', 'jwt-refresh'] as const).map((purpose) => ({
        secure,
        url: secure ? 'https://app.example.org/base/deep' : 'http://localhost:8080/base/deep',
        transport: cookieTransport({ secure, name: app, port: secure ? 443 : 8080, embedded }, purpose),
      })),
    ),
  ),
)

/** A browser that drops what breaks the rules of a name's prefix, and keeps a name it does not know the rules of. */
function strictJar(): CookieJar {
  return new CookieJar(undefined, {
    prefixSecurity: PrefixSecurityEnum.STRICT,
    rejectPublicSuffixes: false,
  })
}

/** RFC 6265 §5.4 read backwards, character by character: pairs, and what is around the first `=`, less space and tab. */
function pairsOf(header: string): { readonly name: string; readonly value: string }[] {
  const outer = (text: string): string => /^[ \t]*(.*?)[ \t]*$/s.exec(text)?.[1] ?? ''
  const pairs: { name: string; value: string }[] = []
  for (let rest = header; rest !== ''; ) {
    const end = rest.indexOf(';')
    const pair = end < 0 ? rest : rest.slice(0, end)
    rest = end < 0 ? '' : rest.slice(end + 1)
    const [, key, text] = /^([^=]*)=(.*)$/s.exec(pair) ?? []
    if (key !== undefined && text !== undefined) pairs.push({ name: outer(key), value: outer(text) })
  }
  return pairs
}

describe('cookieTransport()', () => {
  it('sets cookies that a strict browser takes and sends back', async () => {
    for (const { url, transport } of everyTransport) {
      for (const maxAge of [null, 3600]) {
        const jar = strictJar()
        await jar.setCookie(transport.write(value, maxAge), url)
        expect(transport.read(await jar.getCookieString(url))).toBe(value)
      }
    }
  })

  it('removes every cookie it can set, whatever the options: the jar is empty afterwards', async () => {
    for (const { url, transport } of everyTransport) {
      const jar = strictJar()
      await jar.setCookie(transport.write(value, 3600), url)
      expect(await jar.getCookies(url)).toHaveLength(1)
      await jar.setCookie(transport.clear(), url)
      expect(await jar.getCookies(url)).toEqual([])
    }
  })

  it('removes a cookie with the attributes it was set with, by which browsers tell partitions apart', () => {
    const attributes = (line: string): string[] =>
      line
        .split('; ')
        .slice(1)
        .filter((one) => !/^(Max-Age|Expires)=/.test(one))
    for (const { transport } of everyTransport) {
      expect(attributes(transport.clear())).toEqual(attributes(transport.write(value, 60)))
    }
  })

  it('ASVS 3.3.1, 3.3.3: is Secure and bound to the host by its name on https', () => {
    for (const { secure, transport } of everyTransport) {
      if (!secure) continue
      expect(transport.name).toMatch(/^__Host-Http-holdfast/)
      for (const line of [transport.write(value, null), transport.clear()]) {
        expect(line).toMatch(/; Secure(;|$)/)
        expect(line).toContain('; Path=/;')
        expect(line).not.toMatch(/Domain/i)
      }
    }
  })

  it('ASVS 3.3.2: says SameSite always, Lax unless the app is embedded elsewhere', () => {
    for (const { transport } of everyTransport) {
      const partitioned = transport.clear().includes('Partitioned')
      expect(transport.clear()).toContain(partitioned ? 'SameSite=None' : 'SameSite=Lax')
      expect(transport.write(value, 60).includes('SameSite=None')).toBe(partitioned)
    }
    expect(everyTransport.filter(({ transport }) => transport.clear().includes('None'))).toHaveLength(15)
  })

  it('ASVS 3.3.4: is HttpOnly', () => {
    for (const { transport } of everyTransport) {
      expect(transport.write(value, null)).toContain('; HttpOnly')
      expect(transport.clear()).toContain('; HttpOnly')
    }
  })

  it('ASVS 3.3.5: never grows beyond what browsers keep', () => {
    const longest = cookieTransport({ ...https, name: 'n'.repeat(64) })
    expect(longest.write('v'.repeat(128), null).split(';')[0]?.length).toBeLessThan(4096)
  })

  it('says Max-Age only where the cookie outlives the browser', () => {
    const transport = cookieTransport(https)
    expect(transport.write(value, null)).not.toMatch(/max-age|expires/i)
    expect(transport.write(value, 1_209_600)).toContain('; Max-Age=1209600;')
  })

  it('gives each app, port and purpose of one host a cookie of its own', () => {
    const names = [
      ...everyTransport.map(({ transport }) => transport.name),
      cookieTransport({ secure: false, name: '', port: 8081 }).name,
    ]
    // Embedded or not is the same cookie.
    expect(new Set(names).size).toBe(everyTransport.length / 2 + 1)
  })

  it.each([
    'a;b',
    'a b',
    'a=b',
    'a\r\nSet-Cookie: x=y',
    'ä',
    'a,b',
    '"',
    'n'.repeat(65),
    'form',
    'factor',
    'survey-factor',
    'kelp-form',
    'jwt-access',
    'kelp-jwt-refresh',
  ])('refuses the app name %j, which would end the cookie name or take that of another cookie', (app) => {
    expect(() => cookieTransport({ ...https, name: app })).toThrow(ConfigError)
    expect(() => cookieTransport({ ...https, name: app }, 'form')).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_INVALID' }),
    )
  })
})

describe('cookieTransport().read()', () => {
  const { read } = cookieTransport(https)

  it('finds the value among others, with and without spaces', () => {
    for (const header of [`${name}=x`, `a=1; ${name}=x`, `a=1;${name}=x;b=2`, `a=1;\t${name} = x ; b`]) {
      expect(read(header)).toBe('x')
    }
  })

  it('is null without a header, without our cookie, and for an empty one', () => {
    for (const header of [undefined, '', 'a=1', name, `${name}=`, `x${name}=1`, `${name}x=1`]) {
      expect(read(header)).toBeNull()
    }
  })

  it('SECURITY: counts neither of two that differ, whichever comes first', () => {
    expect(read(`${name}=mine; ${name}=tossed`)).toBeNull()
    expect(read(`${name}=tossed; a=1; ${name}=mine`)).toBeNull()
    expect(read(`${name}=; ${name}=tossed`)).toBeNull()
    expect(read(`${name}=a; ${name}=b; ${name}=a`)).toBeNull()
    expect(read(`${name}=same; ${name}=same`)).toBe('same')
  })

  it('SECURITY: compares names in their exact case, since other cases are free for anyone to set', () => {
    expect(read(`${name.toLowerCase()}=x`)).toBeNull()
    expect(read(`${name.toUpperCase()}=x`)).toBeNull()
    expect(read(`${name.toLowerCase()}=tossed; ${name}=mine`)).toBe('mine')
  })

  it('SECURITY: takes no name for ours that a browser would not hold to the prefix', () => {
    // U+00A0 is how Node reads the byte A0, which browsers send back as it came and `trim` takes for a space.
    for (const blank of ['\u00a0', '\u0085', '\u2000', '\ufeff', '\v', '\f', '\u3000']) {
      expect(read(`${blank}${name}=tossed`)).toBeNull()
      expect(read(`a=1; ${blank}${name}=tossed; ${name}=mine`)).toBe('mine')
      expect(read(`${name}${blank}=tossed`)).toBeNull()
    }
  })

  it('reads any header as the standard does', () => {
    const bit = fc.constantFrom(
      name,
      name.toLowerCase(),
      '=',
      ';',
      '; ',
      ' ',
      '\t',
      '"',
      'a',
      'b',
      '\u00a0',
      ',',
      '%3D',
    )
    const header = fc.array(bit, { maxLength: 24 }).map((bits) => bits.join(''))
    fc.assert(
      fc.property(fc.oneof(header, fc.string(), fc.string({ unit: 'binary' })), (text) => {
        const values = new Set(pairsOf(text).flatMap((pair) => (pair.name === name ? [pair.value] : [])))
        const [only = ''] = values
        expect(read(text)).toBe(values.size === 1 && only !== '' ? only : null)
      }),
      { numRuns: 2_000 },
    )
  })

  it('takes a header of a megabyte with a hundred thousand cookies in its stride', () => {
    const header = `${'a=1;'.repeat(250_000)}${name}=x`
    const began = performance.now()
    expect(read(header)).toBe('x')
    expect(performance.now() - began).toBeLessThan(1_000)
  })
})

describe('withoutCookies()', () => {
  it('drops ours and keeps every byte of the others', () => {
    const foreign = `a=1;b="x y";  c==;;d=\u00a0é%20 ; _streamlit_xsrf=2|ab|cd`
    expect(withoutCookies(foreign, isOurCookie)).toBe(foreign)
    expect(withoutCookies(`a=1; ${name}=x; b= 2 `, isOurCookie)).toBe('a=1; b= 2 ')
    expect(withoutCookies(`${name}=x; a=1`, isOurCookie)).toBe('a=1')
    expect(withoutCookies(`a=1;${name}=x`, isOurCookie)).toBe('a=1')
  })

  it('is undefined where nothing is left to send', () => {
    for (const header of ['', ' ', ';', `${name}=x`, ` ${name} = x ; ${name}`, `;;${name}=1;`]) {
      expect(withoutCookies(header, isOurCookie)).toBeUndefined()
    }
  })

  it('never lets ours through, and never changes a foreign one, whatever surrounds them', () => {
    const blank = fc.constantFrom('', ' ', '\t', '  ', '\u00a0', '\u0085', '\x1f')
    const ours = fc
      .tuple(blank, fc.constantFrom(name, name.toLowerCase(), 'holdfast-8080', '__Secure-HOLDFAST-x'), blank)
      .map((parts) => `${parts.join('')}=secret`)
    const theirs = fc.string({ unit: 'binary', maxLength: 12 }).map((text) => `t${text.replaceAll(';', '')}`)
    fc.assert(
      fc.property(fc.array(fc.oneof(ours, theirs), { maxLength: 8 }), (pairs) => {
        const left = withoutCookies(pairs.join(';'), isOurCookie)?.split(';') ?? []
        expect(left).toEqual(pairs.filter((pair) => !/holdfast/i.test(pair.split('=')[0] ?? '')))
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('isOurCookie()', () => {
  it('knows ours and what imitates them, in any case', () => {
    for (const one of [name, `${name}-kelp`, 'holdfast-8080', '__host-holdfast', '__SECURE-Holdfast']) {
      expect(isOurCookie(one)).toBe(true)
    }
    for (const one of ['', 'a', '_streamlit_user', 'my-holdfast', '__Host-session']) {
      expect(isOurCookie(one)).toBe(false)
    }
  })
})
