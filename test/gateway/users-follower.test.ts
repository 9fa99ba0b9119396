import { describe, expect, it, vi } from 'vitest'
import { openUsersFile } from '../../src/auth/users-file.ts'
import { StoreError } from '../../src/core/errors.ts'
import { sealedState } from '../../src/core/sealed-state.ts'
import { followUsers } from '../../src/gateway/users-follower.ts'
import { type Harness, startHarness } from './harness.ts'
import { anna, ben } from './people.ts'

/** Whether this cookie still signs somebody in. */
async function isIn(gateway: Harness, cookie: string): Promise<boolean> {
  const answer = await fetch(`${gateway.origin}/_holdfast/session`, { headers: { cookie } })
  return answer.status === 200
}

function logged(gateway: Harness, event: string, user: string): number {
  return gateway.log.filter((entry) => entry.event === event && entry.fields.user === user).length
}

describe('a change of the users file whose revocation has not been confirmed', () => {
  it('is found again by whoever starts next, also when a later change was dealt with', async () => {
    const gateway = await startHarness()
    const { store, keyring, sessions, users, log } = gateway
    const [hers, his] = [await gateway.sessionOf(anna), await gateway.sessionOf(ben)]
    store.before = async (method) => {
      const [current] = log.filter(({ event }) => event === 'user_changed').slice(-1)
      if (method === 'revoke' && current?.fields.user === 'anna')
        throw new StoreError('ERR_STORE_UNAVAILABLE', 'Not for her.')
    }
    await users.setDisabled('anna', true)
    await vi.waitFor(() => expect(logged(gateway, 'revocation_pending', 'anna')).toBeGreaterThan(0))
    await users.setDisabled('ben', true)
    await vi.waitFor(async () => expect(await isIn(gateway, his)).toBe(false), 5_000)
    // What would be kept now is kept after one more try for her.
    const tries = logged(gateway, 'revocation_pending', 'anna')
    await vi.waitFor(
      () => expect(logged(gateway, 'revocation_pending', 'anna')).toBeGreaterThan(tries),
      5_000,
    )
    expect(await isIn(gateway, hers)).toBe(true)

    const next = await openUsersFile(users.path)
    store.before = null
    const state = sealedState(store.store, keyring)
    const revoked: unknown[] = []
    const stop = await followUsers({
      users: next,
      sessions,
      state,
      app: '',
      log: { write: (_level, event, fields) => revoked.push([event, fields?.user]) },
    })
    expect(revoked).toContainEqual(['user_changed', 'anna'])
    expect(await isIn(gateway, hers)).toBe(false)
    stop()
    await next.close()
  })
})
