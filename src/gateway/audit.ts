/** Who did what to whom: every change of an account, kept in the store for all replicas, and written to the log. */
import type { Json, StateScope } from '../core/contracts.ts'
import { StoreError } from '../core/errors.ts'
import type { SealedState } from '../core/sealed-state.ts'
import type { Log } from './log.ts'
import type { Account } from './standing.ts'

/** What was done. New words may come; those that are here stay, for they are in people's stores. */
export const auditActions = [
  'sign-in',
  'session-end',
  'sessions-end',
  'disable',
  'enable',
  'roles',
  'factor-require',
  'factor-waive',
  'factors-reset',
  'factor-add',
  'factor-remove',
  'codes-renew',
  'password',
  'details',
  'register',
  'remove',
] as const
export type AuditAction = (typeof auditActions)[number]

/**
 * `admin`: by somebody for somebody else, or from the command line. `account`: by people for themselves. Kept apart, so that
 * nobody can push what admins did out of the log by changing their own password ten thousand times.
 */
export type AuditKind = 'admin' | 'account'

export interface AuditRequest {
  readonly kind: AuditKind
  readonly action: AuditAction
  /** Who does it. */
  readonly by: Account
  /** To whom. */
  readonly to: Account
  /** From where: an address, or the name of a machine. */
  readonly from: string
  /** What more there is to say, such as the new roles. Never a secret. */
  readonly detail?: string
}

/** `unknown`: it was begun, and nobody could write down how it ended. */
export type AuditOutcome = 'done' | 'refused' | 'failed' | 'unknown'

export interface AuditEntry extends AuditRequest {
  readonly at: number
  readonly outcome: AuditOutcome
  /** Counts the entries of its kind; a gap is an entry that is lost. */
  readonly number: number
}

export interface AuditPage {
  /** The latest first. */
  readonly entries: readonly AuditEntry[]
  /** Where the next page begins; `null`: this was the last. */
  readonly next: AuditCursor | null
}

/** The number of each kind that reading begins below. */
export type AuditCursor = Readonly<Record<AuditKind, number>>

export interface AuditLog {
  /**
   * Does the work between writing down that it begins and how it ended. SECURITY: what cannot be written down is not done:
   * rejects with `StoreError` then. The work resolves to whether it was done, or refused.
   */
  record<Result>(
    request: AuditRequest,
    work: () => Promise<Result>,
    outcomeOf?: (result: Result) => AuditOutcome,
  ): Promise<Result>
  /** At most `limit` entries, the latest first. Rejects with `StoreError` when the store cannot tell. */
  read(limit: number, from?: AuditCursor | null): Promise<AuditPage>
}

export interface AuditLogOptions {
  /** Sealed for servers: who reads the database learns how many entries there are, and nothing else. */
  readonly state: SealedState
  /** The app's name: apps that share a store have logs of their own. */
  readonly app: string
  readonly log: Log
  readonly now: () => number
  /** How many entries of each kind are kept. @default 10000 */
  readonly most?: number
}

const kinds: readonly AuditKind[] = ['admin', 'account']
const longestText = 512
// Boxes of one length: a longer one would tell a longer name.
const width = 2_048

export function auditLog({ state, app, log, now, most = 10_000 }: AuditLogOptions): AuditLog {
  const scopeOf = (kind: AuditKind): StateScope => ({ sid: null, name: `audit:${kind}:${app}` })
  // A ring: the entry after the last takes the place of the first.
  const keyOf = (number: number): string => `entry:${number % most}`

  async function begun(request: AuditRequest): Promise<AuditEntry> {
    const scope = scopeOf(request.kind)
    const counted = await state.change(scope, 'count', (value) => countIn(value) + 1)
    const number = counted === 'gone' ? 0 : countIn(counted.value)
    return { ...cut(request), at: now(), outcome: 'unknown', number }
  }

  const keep = (entry: AuditEntry): Promise<boolean> =>
    state.set(scopeOf(entry.kind), keyOf(entry.number), boxed(entry))

  async function ended(entry: AuditEntry, outcome: AuditOutcome): Promise<void> {
    const { kind, action, by, to, from, detail = '', number } = entry
    const level = outcome === 'done' ? 'info' : 'warn'
    const names = { by: by.userId, byWay: by.authenticator, to: to.userId, toWay: to.authenticator }
    log.write(level, 'audit', { kind, action, outcome, ...names, from, detail, number })
    try {
      await keep({ ...entry, outcome })
    } catch (error) {
      // It was done, or not, by now: the entry goes on saying that nobody knows.
      log.write('error', 'audit_outcome_not_kept', { kind, number, reason: String(error) })
    }
  }

  async function below(kind: AuditKind, end: number, limit: number): Promise<readonly AuditEntry[]> {
    const numbers = Array.from({ length: Math.min(limit, end - 1) }, (_, index) => end - 1 - index)
    const found = await state.many(scopeOf(kind), numbers.map(keyOf))
    // What took an older one's place has another number.
    return numbers.flatMap((number) => {
      const entry = entryIn(found.get(keyOf(number)))
      return entry?.number === number && entry.kind === kind ? [entry] : []
    })
  }

  return {
    async record(request, work, outcomeOf = () => 'done') {
      const entry = await begun(request)
      await keep(entry)
      try {
        const result = await work()
        await ended(entry, outcomeOf(result))
        return result
      } catch (error) {
        // Of a store that could not confirm nobody knows what it did.
        await ended(entry, error instanceof StoreError ? 'unknown' : 'failed')
        throw error
      }
    },

    async read(limit, from = null) {
      const counts = await Promise.all(
        kinds.map(async (kind) => countIn(await state.get(scopeOf(kind), 'count'))),
      )
      const ends = new Map(
        kinds.map((kind, index) => {
          const count = counts[index] ?? 0
          return [kind, Math.min(count + 1, from === null ? count + 1 : Math.max(1, from[kind]))] as const
        }),
      )
      const oldest = new Map(kinds.map((kind, index) => [kind, Math.max(1, (counts[index] ?? 0) - most + 1)]))
      const all = await Promise.all(
        kinds.map((kind) => {
          const end = ends.get(kind) ?? 1
          return below(kind, end, Math.min(limit, end - (oldest.get(kind) ?? 1)))
        }),
      )
      const entries = merged(all, limit)
      const next = { admin: ends.get('admin') ?? 1, account: ends.get('account') ?? 1 }
      // Numbers that nothing was found for are read: whoever goes on must get past a hole.
      for (const [index, kind] of kinds.entries())
        if (all[index]?.length === 0) next[kind] = Math.max(oldest.get(kind) ?? 1, next[kind] - limit)
      for (const { kind, number } of entries) next[kind] = Math.min(next[kind], number)
      const isMore = kinds.some((kind) => next[kind] > (oldest.get(kind) ?? 1))
      return { entries, next: isMore ? next : null }
    },
  }
}

/**
 * The latest of several lists, each in the order of its numbers, which stays: replicas' clocks differ, and what was passed
 * over for its time would not be on the next page either.
 */
function merged(lists: readonly (readonly AuditEntry[])[], limit: number): readonly AuditEntry[] {
  const heads = lists.map((list) => [...list])
  const entries: AuditEntry[] = []
  while (entries.length < limit) {
    const [latest] = heads.filter((list) => list.length > 0).sort((a, b) => (b[0]?.at ?? 0) - (a[0]?.at ?? 0))
    const entry = latest?.shift()
    if (entry === undefined) break
    entries.push(entry)
  }
  return entries
}

function cut(request: AuditRequest): AuditRequest {
  const short = (text: string): string => text.slice(0, longestText)
  const account = ({ authenticator, userId }: Account): Account => ({
    authenticator: short(authenticator),
    userId: short(userId),
  })
  const { kind, action, by, to, from, detail } = request
  return {
    ...{ kind, action, by: account(by), to: account(to), from: short(from) },
    ...(detail !== undefined && { detail: short(detail) }),
  }
}

function boxed(entry: AuditEntry): Json {
  const text = JSON.stringify(entry)
  // As it is sealed: a text within a text.
  const length = Buffer.byteLength(JSON.stringify(text))
  return text + ' '.repeat((width - (length % width)) % width)
}

function entryIn(value: Json | undefined): AuditEntry | null {
  return typeof value === 'string' ? (JSON.parse(value) as AuditEntry) : null
}

function countIn(value: Json): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0
}
