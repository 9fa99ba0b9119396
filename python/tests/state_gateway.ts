/**
 * The gateway's own state API on a free port of the loopback, for tests that need no browser: the real listener, engine
 * and store. One JSON line on stdin makes or ends a session; one on stdout answers.
 */
import { createInterface } from 'node:readline'
import { openKeyring } from '../../src/core/keyring.ts'
import { createSessionManager } from '../../src/core/manager.ts'
import { defaultPolicy } from '../../src/core/policy.ts'
import { createStateEngine } from '../../src/core/session-state.ts'
import { createUrlSessions } from '../../src/core/url-session.ts'
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
const listener = await startStateListener({ listen, key, handle: stateRoutes({ state, urlSessions, log }) })

const device = { userAgent: 'test', address: '127.0.0.1' }

async function credentialOf(user: string | null): Promise<string> {
  if (user === null) return manager.beginAnonymous()
  const identity = { authenticator: 'test', userId: user, claims: {} }
  const issued = await manager.signIn({ identity, remember: false, device, startedAt: Date.now(), replaces: null })
  return issued?.credential ?? ''
}

async function session(user: string | null): Promise<object> {
  const credential = await credentialOf(user)
  const started = await manager.start(credential)
  if (started === null) return { fault: 'no session' }
  return { sid: started.session.sid, capability: manager.capability(started.session) }
}

function say(answer: object): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}

say({ url: `http://127.0.0.1:${listener.port}`, key })
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line) as { do: 'session' | 'end'; user: string | null; sid: string }
  say(asked.do === 'session' ? await session(asked.user) : { ended: await manager.end(asked.sid) })
}
process.exit(0)
