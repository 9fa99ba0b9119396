import { type AccountDevice, deviceLabel, deviceLine } from './device-line.ts'
import { type Html, html } from './html.ts'
import { textsFor } from './language.ts'
import { layout } from './layout.ts'
import { ownPath } from './own-path.ts'
import { type Page, type PageContext, pageResponse } from './page-response.ts'
import { signInFields } from './sign-in-form.ts'
import type { Texts } from './texts.ts'

/** What happened, or did not. */
export type AccountNotice =
  | { readonly kind: 'done'; readonly what: 'ended' | 'others-ended' }
  /** `unwritable`: the password cannot be changed here, at least not now. `unconfirmed`: it is set; a session may be left. */
  | { readonly kind: 'wrong-password' | 'form' | 'unavailable' | 'stale' | 'unwritable' | 'unconfirmed' }
  | { readonly kind: 'throttled'; readonly seconds: number }
  /** Why the new password was not taken, as the rules for passwords say it. */
  | { readonly kind: 'weak'; readonly why: string }

/** How somebody shows that it is they who ask, and not a page of the app. */
export type AccountProof =
  | { readonly kind: 'password' }
  /** They were at their identity provider a moment ago; or must go there again, by `href`. */
  | { readonly kind: 'provider'; readonly label: string; readonly href: string; readonly fresh: boolean }

export interface AccountPageOptions extends PageContext {
  readonly token: string
  readonly user: string
  readonly devices: readonly AccountDevice[]
  readonly proof: AccountProof
  /** Whether the password can be changed here. */
  readonly changesPassword: boolean
  /** Whether there is a page to change one's name and address on. @default false */
  readonly changesDetails?: boolean
  readonly notice?: AccountNotice | undefined
  readonly now: number
}

/** The names of the form's fields besides the token. */
export const accountFields = { password: 'password', newPassword: 'new_password', action: 'action' } as const

const statusOf = {
  'wrong-password': 401,
  form: 400,
  unavailable: 503,
  unwritable: 503,
  unconfirmed: 503,
  stale: 401,
  throttled: 429,
  weak: 422,
} as const

/** Where somebody is signed in, and the means to end it. Every change asks for the password, or the provider, anew. */
export function accountPage(options: AccountPageOptions): Page {
  const texts = textsFor(options.acceptLanguage)
  const { notice, devices, user } = options
  // The first button is the one that Enter presses: there, a disabled one, so that Enter ends nobody's session.
  const main = html`<h1>${texts.account.heading}</h1>
${message(notice, texts)}
<p>${texts.signOut.as(user)}</p>
<form method="post" action="${ownPath(options.base, 'account')}">
<input type="hidden" name="${signInFields.token}" value="${options.token}">
<button type="submit" disabled hidden></button>
<h2>${texts.account.devices}</h2>
<ul class="devices">
${devices.map((device) => row(device, options, texts))}
</ul>
${proof(options, texts)}
${devices.length > 1 && mayAct(options) && html`<button class="button" type="submit" name="${accountFields.action}" value="end-others">${texts.account.endOthers}</button>`}
</form>
${options.changesPassword && passwordForm(options, texts)}
<h2>${texts.factor.list}</h2>
<p>${texts.factor.lead} <a href="${ownPath(options.base, 'account/factors')}">${texts.factor.list}</a></p>
<div class="actions">
${options.changesDetails === true && html`<a class="button quiet" href="${ownPath(options.base, 'account/details')}">${texts.selfService.details.heading}</a>`}
<a class="button quiet" href="${ownPath(options.base, 'sign-out')}">${texts.signOut.submit}</a>
<a class="button quiet" href="${options.base}/">${texts.actions.home(options.app)}</a>
</div>`
  return pageResponse({
    status: notice === undefined || notice.kind === 'done' ? 200 : statusOf[notice.kind],
    secure: options.secure,
    form: true,
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
        ...{ language: texts.language, title: texts.account.heading, app: options.app },
        nonce,
        main,
        shape: 'text',
      }),
  })
}

function mayAct({ proof: { kind, ...more } }: AccountPageOptions): boolean {
  return kind === 'password' || ('fresh' in more && more.fresh)
}

function row(device: AccountDevice, options: AccountPageOptions, texts: Texts): Html {
  const { mark, isThis } = device
  return html`<li>
${deviceLine(device, options.now, texts)}
${!isThis && mayAct(options) && html`<button class="button quiet small" type="submit" name="${accountFields.action}" value="end:${mark}" aria-label="${texts.account.endOne(deviceLabel(device, texts))}">${texts.signOut.submit}</button>`}
</li>`
}

function proof({ proof: by, devices }: AccountPageOptions, texts: Texts): Html | null {
  if (devices.length < 2) return null
  if (by.kind === 'provider') {
    if (by.fresh) return null
    return html`<p>${texts.account.provider(by.label)}</p>
<p><a class="button" href="${by.href}">${texts.signIn.with(by.label)}</a></p>`
  }
  return html`<div class="field">
<label for="password">${texts.account.currentPassword}</label>
<input type="password" id="password" name="${accountFields.password}" autocomplete="current-password" maxlength="1024" required aria-describedby="why">
<span class="hint" id="why">${texts.account.why}</span>
</div>`
}

function passwordForm(options: AccountPageOptions, texts: Texts): Html {
  return html`<form method="post" action="${ownPath(options.base, 'account')}">
<input type="hidden" name="${signInFields.token}" value="${options.token}">
<input type="hidden" name="${accountFields.action}" value="password">
<h2>${texts.account.changePassword}</h2>
<p>${texts.account.endsAll}</p>
<input type="text" name="username" value="${options.user}" autocomplete="username" hidden>
<div class="field">
<label for="old">${texts.account.currentPassword}</label>
<input type="password" id="old" name="${accountFields.password}" autocomplete="current-password" maxlength="1024" required>
</div>
<div class="field">
<label for="new">${texts.account.newPassword}</label>
<input type="password" id="new" name="${accountFields.newPassword}" autocomplete="new-password" minlength="8" maxlength="1024" required>
</div>
<button class="button" type="submit">${texts.account.changePassword}</button>
</form>`
}

function message(notice: AccountNotice | undefined, texts: Texts): Html | null {
  if (notice === undefined) return null
  if (notice.kind === 'done')
    return html`<p class="message note" role="status">${texts.account.done[notice.what]}</p>`
  return html`<p class="message bad" role="alert">${trouble(notice, texts)}</p>`
}

function trouble(notice: Exclude<AccountNotice, { kind: 'done' }>, texts: Texts): string {
  if (notice.kind === 'throttled') return texts.signIn.errors.throttled(notice.seconds)
  if (notice.kind === 'unconfirmed') return texts.selfService.errors.unconfirmed
  return notice.kind === 'weak' ? notice.why : texts.account.errors[notice.kind]
}
