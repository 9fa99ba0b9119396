/** What every scene has: secrets that are known again wherever they turn up, and eyes on all that a gateway says. */
import { randomBytes } from 'node:crypto'
import type { Harness } from '../harness.ts'
import { onAnswer } from '../loopback.ts'
import type { WatchedStore } from '../watched-store.ts'
import type { Canaries } from './canaries.ts'

/** A secret of its own for everything that has one. */
export const word = (what: string): string => `${what} & ${randomBytes(12).toString('hex')}?`

export const person = {
  userId: 'annika-tangwald',
  name: 'Annika Tangwald',
  email: 'annika@tangwald.example',
}
export const other = { userId: 'bjarne-tangwald', email: 'bjarne@tangwald.example' }
export const own = '/_holdfast'
export const minute = 60_000
// What tokens, images and seals are made with.
const keys = [
  'session/v1',
  'state/v1',
  'form/v1',
  'recovery-code/v1',
  'factor-sign-in/v1',
  'link/v1',
  'oidc/v1',
]

export interface Scene {
  readonly canaries: Canaries
  readonly store: WatchedStore
  /** What the logs say has happened. */
  readonly happened: Set<string>
}

/** Sees every answer of the gateway, and learns the tokens of the sessions that begin. */
export function watchAnswers({ canaries }: Scene): () => void {
  return onAnswer((path, ask, { headers, setCookie, body }) => {
    const what = `${ask.method ?? 'GET'} ${path.split('?', 1)[0]}`
    canaries.see(`address of ${what}`, path)
    canaries.see(`body of ${what}`, body)
    const rest = Object.entries(headers).filter(([name]) => name !== 'set-cookie')
    canaries.see(`head of ${what}`, JSON.stringify(rest))
    if (headers.location !== undefined) canaries.see(`location after ${what}`, String(headers.location))
    for (const line of setCookie) learn(canaries, what, line)
  })
}

function learn(canaries: Canaries, what: string, line: string): void {
  canaries.see(`cookie of ${what}`, line)
  const token = /=(?:v1|a1)\.[^.]+\.([\w-]{43})/.exec(line)?.[1]
  if (token === undefined) return
  canaries.hide('the token of a session', token, /^cookie of /)
  canaries.hide('the bytes of a token', Buffer.from(token, 'base64url'), /^cookie of /)
}

/** What a gateway has written and sent on, once everything is done. */
export async function lookBehind({ canaries, happened }: Scene, to: Harness): Promise<void> {
  await to.selfService.idle()
  canaries.see('log', JSON.stringify(to.log))
  canaries.see('log', JSON.stringify(to.events))
  for (const { event } of [...to.events, ...to.log]) happened.add(event)
  canaries.see('the app', Buffer.concat(to.upstream.connections.flat()))
  const { entries } = await to.audit.read(500)
  canaries.see('audit', JSON.stringify(entries))
  for (const { action } of entries) happened.add(`audit ${action}`)
  for (const key of keys) canaries.hide('a key', to.keyring.key(key))
}
