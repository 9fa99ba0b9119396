/** Cookies remembered for their connection say what they would say read anew, and no other connection's. */
import fc from 'fast-check'
import { expect, it, vi } from 'vitest'
import { cookieReader } from '../../src/adapters/cookie-reading.ts'
import { cookieTransport } from '../../src/core/cookie.ts'
import { credentialDigest } from '../../src/core/token.ts'

const cookie = cookieTransport({ secure: false, name: '', port: 8080 })
const pair = fc
  .tuple(
    fc.constantFrom('holdfast-8080', ' holdfast-8080 ', 'Holdfast-8080', 'theme', ''),
    fc.constantFrom('x', 'y', '', 'v'.repeat(200)),
  )
  .map(([name, value]) => `${name}=${value}`)
const header = fc.option(
  fc.array(pair, { maxLength: 4 }).map((pairs) => pairs.join('; ')),
  { nil: undefined },
)
// The third is nobody's word: where the runtime does not tell connections apart.
const connections = [{}, {}, undefined]

function incoming(connection: object | undefined, cookies: string | undefined) {
  const known = connection === undefined ? {} : { connection }
  return { method: 'GET', target: '/', address: '', header: () => cookies, ...known }
}

it('says of every request on any connection what reading its header anew would say', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat({ max: 2 }), header), { minLength: 1, maxLength: 12 }),
      (requests) => {
        const read = cookieReader(cookie)
        for (const [at, cookies] of requests) {
          const { credential, digest } = read(incoming(connections[at], cookies))
          expect(credential).toBe(cookie.read(cookies))
          expect(digest).toBe(credential === null ? '' : credentialDigest(credential))
        }
      },
    ),
    { numRuns: 500 },
  )
})

it('reads the header of a connection once, for as long as it is the same', () => {
  const read = vi.fn(cookie.read)
  const remember = cookieReader({ ...cookie, read })
  const [one, other] = [{}, {}]
  for (const [connection, cookies] of [
    [one, 'holdfast-8080=x'],
    [one, 'holdfast-8080=x'],
    [other, 'holdfast-8080=x'],
    [one, 'holdfast-8080=y'],
    [one, 'holdfast-8080=x'],
  ] as const)
    remember(incoming(connection, cookies))
  expect(read).toHaveBeenCalledTimes(4)
})
