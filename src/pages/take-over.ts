import { accountFields } from './account.ts'
import { type AccountDevice, deviceLabel, deviceLine } from './device-line.ts'
import { html } from './html.ts'
import { textsFor } from './language.ts'
import { layout } from './layout.ts'
import { ownPath } from './own-path.ts'
import { type Page, type PageContext, pageResponse } from './page-response.ts'
import { signInFields } from './sign-in-form.ts'

export interface TakeOverPageOptions extends PageContext {
  /** From `formTokens`, for `sign-in`. */
  readonly token: string
  /** The sign-in that waits for the answer, sealed. */
  readonly ticket: string
  /** How many may be signed in at once. */
  readonly most: number
  readonly devices: readonly AccountDevice[]
  readonly now: number
}

/** The name of the field with the sign-in that waits. */
export const ticketField = 'ticket'

/** What ends all of them; one is `end:` and its mark. */
export const endAll = 'end-all'

/** Asks whoever may not be signed in once more which of the browsers to sign out instead. */
export function takeOverPage(options: TakeOverPageOptions): Page {
  const texts = textsFor(options.acceptLanguage)
  const { devices, most, base, now } = options
  const { action } = accountFields
  // Enter ends nobody's session: the first button is disabled.
  const main = html`<h1>${texts.takeOver.heading}</h1>
<p>${texts.takeOver.lead(most)}</p>
<form method="post" action="${ownPath(base, 'take-over')}">
<input type="hidden" name="${signInFields.token}" value="${options.token}">
<input type="hidden" name="${ticketField}" value="${options.ticket}">
<button type="submit" disabled hidden></button>
<h2>${texts.account.devices}</h2>
<ul class="devices">
${devices.map(
  (device) => html`<li>
${deviceLine(device, now, texts)}
<button class="button quiet small" type="submit" name="${action}" value="end:${device.mark}" aria-label="${texts.account.endOne(deviceLabel(device, texts))}">${texts.signOut.submit}</button>
</li>`,
)}
</ul>
<button class="button" type="submit" name="${action}" value="${endAll}">${texts.takeOver.endAll}</button>
</form>
<div class="actions">
<a class="button quiet" href="${ownPath(base, 'sign-in')}">${texts.takeOver.cancel}</a>
</div>`
  return pageResponse({
    status: 200,
    secure: options.secure,
    form: true,
    headers: { 'content-language': texts.language, vary: 'Accept-Language, Cookie' },
    document: (nonce) =>
      layout({
        ...{ language: texts.language, title: texts.takeOver.heading, app: options.app },
        nonce,
        main,
        shape: 'text',
      }),
  })
}
