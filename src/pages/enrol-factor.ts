import { type FactorNotice, factorFields, factorMessage, factorResponse } from './factor.ts'
import { type Html, html } from './html.ts'
import { textsFor } from './language.ts'
import { ownPath } from './own-path.ts'
import type { Page, PageContext } from './page-response.ts'
import { passkeyForm } from './passkey-form.ts'
import { qrCode } from './qr-code.ts'
import { signInFields } from './sign-in-form.ts'
import type { Texts } from './texts.ts'

export interface EnrolPageOptions extends PageContext {
  /** `factor`: before signing in. */
  readonly page: 'factor' | 'account/factors'
  readonly token: string
  readonly returnTo: string
  /** `choose`: which one. */
  readonly step:
    | { readonly kind: 'choose'; readonly passkeys: boolean }
    /** `null`: the secret was shown, and is not again. */
    | { readonly kind: 'totp'; readonly shown: { readonly secret: string; readonly uri: string } | null }
    | { readonly kind: 'passkey'; readonly ask: object }
  readonly script: string
  readonly notice?: FactorNotice | undefined
}

/** Adds a second factor: one that is shown to work before it counts. */
export function enrolPage(options: EnrolPageOptions): Page {
  const texts = textsFor(options.acceptLanguage)
  const { step, notice, page } = options
  const heading = headings(texts)[step.kind]
  const main = html`<h1>${heading}</h1>
${factorMessage(notice, texts)}
${body(options, texts)}
<div class="actions">
<a class="button quiet" href="${ownPath(options.base, page === 'factor' ? 'sign-in' : page)}">${page === 'factor' ? texts.actions.otherAccount : texts.factor.list}</a>
</div>`
  return factorResponse(options, { heading, main, script: step.kind === 'passkey', notice }, texts)
}

function headings({ factor }: Texts): Readonly<Record<EnrolPageOptions['step']['kind'], string>> {
  return { choose: factor.list, totp: factor.addApp, passkey: factor.addKey }
}

function body(options: EnrolPageOptions, texts: Texts): Html {
  const { step } = options
  if (step.kind === 'choose') {
    return html`<p>${texts.factor.required}</p>
${startButton(options, 'totp-start', texts.factor.addApp)}
${step.passkeys && startButton(options, 'passkey-start', texts.factor.addKey)}`
  }
  if (step.kind === 'totp') return totp(options, step, texts)
  const { base, page, token, returnTo } = options
  const ask = { kind: 'create', options: step.ask } as const
  return html`<p>${texts.factor.makeKeyLead}</p>
${passkeyForm({ base, page, token, returnTo, ask, action: 'passkey-confirm', label: texts.factor.makeKey, quiet: false }, texts)}`
}

function hidden({ token, returnTo }: EnrolPageOptions, action: string): Html {
  return html`<input type="hidden" name="${signInFields.token}" value="${token}">
<input type="hidden" name="${signInFields.returnTo}" value="${returnTo}">
<input type="hidden" name="${factorFields.action}" value="${action}">`
}

function startButton(options: EnrolPageOptions, action: string, label: string): Html {
  return html`<form method="post" action="${ownPath(options.base, options.page)}">
${hidden(options, action)}
<button class="button" type="submit">${label}</button>
</form>`
}

function totp(
  options: EnrolPageOptions,
  { shown }: Extract<EnrolPageOptions['step'], { kind: 'totp' }>,
  texts: Texts,
): Html {
  return html`${shown === null ? html`<p>${texts.factor.shownOnce}</p>` : secretOf(shown, texts)}
<form method="post" action="${ownPath(options.base, options.page)}">
${hidden(options, 'totp-confirm')}
<div class="field">
<label for="code">${texts.factor.typed}</label>
<input type="text" id="code" name="${factorFields.code}" inputmode="numeric" autocomplete="one-time-code" spellcheck="false" maxlength="40" required>
</div>
<button class="button" type="submit">${texts.factor.confirm}</button>
</form>`
}

function secretOf({ secret, uri }: { readonly secret: string; readonly uri: string }, texts: Texts): Html {
  return html`<p>${texts.factor.scan}</p>
${qrCode(uri, texts.factor.picture)}
<p>${texts.factor.secret}</p>
<p><code class="secret">${secret.replace(/.{4}(?=.)/g, '$& ')}</code></p>`
}
