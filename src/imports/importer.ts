/** The switch: an old credential is accepted once, and a session of the engine takes its place. */
import type { Identity, SessionStore } from '../core/contracts.ts'
import { ConfigError } from '../core/errors.ts'
import type { EventListener } from '../core/events.ts'
import type { Issued, SessionManager } from '../core/manager.ts'
import { isOver } from '../core/policy.ts'
import type { Device } from '../core/session.ts'
import type { Imported, ImportRequest, ImportTransport } from './import-transport.ts'

/** What is believed, of whom, and until when. */
export interface ImporterOptions {
  readonly manager: SessionManager
  /** The store the manager is on. */
  readonly store: Pick<SessionStore, 'once'>
  /** In the order in which they are believed. */
  readonly transports: readonly ImportTransport[]
  /**
   * Vouches for the user that the old credential names, or does not: `null` for one who is unknown, disabled or deleted by
   * now. Rejects when it cannot tell. Roles come from here, never from the old credential.
   */
  readonly identify: (imported: Imported) => Promise<Identity | null>
  /** When the old system was switched off: credentials that do not say when they were issued were issued before. */
  readonly switchedAt: Date
  /** From when on no old credential is accepted any more; at most a year after `switchedAt`. */
  readonly acceptUntil: Date
  /** Whether the sessions are those of "Stay signed in", as most old cookies were. @default true */
  readonly remember?: boolean
  /** Whether an old session of nobody in particular becomes an anonymous one, for its data. @default false */
  readonly anonymous?: boolean
  /** Told of every switch, beside what the manager tells. */
  readonly onEvent?: EventListener
  /** @default Date.now */
  readonly now?: () => number
}

/** A session that took an old one's place. */
export interface ImportedSession extends Issued {
  readonly imported: Imported
  /** Set-Cookie lines that remove the old credentials of the request. */
  readonly setCookies: readonly string[]
}

/** Puts our sessions in the place of old ones. */
export interface Importer {
  /**
   * The new session for the old credentials of a request that has no session of ours; `null` if they give none: no or no
   * valid credential, used before, nobody we know, revoked since, or signed in as often as the policy lets an account. All
   * that the request brought are used up together.
   * Requests that come with the same credentials within half a minute share the session: a browser that opens all its
   * tabs at once is one switch. Rejects when a store, the directory or a transport cannot tell.
   */
  importOnce(request: ImportRequest & { readonly device: Device }): Promise<ImportedSession | null>
}

interface Read {
  readonly transport: ImportTransport
  readonly imported: Imported
}

const year = 366 * 86_400_000
// As long as an old token of the engine leads to its successor.
const sharedFor = 30_000
const mostShared = 1_000

/** Throws `ConfigError` without transports, and for dates that nobody can mean. */
export function createImporter(options: ImporterOptions): Importer {
  const { manager, store, transports, identify, remember = true, anonymous = false } = options
  const now = options.now ?? Date.now
  const switchedAt = options.switchedAt.getTime()
  const acceptUntil = options.acceptUntil.getTime()
  checkDates(switchedAt, acceptUntil)
  if (transports.length === 0) throw new ConfigError('ERR_CONFIG_INVALID', 'import: there is no transport.')
  const shared = new Map<
    string,
    { readonly until: number; readonly result: Promise<ImportedSession | null> }
  >()

  async function readAll(request: ImportRequest): Promise<readonly Read[]> {
    const found: Read[] = []
    for (const transport of transports) {
      const imported = await transport.read(request, now())
      if (imported !== null) found.push({ transport, imported })
    }
    return found
  }

  /** Those that were not used before. All are used up: who copied one cookie has copied the others too. */
  async function firstUsed(found: readonly Read[]): Promise<readonly Read[]> {
    const ttl = acceptUntil - now() + sharedFor
    const first = await Promise.all(
      found.map(({ imported }) => store.once(`import/v1|${imported.proof}`, ttl)),
    )
    return found.filter((_, index) => first[index])
  }

  async function signIn(imported: Imported, identity: Identity, device: Device): Promise<Issued | null> {
    // "Sign out everywhere" must end what was issued before it, old cookies that were never shown to us included.
    const issuedAt = Math.min(imported.issuedAt ?? switchedAt, now())
    const begun = await manager.begin()
    // Nobody showed a password: what asks for a fresh one must go on asking.
    const issued = await manager.signIn({
      identity,
      remember,
      device,
      begun,
      issuedAt,
      authenticatedAt: 0,
      replaces: null,
    })
    if (issued === null || !isOver(issued.session, now())) return issued
    await manager.end(issued.session.sid)
    return null
  }

  async function begin(): Promise<Issued | null> {
    const credential = manager.beginAnonymous()
    const started = await manager.start(credential)
    return started === null ? null : { session: started.session, credential }
  }

  async function exchange(found: readonly Read[], device: Device): Promise<ImportedSession | null> {
    const known = await Promise.all(
      found.map(async (read) => ({
        ...read,
        identity: read.imported.user === null ? null : await identify(read.imported),
      })),
    )
    const useful = known.filter(
      ({ imported, identity }) => identity !== null || (anonymous && imported.user === null),
    )
    if (useful.length === 0) return null
    const unused = new Set(await firstUsed(found).then((all) => all.map(({ imported }) => imported)))
    const chosen = useful.find(({ imported }) => unused.has(imported))
    if (chosen === undefined) return null
    const { imported, identity } = chosen
    const issued = identity === null ? await begin() : await signIn(imported, identity, device)
    if (issued === null) return null
    const { transport } = imported
    const userId = identity?.userId ?? null
    options.onEvent?.({ event: 'session_imported', sid: issued.session.sid, userId, transport })
    return { ...issued, imported, setCookies: found.flatMap(({ transport }) => transport.clear()) }
  }

  return {
    async importOnce(request) {
      if (now() >= acceptUntil) return null
      const found = await readAll(request)
      if (found.length === 0) return null
      const key = found.map(({ imported }) => imported.proof).join(' ')
      const under = shared.get(key)
      if (under !== undefined && now() < under.until) return under.result
      const result = exchange(found, request.device)
      share(key, result)
      return result
    },
  }

  function share(key: string, result: Promise<ImportedSession | null>): void {
    shared.delete(key)
    shared.set(key, { until: now() + sharedFor, result })
    // A failure is nobody's session: the next request tries again.
    result.then(
      (session) => session === null && shared.delete(key),
      () => shared.delete(key),
    )
    for (const [old, { until }] of shared) {
      if (shared.size <= mostShared && now() < until) break
      shared.delete(old)
    }
  }
}

function checkDates(switchedAt: number, acceptUntil: number): void {
  if (acceptUntil > switchedAt && acceptUntil - switchedAt <= year) return
  throw new ConfigError(
    'ERR_CONFIG_INVALID',
    'import: acceptUntil must be later than switchedAt, by a year at most. A door for old credentials must close.',
  )
}
