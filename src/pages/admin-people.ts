import {
  type AdminAccount,
  type AdminPageContext,
  adminFields,
  adminPage,
  adminPaths,
  paging,
  userHref,
  wayName,
} from './admin-frame.ts'
import { html } from './html.ts'
import type { Page } from './page-response.ts'

/** Somebody as the list shows them. */
export interface AdminPerson extends AdminAccount {
  readonly name: string | null
  readonly email: string | null
  readonly disabled: boolean
  /** How many sessions are known to be live. */
  readonly sessions: number
}

export interface AdminPeopleOptions extends AdminPageContext {
  /** What was searched for; '' for everybody. */
  readonly query: string
  readonly people: readonly AdminPerson[]
  /** Counted from 1. */
  readonly page: number
  readonly more: boolean
  /** Whether there are more sessions than were looked through. */
  readonly partial: boolean
}

/** Everybody who may sign in, or is signed in; and the way to find one of them. */
export function adminPeoplePage(options: AdminPeopleOptions): Page {
  const { query, people, page, base } = options
  const at = (number: number): string =>
    `${base}${adminPaths.people}?${new URLSearchParams({ [adminFields.query]: query, [adminFields.page]: String(number) }).toString()}`
  return adminPage(options, 'people', (texts) => ({
    heading: texts.admin.people,
    main: html`<form method="get" action="${base}${adminPaths.people}" role="search">
<div class="field">
<label for="query">${texts.admin.search}</label>
<input type="text" id="query" name="${adminFields.query}" value="${query}" maxlength="256" autocapitalize="none" spellcheck="false">
</div>
<button class="button" type="submit">${texts.admin.find}</button>
</form>
<h2>${query === '' ? texts.admin.everybody : texts.admin.found(query)}</h2>
${people.length === 0 && html`<p>${texts.admin.nobody}</p>`}
${
  people.length > 0 &&
  html`<ul class="devices">
${people.map(
  (one) => html`<li><div>
<a href="${userHref(base, one)}"><strong>${one.userId}</strong></a>${one.disabled && html` <span class="badge">${texts.admin.disabled}</span>`}
<span class="hint">${[one.name, one.email, wayName(one, texts), texts.admin.sessionCount(one.sessions)].filter((part) => part !== null).join(' · ')}</span>
</div></li>
`,
)}
</ul>`
}
${options.partial && html`<p class="hint">${texts.admin.partial}</p>`}
${paging(page > 1 ? at(1) : null, options.more ? at(page + 1) : null, texts)}`,
  }))
}
