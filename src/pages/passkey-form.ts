import { type Html, html } from './html.ts'
import { ownPath } from './own-path.ts'
import { signInFields } from './sign-in-form.ts'
import type { Texts } from './texts.ts'

/** What the browser is to do, as `navigator.credentials` takes it, in JSON. */
export interface PasskeyAsk {
  readonly kind: 'create' | 'get'
  readonly options: object
}

export interface PasskeyFormOptions {
  readonly base: string
  readonly page: 'passkey' | 'factor' | 'step-up' | 'account/factors'
  readonly token: string
  readonly returnTo: string
  readonly ask: PasskeyAsk
  readonly label: string
  readonly action: string
  readonly quiet: boolean
}

/** The field that the device's answer comes in. */
export const passkeyField = 'passkey'

/** A form of one button. Our script shows it where the browser has passkeys, and sends it with the device's answer. */
export function passkeyForm(options: PasskeyFormOptions, texts: Texts): Html {
  const { base, page, token, returnTo, ask, label, action, quiet } = options
  return html`<form method="post" action="${ownPath(base, page)}" data-passkey="${JSON.stringify(ask)}">
<input type="hidden" name="${signInFields.token}" value="${token}">
<input type="hidden" name="${signInFields.returnTo}" value="${returnTo}">
<input type="hidden" name="action" value="${action}">
<input type="hidden" name="${passkeyField}" value="">
<p class="message bad" role="alert" data-trouble hidden>${texts.factor.passkeyTrouble}</p>
<button class="${quiet ? 'button quiet' : 'button'}" type="submit" hidden>${label}</button>
<noscript><p class="hint">${texts.factor.passkeyNeeds}</p></noscript>
</form>`
}
