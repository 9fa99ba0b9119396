import { type Html, html } from './html.ts'
import { textsFor } from './language.ts'
import { layout } from './layout.ts'
import { type OwnPage, ownPath } from './own-path.ts'
import { type Page, type PageContext, pageResponse } from './page-response.ts'
import { signInFields } from './sign-in-form.ts'
import type { Texts } from './texts.ts'

/** What went wrong on a page on which people look after their own account. */
export type SelfServiceFault =
  | { readonly kind: 'form' | 'unavailable' | 'link' | 'bad-email' | 'same' | 'taken' | 'bad-name' }
  | { readonly kind: 'wrong-password' | 'stale' | 'unconfirmed' }
  | { readonly kind: 'throttled'; readonly seconds: number }
  | { readonly kind: 'domain'; readonly domains: readonly string[] }
  /** Not filled in; `null`: the name. */
  | { readonly kind: 'missing'; readonly label: string | null }
  /** Why a password or a text is not taken, as the rules say it. */
  | { readonly kind: 'weak' | 'bad-value'; readonly why: string }

const statusOf: Readonly<Record<SelfServiceFault['kind'], number>> = {
  form: 400,
  link: 410,
  unavailable: 503,
  throttled: 429,
  'wrong-password': 401,
  stale: 401,
  unconfirmed: 503,
  'bad-email': 422,
  same: 422,
  taken: 422,
  'bad-name': 422,
  domain: 422,
  missing: 422,
  weak: 422,
  'bad-value': 422,
}

/** What every such page is given. */
export interface SelfServicePageOptions extends PageContext {
  /** From `formTokens`. */
  readonly token: string
  readonly fault?: SelfServiceFault | undefined
}

/** A page with one or more forms, and a way back. */
export function selfServicePage(
  options: Omit<SelfServicePageOptions, 'token'>,
  title: string,
  main: Html,
  form = true,
): Page {
  const texts = textsFor(options.acceptLanguage)
  const { fault } = options
  return pageResponse({
    status: fault === undefined ? 200 : statusOf[fault.kind],
    secure: options.secure,
    form,
    headers: {
      ...retryAfter(fault),
      'content-language': texts.language,
      vary: 'Accept-Language, Cookie',
    },
    document: (nonce) =>
      layout({
        language: texts.language,
        title: fault === undefined ? title : texts.signIn.errorTitle(title),
        app: options.app,
        nonce,
        shape: 'text',
        main: html`<h1>${title}</h1>
${fault && html`<p class="message bad" id="message" role="alert">${faultText(fault, texts)}</p>`}
${main}`,
      }),
  })
}

function retryAfter(fault: SelfServiceFault | undefined): Record<string, string> {
  if (fault?.kind === 'throttled') return { 'retry-after': String(Math.max(1, Math.ceil(fault.seconds))) }
  return fault?.kind === 'unavailable' ? { 'retry-after': '5' } : {}
}

function faultText(fault: SelfServiceFault, texts: Texts): string {
  const { errors } = texts.selfService
  switch (fault.kind) {
    case 'throttled':
      return texts.signIn.errors.throttled(fault.seconds)
    case 'domain':
      return errors.domain(fault.domains.join(', '))
    case 'missing':
      return errors.missing(fault.label ?? texts.selfService.name)
    case 'weak':
    case 'bad-value':
      return fault.why
    case 'wrong-password':
    case 'stale':
      return texts.account.errors[fault.kind]
    default:
      return errors[fault.kind]
  }
}

/** The form that posts to this page, with its token. */
export function ownForm(options: SelfServicePageOptions, page: OwnPage, inside: Html): Html {
  return html`<form method="post" action="${ownPath(options.base, page)}">
<input type="hidden" name="${signInFields.token}" value="${options.token}">
${inside}
</form>`
}

/** What an input is for. */
export interface FieldOptions {
  readonly id: string
  readonly name: string
  readonly label: string
  readonly kind?: 'text' | 'email' | 'password'
  readonly value?: string | undefined
  readonly autocomplete: string
  readonly required?: boolean
  readonly hint?: string | undefined
  readonly most?: number
}

/** One labelled input. */
export function field(options: FieldOptions): Html {
  const {
    id,
    name,
    label,
    kind = 'text',
    value = '',
    autocomplete,
    required = true,
    hint,
    most = 256,
  } = options
  const plain = kind === 'password' ? null : html` value="${value}" autocapitalize="none" spellcheck="false"`
  const least = autocomplete === 'new-password' && html` minlength="8"`
  return html`<div class="field">
<label for="${id}">${label}</label>
<input type="${kind}" id="${id}" name="${name}"${plain} autocomplete="${autocomplete}" maxlength="${most}"${least}${required && html` required`}${hint !== undefined && html` aria-describedby="${id}-hint"`}>
${hint !== undefined && html`<span class="hint" id="${id}-hint">${hint}</span>`}
</div>`
}

/** The way back to the sign-in page. */
export function backToSignIn(base: string, texts: Texts): Html {
  return html`<div class="actions">
<a class="button quiet" href="${ownPath(base, 'sign-in')}">${texts.selfService.backToSignIn}</a>
</div>`
}
