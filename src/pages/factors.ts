import { deviceName } from './device-name.ts'
import { type FactorNotice, factorFields, factorMessage, factorResponse } from './factor.ts'
import { type Html, html } from './html.ts'
import { textsFor } from './language.ts'
import { ownPath } from './own-path.ts'
import type { Page, PageContext } from './page-response.ts'
import { signInFields } from './sign-in-form.ts'
import type { Texts } from './texts.ts'

/** A second factor of theirs. */
export interface ShownFactor {
  readonly kind: 'totp' | 'passkey'
  /** Names it in the form; no id of it. */
  readonly mark: string
  readonly since: number
  /** The User-Agent it was made in; of passkeys only. */
  readonly device: string
}

export interface FactorsPageOptions extends PageContext {
  readonly token: string
  readonly factors: readonly ShownFactor[]
  readonly codesLeft: number
  /** Whether browsers have passkeys for this site. */
  readonly passkeys: boolean
  /** How somebody shows that it is they who change something: `shown` a moment ago, by password, or first at `href`. */
  readonly proof: { readonly kind: 'shown' | 'password' } | { readonly kind: 'first'; readonly href: string }
  readonly script: string
  readonly done?: 'removed' | 'added' | undefined
  readonly notice?: FactorNotice | undefined
}

/** Somebody's second factors, and what changes them. */
export function factorsPage(options: FactorsPageOptions): Page {
  const texts = textsFor(options.acceptLanguage)
  const { factors, proof, notice, done, base } = options
  const heading = texts.factor.list
  const mayAct = proof.kind !== 'first'
  const main = html`<h1>${heading}</h1>
${factorMessage(notice, texts)}
${done !== undefined && html`<p class="message note" role="status">${texts.factor.done[done]}</p>`}
<p>${texts.factor.lead}</p>
<form method="post" action="${ownPath(base, 'account/factors')}">
<input type="hidden" name="${signInFields.token}" value="${options.token}">
<button type="submit" disabled hidden></button>
${factors.length === 0 ? html`<p>${texts.factor.none}</p>` : html`<ul class="devices">${factors.map((one) => row(one, mayAct, texts))}</ul>`}
${factors.length > 0 && html`<p>${texts.factor.codesLeft(options.codesLeft)}</p>`}
${proof.kind === 'password' && password(texts)}
${mayAct ? actions(options, texts) : html`<p>${texts.factor.showFirst}</p>`}
</form>
${proof.kind === 'first' && html`<p><a class="button" href="${proof.href}">${texts.factor.submit}</a></p>`}
<div class="actions">
<a class="button quiet" href="${ownPath(base, 'account')}">${texts.account.heading}</a>
<a class="button quiet" href="${base}/">${texts.actions.home(options.app)}</a>
</div>`
  return factorResponse(options, { heading, main, script: false, notice }, texts)
}

function row({ kind, mark, since, device }: ShownFactor, mayAct: boolean, texts: Texts): Html {
  const made = deviceName(device) ?? texts.account.unknownDevice
  const name = kind === 'totp' ? texts.factor.app : texts.factor.key(made)
  const day = new Intl.DateTimeFormat(texts.language, { dateStyle: 'medium', timeZone: 'UTC' }).format(since)
  return html`<li>
<div><strong>${name}</strong><span class="hint">${texts.factor.since(day)}</span></div>
${mayAct && html`<button class="button quiet small" type="submit" name="${factorFields.action}" value="remove:${mark}" aria-label="${texts.factor.removeOne(name)}">${texts.factor.remove}</button>`}
</li>`
}

function password(texts: Texts): Html {
  return html`<div class="field">
<label for="password">${texts.account.currentPassword}</label>
<input type="password" id="password" name="${factorFields.password}" autocomplete="current-password" maxlength="1024" required aria-describedby="why">
<span class="hint" id="why">${texts.account.why}</span>
</div>`
}

function actions({ factors, passkeys }: FactorsPageOptions, texts: Texts): Html {
  const button = (value: string, label: string): Html =>
    html`<li><button class="button quiet" type="submit" name="${factorFields.action}" value="${value}">${label}</button></li>`
  return html`<p>${texts.factor.endsOthers}</p>
<ul class="others">
${!factors.some(({ kind }) => kind === 'totp') && button('totp-start', texts.factor.addApp)}
${passkeys && button('passkey-start', texts.factor.addKey)}
${factors.length > 0 && button('recovery', texts.factor.newCodes)}
</ul>`
}
