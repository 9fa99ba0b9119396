import { accountFields } from './account.ts'
import { type Html, html } from './html.ts'
import { textsFor } from './language.ts'
import { ownPath } from './own-path.ts'
import type { Page } from './page-response.ts'
import { type AskedField, ownFields, registerFields } from './register.ts'
import { field, ownForm, type SelfServicePageOptions, selfServicePage } from './self-service-page.ts'
import type { Texts } from './texts.ts'

export interface DetailsPageOptions extends SelfServicePageOptions {
  readonly user: string
  readonly name: string
  readonly fields: readonly AskedField[]
  /** The address there is, if it can be changed here; `undefined`: it cannot. */
  readonly email?: string | null | undefined
  readonly domains: readonly string[]
  readonly changed?: boolean
}

export interface ConfirmEmailPageOptions extends SelfServicePageOptions {
  /** `null`: the link is worth nothing. */
  readonly link: { readonly userId: string; readonly email: string } | null
  readonly done?: boolean
}

/** What people may change of themselves; each change asks for the password. */
export function detailsPage(options: DetailsPageOptions): Page {
  const texts = textsFor(options.acceptLanguage)
  const { heading, submit, changed } = texts.selfService.details
  const form = html`<input type="hidden" name="${accountFields.action}" value="details">
${field({
  ...{ id: 'name', name: registerFields.name, label: texts.selfService.name },
  ...{ value: options.name, autocomplete: 'name' },
})}
${ownFields(options.fields)}
${password('password', texts)}
<button class="button" type="submit">${submit}</button>`
  return selfServicePage(
    options,
    heading,
    html`${options.changed === true && html`<p class="message note" role="status">${changed}</p>`}
<p>${texts.signOut.as(options.user)}</p>
${ownForm(options, 'account/details', form)}
${emailForm(options, texts)}
<div class="actions">
<a class="button quiet" href="${ownPath(options.base, 'account')}">${texts.account.heading}</a>
</div>`,
  )
}

function emailForm(options: DetailsPageOptions, texts: Texts): Html | null {
  const { email, domains } = options
  if (email === undefined) return null
  const { newEmail, changeEmail, emailLead, noEmail } = texts.selfService.details
  const form = html`<input type="hidden" name="${accountFields.action}" value="email">
${field({
  ...{ id: 'email', name: registerFields.email, label: newEmail, kind: 'email', autocomplete: 'email' },
  hint: domains.length === 0 ? undefined : texts.selfService.register.domains(domains.join(', ')),
})}
${password('email-password', texts)}
<button class="button" type="submit">${changeEmail}</button>`
  return html`<h2>${texts.selfService.email}</h2>
<p>${email === null ? noEmail : emailLead(email)}</p>
${ownForm(options, 'account/details', form)}`
}

function password(id: string, texts: Texts): Html {
  return field({
    ...{ id, name: accountFields.password, label: texts.account.currentPassword, kind: 'password' },
    ...{ autocomplete: 'current-password', most: 1024 },
  })
}

/** Asks whoever has the link whether the account is to have this address. */
export function confirmEmailPage(options: ConfirmEmailPageOptions): Page {
  const texts = textsFor(options.acceptLanguage)
  const { link, done } = options
  const { heading, lead, submit } = texts.selfService.confirmEmail
  const ask =
    link !== null &&
    html`<p>${lead(link.userId, link.email)}</p>
${ownForm(options, 'account/email', html`<button class="button" type="submit">${submit}</button>`)}`
  const said =
    done === true && html`<p class="message note" role="status">${texts.selfService.confirmEmail.done}</p>`
  return selfServicePage(
    options,
    heading,
    html`${said || ask}
<div class="actions">
<a class="button quiet" href="${options.base}/">${texts.actions.home(options.app)}</a>
</div>`,
    link !== null && done !== true,
  )
}
