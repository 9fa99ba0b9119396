import {
  type AdminAccount,
  type AdminPageContext,
  adminFields,
  adminPage,
  adminPaths,
  instant,
  paging,
  userHref,
  wayName,
} from './admin-frame.ts'
import type { AdminSession } from './admin-user.ts'
import { deviceName } from './device-name.ts'
import { html } from './html.ts'
import type { Page } from './page-response.ts'

export interface AdminSessionsOptions extends AdminPageContext {
  /** Each with whose it is; `null` for one that nobody is signed in with. */
  readonly sessions: readonly (Omit<AdminSession, 'mark' | 'admin'> & {
    readonly owner: AdminAccount | null
  })[]
  /** Counted from 1. */
  readonly page: number
  readonly more: boolean
  readonly partial: boolean
}

/** Every live session, the latest first. Each is ended on the page of its account. */
export function adminSessionsPage(options: AdminSessionsOptions): Page {
  const { sessions, page, base } = options
  const at = (number: number): string => `${base}${adminPaths.sessions}?${adminFields.page}=${number}`
  return adminPage(options, 'sessions', (texts) => ({
    heading: texts.admin.sessions,
    main: html`${sessions.length === 0 && html`<p>${texts.admin.nobodyIn}</p>`}
${
  sessions.length > 0 &&
  html`<ul class="devices">
${sessions.map(
  ({ owner, userAgent, address, since, lastSeen }) => html`<li><div>
${owner === null ? html`<strong>${texts.admin.anonymous}</strong>` : html`<a href="${userHref(base, owner)}"><strong>${owner.userId}</strong></a> <span class="badge">${wayName(owner, texts)}</span>`}
<span class="hint">${deviceName(userAgent) ?? texts.account.unknownDevice} · ${address} · ${texts.account.since(instant(since, texts))} · ${texts.account.seen(instant(lastSeen, texts))}</span>
</div></li>
`,
)}
</ul>`
}
${options.partial && html`<p class="hint">${texts.admin.partial}</p>`}
${paging(page > 1 ? at(1) : null, options.more ? at(page + 1) : null, texts)}`,
  }))
}
