import { type Html, html } from './html.ts'
import { textsFor } from './language.ts'
import { layout } from './layout.ts'
import { ownPath } from './own-path.ts'
import { type Page, type PageContext, pageResponse } from './page-response.ts'
import { passkeyForm } from './passkey-form.ts'
import { signInFields } from './sign-in-form.ts'
import type { Texts } from './texts.ts'

/** What went wrong. */
export type FactorNotice =
  | { readonly kind: 'wrong' | 'wrong-password' | 'form' | 'unavailable' | 'stale' }
  | { readonly kind: 'throttled'; readonly seconds: number }

/** The names of the fields besides the token and the way back. */
export const factorFields = { code: 'code', password: 'password', action: 'action' } as const

export interface FactorPageOptions extends PageContext {
  /** `factor`: to sign in. `step-up`: somebody who is signed in shows it once more. */
  readonly page: 'factor' | 'step-up'
  readonly token: string
  readonly returnTo: string
  /** Who it is about. */
  readonly user: string
  /** Whether an app gives them codes. */
  readonly totp: boolean
  readonly recovery: boolean
  /** What their passkeys are asked; `null` if they have none. */
  readonly passkey: object | null
  /** Whether their password is what is asked for, or their identity provider. */
  readonly password: boolean
  readonly provider: { readonly label: string; readonly href: string } | null
  readonly script: string
  readonly notice?: FactorNotice | undefined
}

const statusOf = {
  ...{ wrong: 401, 'wrong-password': 401, form: 400, unavailable: 503, stale: 401, throttled: 429 },
} as const

/** Asks for a second factor, or once more for the first. */
export function factorPage(options: FactorPageOptions): Page {
  const texts = textsFor(options.acceptLanguage)
  const { notice, page, passkey, provider } = options
  const heading = page === 'factor' ? texts.factor.heading : texts.factor.again
  const main = html`<h1>${heading}</h1>
${factorMessage(notice, texts)}
<p>${options.user}</p>
${passkey !== null && passkeyPart(options, passkey, texts)}
${options.totp && codeForm(options, 'code', texts)}
${options.password && passwordForm(options, texts)}
${provider !== null && html`<p><a class="button" href="${provider.href}">${texts.signIn.with(provider.label)}</a></p>`}
${options.recovery && html`<details><summary>${texts.factor.recovery}</summary>${codeForm(options, 'recovery', texts)}</details>`}
<div class="actions">
${page === 'factor' ? html`<a class="button quiet" href="${ownPath(options.base, 'sign-in')}">${texts.actions.otherAccount}</a>` : html`<a class="button quiet" href="${options.base}/">${texts.actions.home(options.app)}</a>`}
</div>`
  return factorResponse(options, { heading, main, script: passkey !== null, notice }, texts)
}

/** The frame that the pages about second factors share. */
export function factorResponse(
  context: PageContext & { readonly script: string },
  {
    heading,
    main,
    script,
    notice,
    form = true,
  }: {
    readonly heading: string
    readonly main: Html
    readonly script: boolean
    readonly notice: FactorNotice | undefined
    /** @default true */
    readonly form?: boolean
  },
  texts: Texts,
): Page {
  return pageResponse({
    status: notice === undefined ? 200 : statusOf[notice.kind],
    secure: context.secure,
    form,
    script,
    headers: {
      ...(notice?.kind === 'throttled'
        ? { 'retry-after': String(Math.max(1, Math.ceil(notice.seconds))) }
        : {}),
      ...(notice?.kind === 'unavailable' ? { 'retry-after': '5' } : {}),
      'content-language': texts.language,
      vary: 'Accept-Language, Cookie',
    },
    document: (nonce) =>
      layout({
        ...{ language: texts.language, app: context.app, nonce, main, shape: 'text' },
        title: notice === undefined ? heading : texts.signIn.errorTitle(heading),
        ...(script && { script: context.script }),
      }),
  })
}

export function factorMessage(notice: FactorNotice | undefined, texts: Texts): Html | null {
  if (notice === undefined) return null
  const text =
    notice.kind === 'throttled'
      ? texts.signIn.errors.throttled(notice.seconds)
      : texts.factor.errors[notice.kind]
  return html`<p class="message bad" id="message" role="alert">${text}</p>`
}

function hidden({ token, returnTo }: FactorPageOptions, action: string): Html {
  return html`<input type="hidden" name="${signInFields.token}" value="${token}">
<input type="hidden" name="${signInFields.returnTo}" value="${returnTo}">
<input type="hidden" name="${factorFields.action}" value="${action}">`
}

function codeForm(options: FactorPageOptions, kind: 'code' | 'recovery', texts: Texts): Html {
  const { notice, base, page } = options
  const wrong = notice?.kind === 'wrong' && kind === 'code' && html` aria-invalid="true"`
  const isCode = kind === 'code'
  return html`<form method="post" action="${ownPath(base, page)}">
${hidden(options, 'code')}
<div class="field">
<label for="${kind}">${isCode ? texts.factor.code : texts.factor.recoveryCode}</label>
<input type="text" id="${kind}" name="${factorFields.code}" autocomplete="${isCode ? 'one-time-code' : 'off'}" autocapitalize="characters" spellcheck="false" maxlength="40" required${isCode && html` inputmode="numeric" autofocus aria-describedby="code-hint"`}${wrong}>
${isCode && html`<span class="hint" id="code-hint">${texts.factor.codeHint}</span>`}
</div>
<button class="${isCode ? 'button' : 'button quiet'}" type="submit">${texts.factor.submit}</button>
</form>`
}

function passwordForm(options: FactorPageOptions, texts: Texts): Html {
  return html`<form method="post" action="${ownPath(options.base, options.page)}">
${hidden(options, 'password')}
<div class="field">
<label for="password">${texts.account.currentPassword}</label>
<input type="password" id="password" name="${factorFields.password}" autocomplete="current-password" maxlength="1024" required autofocus>
</div>
<button class="button" type="submit">${texts.factor.submit}</button>
</form>`
}

function passkeyPart(options: FactorPageOptions, ask: object, texts: Texts): Html {
  const { base, page, token, returnTo } = options
  return html`${passkeyForm({ ...{ base, page, token, returnTo, action: 'passkey' }, ask: { kind: 'get', options: ask }, label: texts.factor.passkey, quiet: options.totp }, texts)}
${options.totp && html`<p class="or">${texts.signIn.or}</p>`}`
}
