import { html } from './html.ts'
import { textsFor } from './language.ts'
import type { Page } from './page-response.ts'
import {
  backToSignIn,
  field,
  ownForm,
  type SelfServicePageOptions,
  selfServicePage,
} from './self-service-page.ts'

export interface ForgottenPageOptions extends SelfServicePageOptions {
  /** What was typed last time. */
  readonly typed?: string | undefined
}

/** The names of the forms' fields. */
export const forgottenFields = { account: 'account', email: 'email' } as const

/** Asks whose password is forgotten. */
export function forgotPasswordPage(options: ForgottenPageOptions): Page {
  const texts = textsFor(options.acceptLanguage)
  const { heading, lead, account } = texts.selfService.forgotPassword
  const form = html`${field({
    ...{ id: 'account', name: forgottenFields.account, label: account, value: options.typed },
    autocomplete: 'username',
  })}
<button class="button" type="submit">${texts.selfService.send}</button>`
  return selfServicePage(
    options,
    heading,
    html`<p>${lead}</p>
${ownForm(options, 'forgot-password', form)}
${backToSignIn(options.base, texts)}`,
  )
}

/** Asks where a forgotten name is to be sent. */
export function forgotUsernamePage(options: ForgottenPageOptions): Page {
  const texts = textsFor(options.acceptLanguage)
  const { heading, lead } = texts.selfService.forgotUsername
  const form = html`${field({
    ...{ id: 'email', name: forgottenFields.email, label: texts.selfService.email, kind: 'email' },
    ...{ value: options.typed, autocomplete: 'email' },
  })}
<button class="button" type="submit">${texts.selfService.send}</button>`
  return selfServicePage(
    options,
    heading,
    html`<p>${lead}</p>
${ownForm(options, 'forgot-username', form)}
${backToSignIn(options.base, texts)}`,
  )
}
