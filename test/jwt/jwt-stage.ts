/** JWT sessions on an engine of their own, and what they say of a token. */
import {
  createJwtSessions,
  type JwtSessions,
  type JwtSessionsOptions,
  type TokenPair,
} from '../../src/jwt/jwt-sessions.ts'
import { anna, device, type Process, startProcess } from '../core/samples.ts'
import { threeKeys } from './forge.ts'

export interface Opened extends Process {
  readonly jwt: JwtSessions
  pair(): Promise<TokenPair>
}

export async function open(
  options: Partial<JwtSessionsOptions> = {},
  process: Parameters<typeof startProcess>[0] = {},
): Promise<Opened> {
  const started = await startProcess(process)
  const { sessions: manager, store, clock } = started
  const keys = options.keys ?? (await threeKeys())
  const jwt = createJwtSessions({
    ...{ manager, store, keys, issuer: 'https://app.example.org', audience: 'survey', now: clock.now },
    ...options,
  })
  return {
    ...started,
    jwt,
    async pair() {
      const signIn = { identity: anna, remember: false, device, begun: await manager.begin(), replaces: null }
      return given(await jwt.signIn(signIn))
    },
  }
}

export function given<T>(value: T | null): T {
  if (value === null) throw new Error('There is none.')
  return value
}

export async function refusal(jwt: JwtSessions, token: string): Promise<string> {
  const verified = await jwt.verify(token)
  return verified.valid ? 'valid' : verified.refusal
}
