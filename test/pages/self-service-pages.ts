import { confirmEmailPage, detailsPage } from '../../src/pages/account-details.ts'
import { askedPage } from '../../src/pages/asked.ts'
import { forgotPasswordPage, forgotUsernamePage } from '../../src/pages/forgotten.ts'
import type { Page, PageContext } from '../../src/pages/page-response.ts'
import { chooseAccountPage, registerPage } from '../../src/pages/register.ts'
import { resetPasswordPage } from '../../src/pages/reset-password.ts'
import type { SelfServiceFault } from '../../src/pages/self-service-page.ts'
import { signInPage } from '../../src/pages/sign-in.ts'

function faultsOf(text: string): { readonly [Kind in SelfServiceFault['kind']]: SelfServiceFault } {
  const plain = <Kind extends SelfServiceFault['kind']>(kind: Kind): { readonly kind: Kind } => ({ kind })
  return {
    ...{ form: plain('form'), unavailable: plain('unavailable'), link: plain('link'), same: plain('same') },
    ...{ 'bad-email': plain('bad-email'), taken: plain('taken'), 'bad-name': plain('bad-name') },
    ...{
      'wrong-password': plain('wrong-password'),
      stale: plain('stale'),
      unconfirmed: plain('unconfirmed'),
    },
    throttled: { kind: 'throttled', seconds: 61 },
    domain: { kind: 'domain', domains: [text] },
    missing: { kind: 'missing', label: text },
    weak: { kind: 'weak', why: text },
    'bad-value': { kind: 'bad-value', why: text },
  }
}

/** The pages on which people look after their own accounts, with `text` wherever something from outside is shown. */
export function selfServicePages(context: PageContext, text: string): readonly [string, Page][] {
  const place = { ...context, token: text }
  const fields = [
    { name: 'company', label: text, required: true, value: text },
    { name: 'phone', label: text, required: false },
  ]
  const details = { ...place, user: text, name: text, fields, email: text, domains: [text] }
  const links = ['forgot-password', 'forgot-username', 'register'] as const
  return [
    ['sign-in, help', signInPage({ ...place, returnTo: `/${text}`, links, guests: true })],
    ['sign-in, registered', signInPage({ ...place, returnTo: `/${text}`, reason: 'registered' })],
    ['sign-in, password set', signInPage({ ...place, returnTo: `/${text}`, reason: 'password-set' })],
    ['asked', askedPage(place)],
    ['register', registerPage({ ...place, domains: [text], typed: text })],
    ['register, link', registerPage({ ...place, domains: [], fault: { kind: 'link' } })],
    ['choose account', chooseAccountPage({ ...place, email: text, fields })],
    [
      'choose account, taken',
      chooseAccountPage({
        ...place,
        email: text,
        username: text,
        name: text,
        fields,
        fault: { kind: 'taken' },
      }),
    ],
    ['forgot password', forgotPasswordPage(place)],
    [
      'forgot password, throttled',
      forgotPasswordPage({ ...place, typed: text, fault: { kind: 'throttled', seconds: 9 } }),
    ],
    ['forgot username', forgotUsernamePage(place)],
    ['forgot username, wrong', forgotUsernamePage({ ...place, typed: text, fault: { kind: 'bad-email' } })],
    ['reset password', resetPasswordPage({ ...place, user: text })],
    ['reset password, weak', resetPasswordPage({ ...place, user: text, fault: { kind: 'weak', why: text } })],
    ['reset password, link', resetPasswordPage({ ...place, user: null, fault: { kind: 'link' } })],
    ['details', detailsPage(details)],
    ['details, changed', detailsPage({ ...details, email: null, domains: [], changed: true })],
    ...Object.values(faultsOf(text)).map((fault): [string, Page] => [
      `details, ${fault.kind}`,
      detailsPage({ ...details, fault }),
    ]),
    ['details, no name', detailsPage({ ...details, fault: { kind: 'missing', label: null } })],
    ['confirm email', confirmEmailPage({ ...place, link: { userId: text, email: text } })],
    ['confirm email, done', confirmEmailPage({ ...place, link: null, done: true })],
  ]
}
