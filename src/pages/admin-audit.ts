import {
  type AdminAccount,
  type AdminPageContext,
  adminPage,
  adminPaths,
  instant,
  paging,
  userHref,
  wayName,
} from './admin-frame.ts'
import { html } from './html.ts'
import type { Page } from './page-response.ts'

/** What somebody did. */
export interface AdminAuditEntry {
  /** A word that `texts.admin.actions` knows. */
  readonly action: string
  readonly outcome: 'done' | 'refused' | 'failed' | 'unknown'
  readonly by: AdminAccount
  readonly to: AdminAccount
  readonly from: string
  readonly at: number
  readonly detail: string
}

export interface AdminAuditOptions extends AdminPageContext {
  /** The latest first. */
  readonly entries: readonly AdminAuditEntry[]
  /** Whether these are not the latest. */
  readonly isLater: boolean
  /** What the address of the next page says; `null`: there is none. */
  readonly next: string | null
}

/** Who did what to whom. */
export function adminAuditPage(options: AdminAuditOptions): Page {
  const { entries, base, next } = options
  const here = `${base}${adminPaths.audit}`
  return adminPage(options, 'audit', (texts) => ({
    heading: texts.admin.audit,
    main: html`${entries.length === 0 && html`<p>${texts.admin.nothingDone}</p>`}
${
  entries.length > 0 &&
  html`<ul class="devices">
${entries.map(
  ({ action, outcome, by, to, from, at, detail }) => html`<li><div>
<strong>${texts.admin.actions[action] ?? action}</strong>${outcome !== 'done' && html` <span class="badge">${texts.admin.outcomes[outcome]}</span>`}
<span class="hint">${texts.admin.whose} <a href="${userHref(base, to)}">${to.userId}</a> (${wayName(to, texts)})${detail !== '' && html` · ${detail}`}</span>
<span class="hint">${texts.admin.byWhom(by.userId, wayName(by, texts))} · ${from} · ${instant(at, texts)}</span>
</div></li>
`,
)}
</ul>`
}
${paging(options.isLater ? here : null, next === null ? null : `${here}?before=${encodeURIComponent(next)}`, texts)}`,
  }))
}
