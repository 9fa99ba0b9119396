import { auditActions } from '../../src/gateway/audit.ts'
import { adminAuditPage } from '../../src/pages/admin-audit.ts'
import type { AdminFormContext, AdminPageContext } from '../../src/pages/admin-frame.ts'
import { adminPeoplePage } from '../../src/pages/admin-people.ts'
import { adminSessionsPage } from '../../src/pages/admin-sessions.ts'
import { type AdminUserOptions, adminUserPage } from '../../src/pages/admin-user.ts'
import type { Page, PageContext } from '../../src/pages/page-response.ts'

/** Every page of the admin listener, with `text` wherever something from outside is shown. */
export function adminPages(place: PageContext, text: string): readonly (readonly [string, Page])[] {
  const context: AdminPageContext = { ...place, admin: text }
  const form: AdminFormContext = { ...context, token: text, proof: { kind: 'password' } }
  const account = { userId: text, way: 'users-file', wayLabel: null }
  const other = { userId: text, way: text, wayLabel: text }
  const session = { mark: text, userAgent: text, address: text, since: 0, lastSeen: 0, admin: false }
  const facts = {
    name: text,
    email: text,
    disabled: false,
    factorRequired: false,
    roles: [text],
    inFile: true,
  }
  const user: AdminUserOptions = { ...form, account: { ...account, ...facts }, sessions: [session] }
  const strange = { ...other, ...facts, disabled: true, factorRequired: true, roles: null, inFile: false }
  const provider = { kind: 'provider', label: text, href: `/${text}` } as const
  const person = { ...account, name: text, email: text, disabled: true, sessions: 1 }
  const entry = { by: account, to: other, from: text, at: 0, detail: text, outcome: 'done' } as const
  return [
    [
      'admin people',
      adminPeoplePage({
        ...context,
        query: text,
        people: [person, { ...person, ...other }],
        page: 2,
        more: true,
        partial: true,
      }),
    ],
    [
      'admin people, none',
      adminPeoplePage({ ...context, query: '', people: [], page: 1, more: false, partial: false }),
    ],
    ['admin user', adminUserPage(user)],
    [
      'admin user, strange',
      adminUserPage({ ...user, account: strange, sessions: [{ ...session, admin: true }, session] }),
    ],
    ['admin user, provider', adminUserPage({ ...user, sessions: [], proof: { ...provider, fresh: false } })],
    ['admin user, fresh', adminUserPage({ ...user, proof: { ...provider, fresh: true } })],
    ['admin user, factor', adminUserPage({ ...user, proof: { kind: 'factor', href: `/${text}` } })],
    ['admin user, done', adminUserPage({ ...user, notice: { kind: 'done' } })],
    ['admin user, refused', adminUserPage({ ...user, notice: { kind: 'refused', why: text } })],
    ['admin user, self', adminUserPage({ ...user, notice: { kind: 'self' } })],
    ['admin user, throttled', adminUserPage({ ...user, notice: { kind: 'throttled', seconds: 61 } })],
    [
      'admin sessions',
      adminSessionsPage({
        ...context,
        sessions: [
          { ...session, owner: account },
          { ...session, owner: null },
        ],
        page: 2,
        more: true,
        partial: true,
      }),
    ],
    [
      'admin sessions, none',
      adminSessionsPage({ ...context, sessions: [], page: 1, more: false, partial: false }),
    ],
    [
      'admin audit',
      adminAuditPage({
        ...context,
        entries: [
          ...auditActions.map((action) => ({ ...entry, action })),
          { ...entry, action: 'roles', outcome: 'unknown' },
        ],
        isLater: true,
        next: text,
      }),
    ],
    ['admin audit, none', adminAuditPage({ ...context, entries: [], isLater: false, next: null })],
  ]
}
