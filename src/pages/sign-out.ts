import { html } from './html.ts'
import { textsFor } from './language.ts'
import { layout } from './layout.ts'
import { ownPath } from './own-path.ts'
import { type Page, type PageContext, pageResponse } from './page-response.ts'
import { signInFields } from './sign-in-form.ts'

export interface SignOutPageOptions extends PageContext {
  /** From `formTokens`, for `sign-out`. */
  readonly token: string
  /** Where "stay signed in" leads, as `returnPath` gave it. */
  readonly returnTo: string
  /** Who is signed in, as they know themselves. */
  readonly user?: string | undefined
  /** The origin of the identity provider that signing out leads to; `undefined` if there is none. */
  readonly provider?: string | undefined
  /** `form`: the token was not good. `unavailable`: the store could not confirm; nobody may be told they are out. */
  readonly error?: 'form' | 'unavailable'
}

const statusOf = { form: 400, unavailable: 503 } as const

/** The page that asks whether to sign out: a GET never does it by itself. */
export function signOutPage(options: SignOutPageOptions): Page {
  const texts = textsFor(options.acceptLanguage)
  const { error, user } = options
  const main = html`<h1>${texts.signOut.heading(options.app)}</h1>
${error && html`<p class="message bad" id="message" role="alert">${texts.signOut[error]}</p>`}
${user !== undefined && html`<p>${texts.signOut.as(user)} <a href="${ownPath(options.base, 'account')}">${texts.account.heading}</a></p>`}
<p>${texts.signOut.lead}</p>
<form method="post" action="${ownPath(options.base, 'sign-out')}">
<input type="hidden" name="${signInFields.token}" value="${options.token}">
<div class="actions">
<button class="button" type="submit"${error && html` aria-describedby="message"`}>${texts.signOut.submit}</button>
<a class="button quiet" href="${options.returnTo}">${texts.signOut.cancel}</a>
</div>
</form>`
  return pageResponse({
    status: error ? statusOf[error] : 200,
    secure: options.secure,
    form: true,
    formLeadsTo: options.provider,
    headers: {
      ...(error === 'unavailable' ? { 'retry-after': '5' } : {}),
      'content-language': texts.language,
      vary: 'Accept-Language, Cookie',
    },
    document: (nonce) =>
      layout({
        language: texts.language,
        title: texts.signOut.submit,
        app: options.app,
        nonce,
        main,
        shape: 'text',
      }),
  })
}
