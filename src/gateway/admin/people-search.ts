/** Finds people wherever they are known from: the users file, what was said of their account, their live sessions. */
import type { User } from '../../auth/users-file.ts'
import type { SessionManager } from '../../core/manager.ts'
import { type Directory, usersFileWay } from '../accounts.ts'
import { type Account, accountKey, type Standings } from '../standing.ts'

export interface FoundPerson extends Account {
  readonly name: string | null
  readonly email: string | null
  readonly disabled: boolean
  readonly sessions: number
}

export interface FoundPeople {
  readonly people: readonly FoundPerson[]
  readonly more: boolean
  /** Whether there are more sessions than were looked through. */
  readonly partial: boolean
}

export interface PeopleSearchOptions {
  readonly directory: Directory | null
  readonly standings: Standings
  readonly sessions: Pick<SessionManager, 'listAll' | 'listUser'>
  /** Whoever vouches for people: a whole name is looked up with each. */
  readonly ways: readonly string[]
}

/** How many are shown at once. */
export const peoplePerPage = 50
/** How many sessions are looked through for one answer. */
export const mostLookedThrough = 20_000

interface Known extends Omit<FoundPerson, 'sessions' | 'disabled'> {
  sessions: number
  readonly fileDisabled: boolean
}

/** Those whose name or address has `query` in it, by name; `page` counts from 1. Rejects with `StoreError`. */
export async function findPeople(
  { directory, standings, sessions, ways }: PeopleSearchOptions,
  query: string,
  page: number,
): Promise<FoundPeople> {
  const known = new Map<string, Known>()
  const at = (account: Account, more: Partial<Known> = {}): Known => {
    const { authenticator, userId } = account
    const key = accountKey({ authenticator, userId })
    const one = known.get(key) ?? {
      ...{ authenticator, userId, name: null, email: null, fileDisabled: false, sessions: 0 },
      ...more,
    }
    known.set(key, one)
    return one
  }
  for (const user of directory?.list() ?? [])
    at({ authenticator: usersFileWay, userId: user.userId }, ofFile(user))
  for (const account of await standings.accounts()) at(account)
  const partial = await countSessions(sessions, at)
  if (partial && query !== '') {
    for (const authenticator of ways) {
      const account = { authenticator, userId: query }
      const live = await sessions.listUser(account)
      if (live.length > 0) at(account).sessions = live.length
    }
  }
  const wanted = folded(query)
  const found = [...known.values()]
    .filter(({ userId, name, email }) =>
      [userId, name, email].some((text) => folded(text ?? '').includes(wanted)),
    )
    .sort((a, b) => compare(a.userId, b.userId) || compare(a.authenticator, b.authenticator))
  const from = (page - 1) * peoplePerPage
  const shown = await Promise.all(
    found.slice(from, from + peoplePerPage).map(async ({ fileDisabled, ...one }) => ({
      ...one,
      disabled: fileDisabled || (await standings.of(one)).disabled,
    })),
  )
  return { people: shown, more: found.length > from + peoplePerPage, partial }
}

/** Counts the sessions of everybody; whether there are more than were looked through. */
async function countSessions(
  sessions: PeopleSearchOptions['sessions'],
  at: (account: Account, more?: Partial<Known>) => Known,
): Promise<boolean> {
  let looked = 0
  for await (const { identity } of sessions.listAll()) {
    if (looked >= mostLookedThrough) return true
    looked++
    if (identity === null) continue
    const text = (value: unknown): string | null => (typeof value === 'string' ? value : null)
    const { name, email } = identity.claims
    at(identity, { name: text(name), email: text(email) }).sessions += 1
  }
  return false
}

function ofFile({ name, email, disabled }: User): Partial<Known> {
  return { name, email, fileDisabled: disabled }
}

function folded(text: string): string {
  return text.normalize('NFKC').toLowerCase()
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
