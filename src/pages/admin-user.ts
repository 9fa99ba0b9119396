import {
  type AdminAccount,
  type AdminFormContext,
  act,
  adminFields,
  adminPage,
  formHead,
  instant,
  mayAct,
  userHref,
  wayName,
} from './admin-frame.ts'
import { deviceName } from './device-name.ts'
import { type Html, html } from './html.ts'
import type { Page } from './page-response.ts'
import type { Texts } from './texts.ts'

/** A session as admins see it. */
export interface AdminSession {
  /** Names it in the form; no credential. */
  readonly mark: string
  readonly userAgent: string
  readonly address: string
  readonly since: number
  readonly lastSeen: number
  /** Whether it is one of the admin page. */
  readonly admin: boolean
}

export interface AdminUserOptions extends AdminFormContext {
  readonly account: AdminAccount & {
    readonly name: string | null
    readonly email: string | null
    readonly disabled: boolean
    readonly factorRequired: boolean
    /** `null` where only whoever vouches for them knows. */
    readonly roles: readonly string[] | null
    readonly inFile: boolean
  }
  readonly sessions: readonly AdminSession[]
}

/** One account: how it stands, where it is signed in, and what can be done about it. */
export function adminUserPage(options: AdminUserOptions): Page {
  const { account, base } = options
  return adminPage(options, 'user', (texts) => ({
    heading: `${texts.admin.account} · ${account.userId}`,
    main: html`${facts(options, texts)}
<form method="post" action="${userHref(base, account)}">
${formHead(options, texts)}
<h2>${texts.admin.sessions}</h2>
${options.sessions.length === 0 && html`<p>${texts.admin.noSessions}</p>`}
${
  options.sessions.length > 0 &&
  html`<ul class="devices">
${options.sessions.map((session) => row(session, options, texts))}
</ul>`
}
${mayAct(options) && changes(options, texts)}
</form>`,
  }))
}

function facts({ account }: AdminUserOptions, texts: Texts): Html {
  const { name, email, disabled, factorRequired, roles } = account
  const list: readonly (readonly [string, string | null])[] = [
    [texts.admin.name, name],
    [texts.admin.email, email],
    [texts.admin.way, wayName(account, texts)],
    [texts.admin.roles, roles === null ? texts.admin.rolesElsewhere : roles.join(', ') || texts.admin.none],
    [texts.admin.state, disabled ? texts.admin.disabled : texts.admin.enabled],
    [texts.admin.factor, factorRequired ? texts.admin.required : texts.admin.notRequired],
  ]
  return html`<dl class="facts">
${list.map(
  ([term, value]) =>
    value !== null &&
    html`<div><dt>${term}</dt><dd>${value}</dd></div>
`,
)}</dl>`
}

function row(session: AdminSession, options: AdminUserOptions, texts: Texts): Html {
  const { mark, userAgent, address, since, lastSeen, admin } = session
  const name = deviceName(userAgent) ?? texts.account.unknownDevice
  return html`<li>
<div>
<strong>${name}</strong>${admin && html` <span class="badge">${texts.admin.adminPage}</span>`}
<span class="hint">${address} · ${texts.account.since(instant(since, texts))} · ${texts.account.seen(instant(lastSeen, texts))}</span>
</div>
${mayAct(options) && act(`end:${mark}`, texts.signOut.submit, texts.account.endOne(name))}
</li>
`
}

function changes({ account }: AdminUserOptions, texts: Texts): Html {
  const { disabled, factorRequired, roles, inFile } = account
  return html`${act('end-all', texts.admin.endAll)}
<h2>${texts.admin.account}</h2>
<p>${texts.admin.endsSessions}</p>
<div class="field">
<label for="roles">${texts.admin.roles}</label>
<input type="text" id="roles" name="${adminFields.roles}" value="${(roles ?? []).join(', ')}" maxlength="2048" autocapitalize="none" spellcheck="false" aria-describedby="roles-hint">
<span class="hint" id="roles-hint">${texts.admin.rolesHint}</span>
</div>
<div class="actions">
${act('roles', texts.admin.setRoles)}
${factorRequired ? act('factor-waive', texts.admin.waiveFactor) : act('factor-require', texts.admin.requireFactor)}
${act('factors-reset', texts.admin.resetFactors)}
${disabled ? act('enable', texts.admin.enable) : act('disable', texts.admin.disable)}
${inFile && act('remove', texts.admin.remove)}
</div>`
}
