import { type Html, html } from './html.ts'
import { textsFor } from './language.ts'
import { layout } from './layout.ts'
import { ownPath } from './own-path.ts'
import { type Page, type PageContext, pageResponse } from './page-response.ts'
import { passkeyForm } from './passkey-form.ts'
import { signInFields } from './sign-in-form.ts'
import type { Texts } from './texts.ts'

/** Why the last attempt did not sign in. `seconds`: until another may be made. */
export type SignInError =
  /** Unknown name, wrong password, disabled account: nobody may tell which. */
  | { readonly kind: 'credentials' }
  | { readonly kind: 'throttled'; readonly seconds: number }
  /** The form token is too old, or was not shown to this browser. */
  | { readonly kind: 'form' }
  /** Right, and signed in on as many browsers as may be; `seconds`: until the first of them is over, if it is not used. */
  | { readonly kind: 'full'; readonly most: number; readonly seconds: number }
  /** The passkey is of nobody here, or did not show what it had to. */
  | { readonly kind: 'passkey' }
  /** The store or the directory of users cannot tell. */
  | { readonly kind: 'unavailable' }

/** Why someone finds themselves at the sign-in page. */
export type SignInReason = 'expired' | 'revoked' | 'replaced' | 'signed-out' | 'registered' | 'password-set'

/** Another way to sign in. */
export interface OtherWay {
  /** As people know it: `Google`. */
  readonly name: string
  /** A path on our own origin, written by the gateway. */
  readonly href: string
}

export interface SignInPageOptions extends PageContext {
  /** Where to go afterwards, as `returnPath` gave it. */
  readonly returnTo: string
  /** From `formTokens`, for `sign-in`. */
  readonly token: string
  /** What was typed last time. */
  readonly username?: string
  readonly remember?: boolean
  readonly error?: SignInError
  /** Shown while there is no error. */
  readonly reason?: SignInReason | undefined
  readonly others?: readonly OtherWay[]
  /** Whether one can sign in with a password at all. @default true */
  readonly passwords?: boolean
  /** What people can do who have no account, or have forgotten something of it. */
  readonly links?: readonly ('register' | 'forgot-password' | 'forgot-username')[]
  /** Whether one may come in without an account. */
  readonly guests?: boolean
  /** What the button for passkeys asks, and where its script is; without it there is no button. */
  readonly passkey?: { readonly ask: object; readonly script: string } | null
}

const statusOf = {
  ...{ credentials: 401, passkey: 401, throttled: 429, form: 400, full: 409, unavailable: 503 },
} as const
const reasons: readonly SignInReason[] = [
  ...(['expired', 'revoked', 'replaced', 'signed-out', 'registered', 'password-set'] as const),
]
// By the person's own doing, on this very page. A session that has expired is most often theirs again a minute later.
const signedOut: ReadonlySet<SignInReason> = new Set(['signed-out', 'revoked', 'password-set'] as const)
const unavailableSeconds = 5

/** The `?reason=` of a sign-in URL, if it is one we give. */
export function signInReason(value: string | null): SignInReason | undefined {
  return reasons.find((reason) => reason === value)
}

function errorText(error: SignInError, texts: Texts): string {
  const { errors } = texts.signIn
  if (error.kind === 'full') return errors.full(error.most, error.seconds)
  return error.kind === 'throttled' ? errors.throttled(error.seconds) : errors[error.kind]
}

function headersOf(error: SignInError | undefined): Record<string, string> {
  switch (error?.kind) {
    case 'credentials':
    case 'passkey':
      // RFC 9110 §15.5.2 wants a challenge with every 401; browsers ignore schemes they do not know.
      return { 'www-authenticate': 'Holdfast' }
    case 'throttled':
      return { 'retry-after': String(Math.max(1, Math.ceil(error.seconds))) }
    case 'unavailable':
      return { 'retry-after': String(unavailableSeconds) }
    default:
      return {}
  }
}

function message(options: SignInPageOptions, texts: Texts): Html | null {
  if (options.error) {
    return html`<p class="message bad" id="message" role="alert">${errorText(options.error, texts)}</p>`
  }
  if (options.reason === undefined) return null
  const text = texts.signIn.notices[options.reason]
  return html`<p class="message note" id="message" role="status">${text}${clears(options) && cacheClearing(options)}</p>`
}

/** Whether the browser is to forget what the app let it keep: whoever sits here next may be somebody else. */
function clears({ error, reason }: SignInPageOptions): boolean {
  return error === undefined && reason !== undefined && signedOut.has(reason)
}

/**
 * Its answer clears the cache, which can take a browser seconds. `lazy`: the page has loaded without it. Not hidden, or it
 * would never be asked for.
 */
function cacheClearing({ base }: SignInPageOptions): Html {
  return html`<img src="${ownPath(base, 'clear-cache')}" alt="" width="1" height="1" loading="lazy">`
}

function passwordForm(options: SignInPageOptions, texts: Texts): Html {
  const { username = '', error } = options
  const says = (options.error || options.reason) && html` aria-describedby="message"`
  const wrong = error?.kind === 'credentials' && html` aria-invalid="true"`
  const focusName = username === ''
  return html`<form method="post" action="${ownPath(options.base, 'sign-in')}">
<input type="hidden" name="${signInFields.token}" value="${options.token}">
<input type="hidden" name="${signInFields.returnTo}" value="${options.returnTo}">
<div class="field">
<label for="username">${texts.signIn.username}</label>
<input type="text" id="username" name="${signInFields.username}" value="${username}" autocomplete="username" autocapitalize="none" autocorrect="off" spellcheck="false" maxlength="256" required${says}${wrong}${focusName && html` autofocus`}>
</div>
<div class="field">
<label for="password">${texts.signIn.password}</label>
<input type="password" id="password" name="${signInFields.password}" autocomplete="current-password" maxlength="1024" required${says}${wrong}${!focusName && html` autofocus`}>
</div>
<div class="check">
<input type="checkbox" id="remember" name="${signInFields.remember}" aria-describedby="remember-hint"${options.remember === true && html` checked`}>
<label for="remember">${texts.signIn.remember}</label>
<span class="hint" id="remember-hint">${texts.signIn.rememberHint}</span>
</div>
<button class="button" type="submit">${texts.signIn.submit}</button>
</form>`
}

function otherWays(others: readonly OtherWay[], texts: Texts): Html | null {
  if (others.length === 0) return null
  return html`<ul class="others">
${others.map(({ name, href }) => html`<li><a class="button quiet" href="${href}">${texts.signIn.with(name)}</a></li>`)}
</ul>`
}

function guestForm(options: SignInPageOptions, texts: Texts): Html {
  return html`<form class="guest" method="post" action="${ownPath(options.base, 'guest')}">
<input type="hidden" name="${signInFields.token}" value="${options.token}">
<input type="hidden" name="${signInFields.returnTo}" value="${options.returnTo}">
<button class="button quiet" type="submit">${texts.selfService.guest}</button>
</form>`
}

function helpLinks({ base, app, links = [] }: SignInPageOptions, texts: Texts): Html | null {
  if (links.length === 0) return null
  const { register, forgotPassword, forgotUsername } = texts.selfService
  const words = {
    register: register.heading(app),
    'forgot-password': forgotPassword.heading,
    'forgot-username': forgotUsername.heading,
  }
  return html`<ul class="help">
${links.map((page) => html`<li><a href="${ownPath(base, page)}">${words[page]}</a></li>`)}
</ul>`
}

function passkeyPart({ base, token, returnTo }: SignInPageOptions, ask: object, texts: Texts): Html {
  const form = { base, token, returnTo, page: 'passkey', action: 'passkey', quiet: true } as const
  return passkeyForm(
    { ...form, ask: { kind: 'get', options: ask }, label: texts.factor.passkeySignIn },
    texts,
  )
}

/** The sign-in page, also after a failed attempt; its status says which. */
export function signInPage(options: SignInPageOptions): Page {
  const texts = textsFor(options.acceptLanguage)
  const { passwords = true, others = [], error, passkey = null } = options
  const heading = texts.signIn.heading(options.app)
  const main = html`<h1>${heading}</h1>
${message(options, texts)}
${passwords && passwordForm(options, texts)}
${passwords && (others.length > 0 || passkey !== null) && html`<p class="or">${texts.signIn.or}</p>`}
${passkey !== null && passkeyPart(options, passkey.ask, texts)}
${otherWays(others, texts)}
${options.guests === true && guestForm(options, texts)}
${helpLinks(options, texts)}`
  return pageResponse({
    status: error ? statusOf[error.kind] : 200,
    secure: options.secure,
    form: true,
    image: clears(options),
    script: passkey !== null,
    headers: { ...headersOf(error), 'content-language': texts.language, vary: 'Accept-Language, Cookie' },
    document: (nonce) =>
      layout({
        language: texts.language,
        title: error ? texts.signIn.errorTitle(texts.signIn.submit) : texts.signIn.submit,
        app: options.app,
        nonce,
        main,
        ...(passkey !== null && { script: passkey.script }),
      }),
  })
}
