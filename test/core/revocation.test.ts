import { describe, expect, it } from 'vitest'
import type { Identity } from '../../src/core/contracts.ts'
import { openKeyring } from '../../src/core/keyring.ts'
import { createSessionManager, type SessionManager } from '../../src/core/manager.ts'
import { defaultPolicy } from '../../src/core/policy.ts'
import { memoryStore } from '../../src/stores/memory.ts'

const ada: Identity = { userId: 'ada', authenticator: 'test', claims: {} }
const bob: Identity = { userId: 'bob', authenticator: 'test', claims: {} }

/** Replicas on one store whose clocks are off by so many milliseconds. */
async function replicas(...offsets: readonly number[]): Promise<readonly SessionManager[]> {
  const store = memoryStore()
  const keyring = await openKeyring(store, ['a secret for tests, 32 bytes long or more'])
  return offsets.map((offset) =>
    createSessionManager({ store, keyring, policy: defaultPolicy, now: () => Date.now() + offset }),
  )
}

async function signIn(manager: SessionManager, identity: Identity): Promise<string> {
  const device = { userAgent: '', address: '' }
  const begun = await manager.begin()
  const issued = await manager.signIn({ identity, remember: false, device, begun, replaces: null })
  return issued?.credential ?? ''
}

describe('security: a revocation between replicas whose clocks differ', () => {
  it.each([
    ['the one that signed in is ahead', 0, 20_000],
    ['the one that revokes is behind', -20_000, 0],
    ['nobody is', 0, 0],
  ])('P1: ends every session that is there: %s', async (_who, revoking, signing) => {
    const [revoker, signer] = await replicas(revoking, signing)
    if (revoker === undefined || signer === undefined) throw new Error('There are two.')
    const [first, second, other] = [
      await signIn(signer, ada),
      await signIn(signer, ada),
      await signIn(signer, bob),
    ]
    await revoker.revokeUser(ada)
    expect([await signer.load(first), await revoker.load(second)]).toEqual([null, null])
    expect(await signer.load(other)).not.toBeNull()
    await revoker.revokeAll()
    expect(await signer.load(other)).toBeNull()
    const after = await signIn(signer, ada)
    expect(await revoker.load(after)).not.toBeNull()
  })
})
