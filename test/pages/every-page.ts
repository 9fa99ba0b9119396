import { type AccountPageOptions, accountPage } from '../../src/pages/account.ts'
import type { Page, PageContext } from '../../src/pages/page-response.ts'
import { problemPage } from '../../src/pages/problem.ts'
import { type ProblemCode, problemStatus } from '../../src/pages/problem-code.ts'
import { signInPage } from '../../src/pages/sign-in.ts'
import { signOutPage } from '../../src/pages/sign-out.ts'
import { takeOverPage } from '../../src/pages/take-over.ts'
import { adminPages } from './admin-pages.ts'
import { selfServicePages } from './self-service-pages.ts'

/** Every problem code there is. */
export const problemCodes = Object.keys(problemStatus) as readonly ProblemCode[]

/** Every page of ours, with `text` wherever something from outside is shown. */
export function everyPage(context: Partial<PageContext> = {}, text = 'Ada'): ReadonlyMap<string, Page> {
  const place: PageContext = { app: text, base: '', secure: true, ...context }
  const signIn = { ...place, returnTo: `/${text}`, token: text }
  const password = { ...signIn, username: text }
  const others = [{ name: text, href: `/${text}` }]
  const device = { mark: text, userAgent: text, address: text, since: 0, lastSeen: 0, isThis: false }
  const firefox = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0'
  const account: AccountPageOptions = {
    ...{ ...place, token: text, user: text, changesPassword: true, now: 90_000_000 },
    proof: { kind: 'password' },
    devices: [{ ...device, userAgent: firefox, isThis: true }, device],
  }
  const devices = [{ ...device, userAgent: firefox }, device]
  const provider = { kind: 'provider', label: text, href: `/${text}` } as const
  return new Map<string, Page>([
    ['sign-in', signInPage(signIn)],
    ['sign-in, wrong', signInPage({ ...password, remember: true, error: { kind: 'credentials' } })],
    ['sign-in, throttled', signInPage({ ...password, error: { kind: 'throttled', seconds: 61 } })],
    ['sign-in, form', signInPage({ ...password, error: { kind: 'form' } })],
    ['sign-in, full', signInPage({ ...password, error: { kind: 'full', most: 3, seconds: 40_000 } })],
    ['sign-in, unavailable', signInPage({ ...password, error: { kind: 'unavailable' } })],
    ['sign-in, expired', signInPage({ ...signIn, reason: 'expired', others })],
    ['sign-in, revoked', signInPage({ ...signIn, reason: 'revoked' })],
    ['sign-in, replaced', signInPage({ ...signIn, reason: 'replaced' })],
    ['sign-in, signed out', signInPage({ ...signIn, reason: 'signed-out' })],
    ['sign-in, no passwords', signInPage({ ...signIn, passwords: false, others })],
    ['take-over', takeOverPage({ ...place, token: text, ticket: text, most: 2, devices, now: 90_000_000 })],
    ['sign-out', signOutPage({ ...signIn, user: text })],
    ['account', accountPage(account)],
    [
      'account, provider',
      accountPage({ ...account, proof: { ...provider, fresh: false }, changesPassword: false }),
    ],
    [
      'account, fresh',
      accountPage({ ...account, proof: { ...provider, fresh: true }, changesPassword: false }),
    ],
    ['account, done', accountPage({ ...account, notice: { kind: 'done', what: 'ended' } })],
    ['account, wrong', accountPage({ ...account, notice: { kind: 'wrong-password' } })],
    ['account, weak', accountPage({ ...account, notice: { kind: 'weak', why: text } })],
    ['sign-out, form', signOutPage({ ...signIn, error: 'form' })],
    ['sign-out, unavailable', signOutPage({ ...signIn, error: 'unavailable' })],
    ...adminPages(place, text),
    ...selfServicePages(place, text),
    ...problemCodes.map((code): [string, Page] => [
      code,
      problemPage({ ...place, code, requestId: text, returnTo: `/${text}` }),
    ]),
  ])
}
