/** Names that are known beforehand are judged as any other name is; nominations take away what they may, and no more. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { headerName } from '../../src/gateway/proxy/header-name.ts'
import { requestHeaders } from '../../src/gateway/proxy/headers.ts'

const names = [
  'Host,Cookie,Connection,Content-Length,Transfer-Encoding,Upgrade,TE,Expect,Keep-Alive,Trailer,Proxy-Connection',
  'Accept,Accept-Encoding,User-Agent,Sec-Fetch-Dest,Sec-CH-UA,Origin,Referer,DNT,X-Requested-With,Authorization',
  'X-Forwarded-For,X-Forwarded-User,X_Forwarded_User,X-Real-IP,Via,Forwarded,Holdfast-Session,Remote-User,Proxy',
  'X-Streamlit-User,X-Custom,Close,Traceparent,X.Auth.Email,Cf-Access-Jwt',
].flatMap((line) => line.split(','))

const spelt = fc
  .tuple(fc.constantFrom(...names), fc.array(fc.boolean(), { minLength: 24, maxLength: 24 }))
  .map(([name, capitals]) =>
    [...name].map((letter, at) => (capitals[at] ? letter.toUpperCase() : letter.toLowerCase())).join(''),
  )
const anyName = fc.oneof(
  { weight: 4, arbitrary: spelt },
  { weight: 2, arbitrary: fc.constantFrom(...names) },
  { weight: 1, arbitrary: fc.stringMatching(/^[\w!#$%&'*+.^`|~-]{1,24}$/) },
)
const connection = fc.oneof(
  fc.constantFrom('keep-alive', 'close', 'Upgrade', 'keep-alive, Upgrade', ''),
  fc.array(anyName, { maxLength: 4 }).map((list) => list.join(' ,\t')),
)
const line = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(anyName, fc.stringMatching(/^[\x20-\x7e]{0,20}$/)) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('Connection', 'connection', 'CONNECTION'), connection) },
)

/** The rule said in the plainest way: what a reader of the source may hold the quick way against. */
function plainly(lines: readonly (readonly [string, string])[], without: ReadonlySet<string>): string[] {
  const nominated = lines
    .filter(([name]) => name.toLowerCase() === 'connection')
    .flatMap(([, value]) => value.split(',').map((one) => one.trim().toLowerCase()))
  const kept = lines.filter(([name]) => {
    const lower = name.toLowerCase()
    // Spelt as nobody lists it, a name is judged by the rule itself.
    const { fate } = headerName(`${name.slice(0, -1)}${swapped(name.at(-1) ?? '')}`)
    const frames = lower === 'host' || lower === 'content-length'
    if (fate === 'cookie' || fate === 'connection' || fate === 'stripped' || without.has(lower)) return false
    return frames || !nominated.includes(lower)
  })
  return kept.flat()
}

function swapped(letter: string): string {
  return letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase()
}

describe('requestHeaders', () => {
  it('passes what the plain rule passes, for any names in any spelling', () => {
    const without = new Set(['accept-encoding', 'x-custom'])
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), fc.boolean(), (lines, narrowed) => {
        const options = narrowed ? { ours: ['x-ours', 'us'], without } : { ours: ['x-ours', 'us'] }
        const told = requestHeaders(lines.flat(), options)
        const theirs = told.slice(0, -2)
        const cookie = theirs.indexOf('cookie')
        if (cookie >= 0) theirs.splice(cookie, 2)
        expect(theirs).toEqual(plainly(lines, narrowed ? without : new Set()))
        expect(told.slice(-2)).toEqual(['x-ours', 'us'])
      }),
      { numRuns: 2_000 },
    )
  })

  it('judges a name alike in every spelling', () => {
    fc.assert(
      fc.property(spelt, (name) => {
        expect(headerName(name)).toEqual(headerName(name.toLowerCase()))
        expect(headerName(name).lower).toBe(name.toLowerCase())
      }),
    )
  })

  it('joins cookies that come on several lines, and never with one of ours', () => {
    const raw = ['Cookie', 'a=1; holdfast-8080=x', 'cookie', 'b=2', 'COOKIE', '__Host-Http-holdfast=y']
    expect(requestHeaders(raw, { ours: [] })).toEqual(['cookie', 'a=1; b=2'])
    expect(requestHeaders(raw, { ours: [], cookie: 'c=3', dropCookie: (name) => name === 'b' })).toEqual([
      'cookie',
      'a=1; c=3',
    ])
    expect(requestHeaders(raw.slice(4), { ours: [] })).toEqual([])
  })

  it('lets nobody nominate cookies, framing or our own headers away', () => {
    const raw = [
      'Connection',
      'cookie, host, content-length, x-ours, x-a',
      'Host',
      'h',
      'X-A',
      '1',
      'Cookie',
      'a=1',
    ]
    expect(requestHeaders([...raw, 'Content-Length', '3'], { ours: ['x-ours', 'us'] })).toEqual([
      ...['Host', 'h', 'Content-Length', '3', 'cookie', 'a=1', 'x-ours', 'us'],
    ])
  })
})
