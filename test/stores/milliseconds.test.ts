import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { SessionStore } from '../../src/core/contracts.ts'
import { openKeyring } from '../../src/core/keyring.ts'
import { createSessionManager } from '../../src/core/manager.ts'
import { defaultPolicy } from '../../src/core/policy.ts'
import { createUrlSessions } from '../../src/core/url-session.ts'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import { anna, day, device, hour, secret } from '../core/samples.ts'

// A file keeps whole milliseconds, and refuses what is none.
let folder: string
let store: SessionStore
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-'))
  store = await sqliteStore({ path: join(folder, 'holdfast.db') })
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true })
})

const third = day / 7

it('limits that are no whole milliseconds are refused at the start, not at each sign-in', async () => {
  const keyring = await openKeyring(store, [secret])
  for (const session of [
    { idle: third, absolute: day },
    { idle: hour, absolute: third },
  ]) {
    const policy = { ...defaultPolicy, session }
    expect(() => createSessionManager({ store, keyring, policy })).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIG_INVALID',
        message: expect.stringContaining('whole number of milliseconds'),
      }),
    )
  }
})

it('what an app, a handler or an old system says of one session may have parts of milliseconds', async () => {
  const keyring = await openKeyring(store, [secret])
  const sessions = createSessionManager({ store, keyring, policy: defaultPolicy })
  const begun = await sessions.begin()
  const request = { identity: anna, remember: false, device, begun, replaces: null }
  const issuedAt = Date.now() - third
  expect(await sessions.signIn({ ...request, idle: third, issuedAt })).not.toBeNull()
  const lasting = { idle: third, remember: true }
  const started = await sessions.start(sessions.beginAnonymous(), lasting)
  expect(started?.session.idle).toBe(Math.floor(third))
  const issued = await sessions.signIn({ ...request, authenticatedAt: issuedAt })
  if (issued === null) throw new Error('There was a revocation.')
  expect(await sessions.rotate(issued.session, issued.credential, { lasting })).toMatchObject({
    session: { idle: Math.floor(third) },
  })
  const urls = createUrlSessions({ store, keyring, policy: { idle: third, absolute: day / 11 } })
  const { token } = await urls.ensure(null, null)
  expect(await urls.find(token, null)).not.toBeNull()
})
