/** Cookies remembered for their connection say what they would say read anew, and no other connection's. */
import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { cookieTransport } from '../../src/core/cookie.ts'
import { credentialDigest } from '../../src/core/token.ts'
import { cookieMemory } from '../../src/gateway/cookie-memory.ts'
import { cookiesForApp, requestHeaders } from '../../src/gateway/proxy/headers.ts'

const cookie = cookieTransport({ secure: false, name: '', port: 8080 })
const drop = (name: string): boolean => name.startsWith('_reserved')
const names = [
  'holdfast-8080',
  'holdfast-8080',
  ' holdfast-8080 ',
  'Holdfast-8080',
  '_reserved_user',
  'a',
  'theme',
  '',
]
const pair = fc
  .tuple(fc.constantFrom(...names), fc.constantFrom('x', 'y', '', 'v'.repeat(200)))
  .map(([name, value]) => `${name}=${value}`)
const header = fc.option(
  fc.array(pair, { maxLength: 4 }).map((pairs) => pairs.join('; ')),
  { nil: undefined },
)

it('says of every request on any connection what reading its header anew would say', () => {
  const sockets = [new Socket(), new Socket()]
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat({ max: 1 }), header), { minLength: 1, maxLength: 12 }),
      (requests) => {
        const read = cookieMemory(cookie, drop)
        for (const [connection, cookies] of requests) {
          const told = read({ socket: sockets[connection], headers: { cookie: cookies } } as IncomingMessage)
          if (cookies === undefined) {
            expect(told).toBeNull()
            continue
          }
          const credential = cookie.read(cookies)
          expect(told?.credential).toBe(credential)
          expect(told?.digest).toBe(credential === null ? '' : credentialDigest(credential))
          expect(told?.forApp).toBe(cookiesForApp(cookies, drop))
          const raw = ['Cookie', cookies]
          expect(requestHeaders(raw, { ours: [], dropCookie: drop, cookies: told })).toEqual(
            requestHeaders(raw, { ours: [], dropCookie: drop }),
          )
        }
      },
    ),
    { numRuns: 500 },
  )
})

it('never uses what is known of one header for another', () => {
  const known = { header: 'a=1', forApp: 'a=1' }
  const raw = ['Cookie', 'a=1', 'Cookie', 'holdfast-8080=x; b=2']
  expect(requestHeaders(raw, { ours: [], cookies: known })).toEqual(['cookie', 'a=1; b=2'])
})
