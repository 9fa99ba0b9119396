/** What all pages of the admin listener share: where one is, how one shows who one is, and what became of a change. */
import type { AccountProof } from './account.ts'
import { type Html, html } from './html.ts'
import { textsFor } from './language.ts'
import { layout } from './layout.ts'
import { ownPath } from './own-path.ts'
import { type Page, type PageContext, pageResponse } from './page-response.ts'
import { signInFields } from './sign-in-form.ts'
import type { Texts } from './texts.ts'

/** Whose account it is, by who vouches for them. */
export interface AdminAccount {
  readonly userId: string
  /** What is kept of it: names the account in addresses and forms. */
  readonly way: string
  /** As people know the way in; `null` for the users file, the login API and the command line, which have texts. */
  readonly wayLabel: string | null
}

/** What happened, or did not. */
export type AdminNotice =
  | { readonly kind: 'done' }
  | { readonly kind: 'wrong-password' | 'form' | 'unavailable' | 'stale' | 'self' | 'gone' }
  | { readonly kind: 'throttled'; readonly seconds: number }
  /** Why the change was refused, as the rules for it say. */
  | { readonly kind: 'refused'; readonly why: string }

export interface AdminPageContext extends PageContext {
  /** Who is looking. */
  readonly admin: string
  readonly notice?: AdminNotice | undefined
}

/** `factor`: they have a second factor, and must show it first, at `href`. */
export type AdminProof = AccountProof | { readonly kind: 'factor'; readonly href: string }

export interface AdminFormContext extends AdminPageContext {
  /** From `formTokens`, for `admin`. */
  readonly token: string
  readonly proof: AdminProof
}

/** The names of the forms' fields besides the token. */
export const adminFields = {
  password: 'password',
  action: 'action',
  roles: 'roles',
  way: 'way',
  name: 'name',
  query: 'q',
  page: 'page',
  before: 'before',
} as const

/** Where each page lies below the base path. */
export const adminPaths = { people: '/', user: '/user', sessions: '/sessions', audit: '/audit' } as const

const statusOf = {
  'wrong-password': 401,
  form: 400,
  unavailable: 503,
  stale: 401,
  self: 409,
  gone: 404,
  throttled: 429,
  refused: 422,
} as const

/** One page, with the way to the others. */
export function adminPage(
  options: AdminPageContext,
  current: keyof typeof adminPaths,
  body: (texts: Texts) => { readonly heading: string; readonly main: Html },
): Page {
  const texts = textsFor(options.acceptLanguage)
  const { notice, base, app, admin } = options
  const { heading, main } = body(texts)
  const link = (page: 'people' | 'sessions' | 'audit'): Html =>
    html`<a href="${base}${adminPaths[page]}"${page === current && html` aria-current="page"`}>${texts.admin[page]}</a>`
  return pageResponse({
    status: notice === undefined || notice.kind === 'done' ? 200 : statusOf[notice.kind],
    secure: options.secure,
    form: current === 'user',
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
        ...{ language: texts.language, title: heading, app, nonce, shape: 'text' },
        main: html`<nav class="places" aria-label="${texts.admin.places}">${link('people')} ${link('sessions')} ${link('audit')}</nav>
<h1>${heading}</h1>
${message(notice, texts)}
${main}`,
        footer: html`${texts.signOut.as(admin)} <a href="${ownPath(base, 'sign-out')}">${texts.signOut.submit}</a>`,
      }),
  })
}

/** How a way in is called. */
export function wayName({ way, wayLabel }: Pick<AdminAccount, 'way' | 'wayLabel'>, texts: Texts): string {
  if (wayLabel !== null) return wayLabel
  return texts.admin.ways[way] ?? way
}

/** Where an account is shown. */
export function userHref(base: string, { way, userId }: Pick<AdminAccount, 'way' | 'userId'>): string {
  const query = new URLSearchParams({ [adminFields.way]: way, [adminFields.name]: userId })
  return `${base}${adminPaths.user}?${query.toString()}`
}

/** Whether one may change something now. */
export function mayAct({ proof }: Pick<AdminFormContext, 'proof'>): boolean {
  return proof.kind === 'provider' ? proof.fresh : proof.kind === 'password'
}

/** The start of each form that changes something: its token, and how one shows that it is oneself. */
export function formHead({ token, proof: by }: AdminFormContext, texts: Texts): Html {
  // The first button is the one that Enter presses: a disabled one, so that Enter does nothing to anybody.
  const head = html`<input type="hidden" name="${signInFields.token}" value="${token}">
<button type="submit" disabled hidden></button>`
  if (by.kind === 'factor')
    return html`${head}<p>${texts.factor.showFirst}</p>
<p><a class="button" href="${by.href}">${texts.factor.submit}</a></p>`
  if (by.kind === 'provider') {
    if (by.fresh) return head
    return html`${head}<p>${texts.account.provider(by.label)}</p>
<p><a class="button" href="${by.href}">${texts.signIn.with(by.label)}</a></p>`
  }
  return html`${head}<div class="field">
<label for="password">${texts.account.currentPassword}</label>
<input type="password" id="password" name="${adminFields.password}" autocomplete="current-password" maxlength="1024" required aria-describedby="why">
<span class="hint" id="why">${texts.account.why}</span>
</div>`
}

/** A button that does something. */
export function act(value: string, text: string, label?: string): Html {
  return html`<button class="button quiet small" type="submit" name="${adminFields.action}" value="${value}"${label !== undefined && html` aria-label="${label}"`}>${text}</button>`
}

/** An instant, as precisely as it is of use. */
export function instant(at: number, { language }: Texts): string {
  const format = new Intl.DateTimeFormat(language, {
    dateStyle: 'medium',
    timeStyle: 'short',
    timeZone: 'UTC',
  })
  return `${format.format(at)} UTC`
}

/** The way to the next page of a list, and back to the first. */
export function paging(first: string | null, next: string | null, texts: Texts): Html | null {
  if (first === null && next === null) return null
  return html`<div class="actions">
${first !== null && html`<a class="button quiet" href="${first}">${texts.admin.first}</a>`}
${next !== null && html`<a class="button quiet" href="${next}">${texts.admin.next}</a>`}
</div>`
}

function message(notice: AdminNotice | undefined, texts: Texts): Html | null {
  if (notice === undefined) return null
  if (notice.kind === 'done') return html`<p class="message note" role="status">${texts.admin.done}</p>`
  return html`<p class="message bad" role="alert">${trouble(notice, texts)}</p>`
}

function trouble(notice: Exclude<AdminNotice, { kind: 'done' }>, texts: Texts): string {
  if (notice.kind === 'throttled') return texts.signIn.errors.throttled(notice.seconds)
  if (notice.kind === 'refused') return notice.why
  if (notice.kind === 'self' || notice.kind === 'gone') return texts.admin.errors[notice.kind]
  return texts.account.errors[notice.kind]
}
