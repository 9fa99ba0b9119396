import { factorResponse } from './factor.ts'
import { html } from './html.ts'
import { textsFor } from './language.ts'
import type { Page, PageContext } from './page-response.ts'

export interface RecoveryPageOptions extends PageContext {
  readonly codes: readonly string[]
  /** Where to go on, a path of our own origin. */
  readonly next: string
  readonly script: string
}

/** Shows recovery codes, the only time that they are known. */
export function recoveryPage(options: RecoveryPageOptions): Page {
  const texts = textsFor(options.acceptLanguage)
  const heading = texts.factor.codes
  const main = html`<h1>${heading}</h1>
<p>${texts.factor.codesLead}</p>
<ul class="codes">
${options.codes.map((code) => html`<li><code>${code}</code></li>`)}
</ul>
<div class="actions">
<a class="button" href="${options.next}">${texts.factor.codesKept}</a>
</div>`
  return factorResponse(options, { heading, main, form: false, script: false, notice: undefined }, texts)
}
