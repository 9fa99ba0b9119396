/**
 * The gateway's own state API on a free port of the loopback, for tests that need no browser: the real listener, engine
 * and store. One JSON line on stdin makes or ends a session; one on stdout answers.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { passwordHasher } from '../../src/auth/password-hash.ts'
import { signInThrottle } from '../../src/auth/throttle.ts'
import { openUsersFile } from '../../src/auth/users-file.ts'
import { StoreError } from '../../src/core/errors.ts'
import { openKeyring } from '../../src/core/keyring.ts'
import { createSessionManager } from '../../src/core/manager.ts'
import { defaultPolicy } from '../../src/core/policy.ts'
import { sealedState } from '../../src/core/sealed-state.ts'
import { createStateEngine } from '../../src/core/session-state.ts'
import { createUrlSessions } from '../../src/core/url-session.ts'
import { auditLog } from '../../src/gateway/audit.ts'
import { openFactors } from '../../src/gateway/factor-parts.ts'
import { pagePasses } from '../../src/gateway/page-pass.ts'
import { pageImage } from '../../src/gateway/page-secret.ts'
import { openPeople } from '../../src/gateway/people.ts'
import { openSelfService } from '../../src/gateway/self-service/self-service.ts'
import { signInTickets } from '../../src/gateway/sign-in-tickets.ts'
import { site } from '../../src/gateway/site.ts'
import { standings } from '../../src/gateway/standing.ts'
import { startStateListener } from '../../src/gateway/state/state-listener.ts'
import { stateRoutes } from '../../src/gateway/state/state-routes.ts'
import { memoryStore } from '../../src/stores/memory.ts'

const key = 'a key for tests only, as long as a real one is'
const store = memoryStore()
const keyring = await openKeyring(store, ['a secret for tests only, thirty-two bytes or more'])
const manager = createSessionManager({ store, keyring, policy: defaultPolicy })
const state = createStateEngine({ store, keyring })
const urlSessions = createUrlSessions({ store, keyring })
const log = { write: (...entry: unknown[]) => process.stderr.write(`${JSON.stringify(entry)}\n`) }
const listen = { host: '127.0.0.1', port: 0 }

const folder = await mkdtemp(join(tmpdir(), 'holdfast-python-'))
const path = join(folder, 'users.yaml')
// A hasher that costs next to nothing: these tests are about something else.
const file = await openUsersFile(path, { create: true, hasher: passwordHasher({ memoryKiB: 64, passes: 1 }) })
await file.add('anna', { password: 'kelp holds on to rock', name: 'Anna Alga', roles: ['diver'] })
await file.add('ben', { password: 'kelp holds on to rock', name: 'Ben Bass', roles: [] })
await file.close()
const sealed = sealedState(store, keyring)
const where = site({ publicUrl: null, insecureHttp: true, listen })
const known = standings({ state: sealed, app: '' })
const config = { users: path, loginApi: null, oidc: [], name: '' }
const opened = { store, keyring, sessions: manager, standings: known, log, now: Date.now }
const told = { site: where, onEvent: () => undefined, log, now: Date.now }
const audit = auditLog({ state: sealed, app: '', log, now: Date.now })
const who = await openPeople({ config, site: where, ...opened })
const selfService = openSelfService({
  config: { name: '', mail: null, registration: null, guest: { roles: ['visitor'] } },
  ...{ app: 'Kelp', users: who.usersFile, audit, ...told, store, keyring, sessions: manager },
})
const { factors } = openFactors({
  ...{ store, keyring, now: Date.now, origin: where.origin, app: 'Kelp', onEvent: () => undefined },
  cookie: { secure: false, name: '', port: 8080 },
  config: { name: '', secondFactor: 'optional' },
  isRequired: async (account) => (await known.of(account)).factorRequired,
})
const people = {
  ...{ ...opened, ...told, audit, selfService },
  people: who,
  factors,
  signInGate: signInThrottle({ store, key: keyring.key('throttle/v1') }),
  pagePasses: pagePasses(keyring, ''),
  signInTickets: signInTickets({ store, state: sealed, app: '', now: Date.now }),
}
const handle = stateRoutes({ state, urlSessions, people, log })
const listener = await startStateListener({ listen, key, handle })

const device = { userAgent: 'test', address: '127.0.0.1' }

async function credentialOf(user: string | null, authenticator: string): Promise<string> {
  if (user === null) return manager.beginAnonymous()
  const identity = { authenticator, userId: user, claims: {} }
  const issued = await manager.signIn({ identity, remember: false, device, begun: await manager.begin(), replaces: null })
  return issued?.credential ?? ''
}

async function session(user: string | null, authenticator: string): Promise<object> {
  const credential = await credentialOf(user, authenticator)
  const started = await manager.start(credential)
  if (started === null) return { fault: 'no session' }
  const { sid, id } = started.session
  const page = people.pagePasses.write({ sid, id, page: pageImage('of a test'), address: '127.0.0.1' })
  return { sid, capability: manager.capability(started.session), page }
}

/** Takes a value as TypeScript has it, and keeps it under another key. */
async function copy(capability: string, from: string, to: string): Promise<object> {
  const scope = state.of(capability)?.session
  await scope?.set(to, await scope.get(from))
  return { copied: scope !== undefined }
}

const { revoke } = store

/** While they fail, the store can end the sessions of nobody. */
function revocations(fail: boolean): object {
  store.revoke = fail
    ? () => Promise.reject(new StoreError('ERR_STORE_UNAVAILABLE', 'For a moment.'))
    : revoke
  return { fail }
}

function say(answer: object): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}

say({ url: `http://127.0.0.1:${listener.port}`, key })
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line) as Readonly<
    Record<'do' | 'authenticator' | 'sid' | 'capability' | 'from' | 'to', string>
  > & { readonly user: string | null; readonly fail: boolean }
  if (asked.do === 'session') say(await session(asked.user, asked.authenticator))
  else if (asked.do === 'copy') say(await copy(asked.capability, asked.from, asked.to))
  else if (asked.do === 'revocations') say(revocations(asked.fail))
  else say({ ended: await manager.end(asked.sid) })
}
await rm(folder, { recursive: true, force: true })
process.exit(0)
