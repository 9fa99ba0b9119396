/** The pages of the admin listener, for somebody who was found to be an admin. */
import type { Session } from '../../core/session.ts'
import { adminAuditPage } from '../../pages/admin-audit.ts'
import { adminFields, adminPaths } from '../../pages/admin-frame.ts'
import { adminPeoplePage } from '../../pages/admin-people.ts'
import { adminSessionsPage } from '../../pages/admin-sessions.ts'
import type { AuditCursor } from '../audit.ts'
import { sendProblem } from '../problems.ts'
import type { SignedIn } from '../routes/own-proof.ts'
import { parameter } from '../target.ts'
import { sendPage, type Visit } from '../visit.ts'
import type { AdminParts } from './admin-parts.ts'
import { adminUserRoute } from './admin-user-route.ts'
import { contextOf, shownAccount, shownSession } from './admin-view.ts'
import { findPeople, mostLookedThrough } from './people-search.ts'

type Route = (admin: AdminParts, visit: Visit, mine: SignedIn) => Promise<void>

const routes: ReadonlyMap<string, { readonly methods: readonly string[]; readonly route: Route }> = new Map([
  [adminPaths.people, { methods: ['GET', 'HEAD'], route: people }],
  [adminPaths.user, { methods: ['GET', 'HEAD', 'POST'], route: adminUserRoute }],
  [adminPaths.sessions, { methods: ['GET', 'HEAD'], route: sessions }],
  [adminPaths.audit, { methods: ['GET', 'HEAD'], route: audit }],
])

/** Answers one path of the admin listener. */
export async function adminRoute(admin: AdminParts, visit: Visit, mine: SignedIn): Promise<void> {
  const entry = routes.get(visit.local)
  if (entry === undefined) return sendProblem(admin.parts, visit, 'not-found')
  if (!entry.methods.includes(visit.request.method ?? '')) {
    const headers = { allow: entry.methods.join(', ') }
    return sendProblem(admin.parts, visit, 'method-not-allowed', { headers })
  }
  return entry.route(admin, visit, mine)
}

async function people(admin: AdminParts, visit: Visit, mine: SignedIn): Promise<void> {
  const { parts, appSessions, ways } = admin
  const query = (parameter(visit.target.query, adminFields.query) ?? '').trim().slice(0, 256)
  const page = pageOf(visit)
  const { usersFile: directory } = parts.people
  const options = {
    directory,
    standings: parts.standings,
    sessions: appSessions,
    ways: ways.map(({ way }) => way),
  }
  const found = await findPeople(options, query, page)
  const shown = found.people.map(({ name, email, disabled, sessions: count, ...account }) => ({
    ...{ name, email, disabled, sessions: count },
    ...shownAccount(admin, account),
  }))
  const more = { people: shown, more: found.more, partial: found.partial }
  sendPage(visit.response, adminPeoplePage({ ...contextOf(admin, visit, mine), query, page, ...more }))
}

const sessionsPerPage = 50

async function sessions(admin: AdminParts, visit: Visit, mine: SignedIn): Promise<void> {
  const page = pageOf(visit)
  const all: Session[] = []
  let partial = false
  for await (const session of admin.appSessions.listAll()) {
    partial = all.length >= mostLookedThrough
    if (partial) break
    all.push(session)
  }
  all.sort((a, b) => b.createdAt - a.createdAt)
  const from = (page - 1) * sessionsPerPage
  const shown = all.slice(from, from + sessionsPerPage).map((session) => ({
    ...shownSession(session),
    owner: session.identity === null ? null : shownAccount(admin, session.identity),
  }))
  const more = all.length > from + sessionsPerPage
  const context = contextOf(admin, visit, mine)
  sendPage(visit.response, adminSessionsPage({ ...context, sessions: shown, page, more, partial }))
}

const entriesPerPage = 50

async function audit(admin: AdminParts, visit: Visit, mine: SignedIn): Promise<void> {
  const before = cursorIn(parameter(visit.target.query, adminFields.before))
  const { entries, next } = await admin.parts.audit.read(entriesPerPage, before)
  const shown = entries.map(({ action, outcome, by, to, from, at, detail = '' }) => ({
    ...{ action, outcome, from, at, detail },
    by: shownAccount(admin, by),
    to: shownAccount(admin, to),
  }))
  const page = adminAuditPage({
    ...contextOf(admin, visit, mine),
    entries: shown,
    isLater: before !== null,
    next: next === null ? null : `${next.admin}.${next.account}`,
  })
  sendPage(visit.response, page)
}

function pageOf({ target }: Visit): number {
  const said = Number(parameter(target.query, adminFields.page) ?? '1')
  return Number.isInteger(said) && said >= 1 && said <= 1_000_000 ? said : 1
}

function cursorIn(text: string | null): AuditCursor | null {
  const [, admin, account] = /^(\d{1,12})\.(\d{1,12})$/.exec(text ?? '') ?? []
  return admin === undefined || account === undefined
    ? null
    : { admin: Number(admin), account: Number(account) }
}
