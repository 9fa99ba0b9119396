/** A gateway with rules for paths, and paths that two parsers read differently. */
import type { Identity } from '../../src/core/contracts.ts'
import type { AccessRule, Visitor } from '../../src/gateway/access.ts'
import { type Harness, startHarness } from '../gateway/harness.ts'
import { ben } from '../gateway/people.ts'
import { rawExchange } from '../gateway/raw-client.ts'
import type { RecordingUpstream } from '../gateway/recording-upstream.ts'

export const rules: readonly AccessRule[] = [
  { path: '/public/*', access: 'anyone' },
  { path: '/admin/*', roles: ['admin'] },
  { path: '/report', roles: ['admin'] },
]
export const gateway: Harness = await startHarness({ rules })
export const upstream: RecordingUpstream = gateway.upstream
export const port: number = gateway.port
export const bens: string = await gateway.sessionOf(ben)

/** The status, and how many requests reached the app. */
export async function send(
  target: string,
  lines: readonly string[] = [],
  method = 'GET',
): Promise<[number | undefined, number]> {
  upstream.forget()
  const { answers } = await rawExchange(
    port,
    gateway.request(`${method} ${target}`, [...lines, 'Connection: close']),
  )
  return [answers[0]?.status, upstream.requests.length]
}

const dots = [
  '..',
  '%2e%2e',
  '%2E.',
  '.%2e',
  '..;',
  '..;x=1',
  '%252e%252e',
  '%25252e%25252e',
  '..%00',
  '%c0%ae%c0%ae',
  '..%5c',
  '.',
]
const slashes = ['/', '//', '\\', '%2f', '%2F', '%5c', '%252f', '/;/', '/./', '%c0%af', '%e0%80%af']
export const escaping: readonly string[] = dots.flatMap((dot) =>
  slashes.map((slash) => `/public/${dot}${slash}secret`),
)
export const broken: readonly string[] = [
  '/%',
  '/%2',
  '/%zz',
  '/%u002e',
  '/a%00b',
  '/a%0d%0ab',
  '/a%7f',
  '/a%80',
  '/a%ff',
  '/a%c3',
  '/a%ed%a0%80',
  '/a%f5%80%80%80',
]

/** What a session says of somebody. */
export function visitor(identity: Identity | null): Visitor | null {
  return identity === null ? null : { identity, authenticatedAt: 0, factorAt: null }
}
