import { type Html, html } from './html.ts'
import { textsFor } from './language.ts'
import type { Page } from './page-response.ts'
import {
  backToSignIn,
  field,
  ownForm,
  type SelfServicePageOptions,
  selfServicePage,
} from './self-service-page.ts'

/** A field of one's own. */
export interface AskedField {
  readonly name: string
  readonly label: string
  readonly required: boolean
  readonly value?: string | undefined
}

export interface RegisterPageOptions extends SelfServicePageOptions {
  readonly domains: readonly string[]
  readonly typed?: string | undefined
}

export interface ChooseAccountPageOptions extends SelfServicePageOptions {
  /** The address that the link has proven. */
  readonly email: string
  readonly username?: string | undefined
  readonly name?: string | undefined
  readonly fields: readonly AskedField[]
}

/** The names of the forms' fields; those of one's own have `field_` in front. */
export const registerFields = {
  email: 'email',
  username: 'username',
  name: 'name',
  password: 'new_password',
  own: 'field_',
} as const

/** Asks for the address. */
export function registerPage(options: RegisterPageOptions): Page {
  const texts = textsFor(options.acceptLanguage)
  const { domains } = options
  const { heading, lead } = texts.selfService.register
  const form = html`${field({
    ...{ id: 'email', name: registerFields.email, label: texts.selfService.email, kind: 'email' },
    ...{ value: options.typed, autocomplete: 'email' },
    hint: domains.length === 0 ? undefined : texts.selfService.register.domains(domains.join(', ')),
  })}
<button class="button" type="submit">${texts.selfService.send}</button>`
  return selfServicePage(
    options,
    heading(options.app),
    html`<p>${lead}</p>
${ownForm(options, 'register', form)}
${backToSignIn(options.base, texts)}`,
  )
}

/** Takes name and password of whoever has the link. */
export function chooseAccountPage(options: ChooseAccountPageOptions): Page {
  const texts = textsFor(options.acceptLanguage)
  const { complete, as, usernameHint, submit } = texts.selfService.register
  const form = html`<input type="hidden" name="step" value="choose">
${field({
  ...{ id: 'username', name: registerFields.username, label: texts.signIn.username },
  ...{ value: options.username, autocomplete: 'username', hint: usernameHint, most: 32 },
})}
${field({
  ...{ id: 'name', name: registerFields.name, label: texts.selfService.name },
  ...{ value: options.name, autocomplete: 'name' },
})}
${ownFields(options.fields)}
${field({
  ...{ id: 'new', name: registerFields.password, label: texts.signIn.password, kind: 'password' },
  ...{ autocomplete: 'new-password', most: 1024 },
})}
<button class="button" type="submit">${submit}</button>`
  return selfServicePage(
    options,
    complete,
    html`<p>${as(options.email)}</p>
${ownForm(options, 'register', form)}
${backToSignIn(options.base, texts)}`,
  )
}

/** Inputs for fields of one's own. */
export function ownFields(fields: readonly AskedField[]): Html {
  return html`${fields.map(({ name, label, required, value }) =>
    field({
      ...{ id: `field-${name}`, name: `${registerFields.own}${name}`, label, value, required },
      autocomplete: 'off',
    }),
  )}`
}
