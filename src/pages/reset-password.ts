import { html } from './html.ts'
import { textsFor } from './language.ts'
import { ownPath } from './own-path.ts'
import type { Page } from './page-response.ts'
import {
  backToSignIn,
  field,
  ownForm,
  type SelfServicePageOptions,
  selfServicePage,
} from './self-service-page.ts'

export interface ResetPasswordPageOptions extends SelfServicePageOptions {
  /** Whose; `null`: the link is worth nothing, and another can be asked for. */
  readonly user: string | null
}

/** The names of the form's fields. */
export const resetFields = { newPassword: 'new_password' } as const

/** Takes a new password from whoever has the link. */
export function resetPasswordPage(options: ResetPasswordPageOptions): Page {
  const texts = textsFor(options.acceptLanguage)
  const { user, base } = options
  const { heading, submit, ends } = texts.selfService.resetPassword
  const ask = html`<p><a class="button" href="${ownPath(base, 'forgot-password')}">${texts.selfService.forgotPassword.heading}</a></p>`
  const form =
    user !== null &&
    html`<p>${texts.selfService.resetPassword.for(user)} ${ends}</p>
${ownForm(
  options,
  'reset-password',
  html`<input type="text" name="username" value="${user}" autocomplete="username" hidden>
${field({
  ...{ id: 'new', name: resetFields.newPassword, label: texts.account.newPassword, kind: 'password' },
  ...{ autocomplete: 'new-password', most: 1024 },
})}
<button class="button" type="submit">${submit}</button>`,
)}`
  return selfServicePage(
    options,
    heading,
    html`${form || ask}
${backToSignIn(base, texts)}`,
    user !== null,
  )
}
