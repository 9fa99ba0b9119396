/**
 * A process that signs in to the store named in its arguments, prints the capability, and writes state until it is killed;
 * a line for every write that was acknowledged.
 */
import { openKeyring } from '../../src/core/keyring.ts'
import { createSessionManager } from '../../src/core/manager.ts'
import { defaultPolicy } from '../../src/core/policy.ts'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import { anna, device, secret } from './samples.ts'

/** What the process prints: first a capability, then acknowledgements. */
export type Line =
  | { readonly capability: string }
  | { readonly lane: number; readonly written: number; readonly version: number }

function say(line: Line): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

const store = await sqliteStore({ path: String(process.argv[2]) })
const keyring = await openKeyring(store, [secret])
const sessions = createSessionManager({ store, keyring, policy: defaultPolicy })
const issued = await sessions.signIn({
  ...{ identity: anna, remember: false, device, begun: await sessions.begin(), replaces: null },
})
const capability = issued === null ? null : sessions.capability(issued.session)
const state = capability === null ? null : sessions.state.of(capability)
if (capability === null || state === null) throw new Error('The session opens no state.')
say({ capability })

const scopes = [state.session, state.tab('a'), state.page('a'), state.user ?? state.app]
await Promise.all(
  scopes.map(async (scope, lane) => {
    for (let written = 0; ; written++) {
      // Both keys or neither, and of different sizes, so that pages are split while it is killed.
      const outcome = await scope.write([
        { key: 'count', value: written },
        { key: 'load', value: `${written} `.repeat(written % 500) },
      ])
      if (outcome.outcome === 'written') say({ lane, written, version: outcome.versions.get('count') ?? 0 })
    }
  }),
)
