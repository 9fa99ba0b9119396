import { html } from './html.ts'
import { textsFor } from './language.ts'
import type { Page, PageContext } from './page-response.ts'
import { backToSignIn, selfServicePage } from './self-service-page.ts'

/** Says that a mail is on its way, if there is one: the same of every name and address. */
export function askedPage(options: PageContext): Page {
  const texts = textsFor(options.acceptLanguage)
  const { heading, lead, hint } = texts.selfService.asked
  return selfServicePage(
    options,
    heading,
    html`<p role="status">${lead}</p>
<p class="hint">${hint}</p>
${backToSignIn(options.base, texts)}`,
    false,
  )
}
