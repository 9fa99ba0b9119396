import { type AccountNotice, type AccountPageOptions, accountPage } from '../../src/pages/account.ts'
import { enrolPage } from '../../src/pages/enrol-factor.ts'
import { type FactorNotice, type FactorPageOptions, factorPage } from '../../src/pages/factor.ts'
import { type FactorsPageOptions, factorsPage } from '../../src/pages/factors.ts'
import type { Page, PageContext } from '../../src/pages/page-response.ts'
import { problemPage } from '../../src/pages/problem.ts'
import { type ProblemCode, problemStatus } from '../../src/pages/problem-code.ts'
import { recoveryPage } from '../../src/pages/recovery-codes.ts'
import { signInPage } from '../../src/pages/sign-in.ts'
import { signOutPage } from '../../src/pages/sign-out.ts'
import { takeOverPage } from '../../src/pages/take-over.ts'
import { adminPages } from './admin-pages.ts'
import { selfServicePages } from './self-service-pages.ts'

/** Every problem code there is. */
export const problemCodes = Object.keys(problemStatus) as readonly ProblemCode[]

// By every kind that there is: one that is new is missed by the compiler, not by who looks at the pages.
const factorNotices: { readonly [Kind in FactorNotice['kind']]: FactorNotice } = {
  wrong: { kind: 'wrong' },
  'wrong-password': { kind: 'wrong-password' },
  form: { kind: 'form' },
  unavailable: { kind: 'unavailable' },
  stale: { kind: 'stale' },
  throttled: { kind: 'throttled', seconds: 61 },
}

function accountNotices(text: string): { readonly [Kind in AccountNotice['kind']]: AccountNotice } {
  return {
    done: { kind: 'done', what: 'ended' },
    'wrong-password': { kind: 'wrong-password' },
    form: { kind: 'form' },
    unavailable: { kind: 'unavailable' },
    stale: { kind: 'stale' },
    unwritable: { kind: 'unwritable' },
    unconfirmed: { kind: 'unconfirmed' },
    throttled: { kind: 'throttled', seconds: 61 },
    weak: { kind: 'weak', why: text },
  }
}

/** Those about second factors. */
function factorPages(place: PageContext, text: string): [string, Page][] {
  const script = '/_holdfast/passkey.js?v=test'
  const form = { ...place, script, token: text, returnTo: `/${text}` }
  const ask = { challenge: text }
  const all = { totp: true, recovery: true, passkey: ask, password: false, provider: null }
  const factor: FactorPageOptions = { ...form, ...all, page: 'factor', user: text }
  const none = { ...factor, page: 'step-up', totp: false, recovery: false, passkey: null } as const
  const enrol = { ...form, page: 'account/factors' } as const
  const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
  const mine = { mark: text, since: 0, device: text }
  const list: FactorsPageOptions = {
    ...{ ...form, codesLeft: 1, passkeys: true, proof: { kind: 'password' } },
    factors: [
      { ...mine, kind: 'totp' },
      { ...mine, kind: 'passkey' },
    ],
  }
  const codes = Array.from({ length: 10 }, () => '0123-4567-89AB-CDEF')
  return [
    ['sign-in, passkey', signInPage({ ...form, passkey: { ask, script } })],
    ['sign-in, wrong passkey', signInPage({ ...form, error: { kind: 'passkey' } })],
    ['factor', factorPage(factor)],
    ...Object.values(factorNotices).map((notice): [string, Page] => [
      `factor, ${notice.kind}`,
      factorPage({ ...factor, notice }),
    ]),
    ['factor, only a passkey', factorPage({ ...factor, totp: false })],
    ['step-up, password', factorPage({ ...none, password: true })],
    ['step-up, provider', factorPage({ ...none, provider: { label: text, href: `/${text}` } })],
    ['enrol', enrolPage({ ...form, page: 'factor', step: { kind: 'choose', passkeys: true } })],
    [
      'enrol, app',
      enrolPage({ ...enrol, step: { kind: 'totp', shown: { secret, uri: 'otpauth://totp/Kelp' } } }),
    ],
    [
      'enrol, app again',
      enrolPage({ ...enrol, notice: { kind: 'wrong' }, step: { kind: 'totp', shown: null } }),
    ],
    ['enrol, passkey', enrolPage({ ...enrol, step: { kind: 'passkey', ask } })],
    ['recovery codes', recoveryPage({ ...place, script, codes, next: `/${text}` })],
    ['factors', factorsPage(list)],
    ['factors, none', factorsPage({ ...list, factors: [], done: 'removed' })],
    [
      'factors, stale',
      factorsPage({ ...list, proof: { kind: 'first', href: `/${text}` }, notice: { kind: 'stale' } }),
    ],
    ['factors, shown', factorsPage({ ...list, proof: { kind: 'shown' } })],
  ]
}

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
    ...factorPages(place, text),
    ['account', accountPage(account)],
    [
      'account, provider',
      accountPage({ ...account, proof: { ...provider, fresh: false }, changesPassword: false }),
    ],
    [
      'account, fresh',
      accountPage({ ...account, proof: { ...provider, fresh: true }, changesPassword: false }),
    ],
    ...Object.values(accountNotices(text)).map((notice): [string, Page] => [
      `account, ${notice.kind}`,
      accountPage({ ...account, notice }),
    ]),
    [
      'account, others ended',
      accountPage({ ...account, notice: { kind: 'done', what: 'others-ended' }, changesDetails: true }),
    ],
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
