import { describe, expect, it } from 'vitest'
import { fromBase64url, fromUtf8, open } from '../../src/core/crypto.ts'
import { openKeyring } from '../../src/core/keyring.ts'
import { sealedState } from '../../src/core/sealed-state.ts'
import { pendingSignIns } from '../../src/gateway/pending-sign-in.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { altered } from '../altered.ts'
import { anna } from './people.ts'

const token = 'what only servers may see'
const issuedAt = Date.parse('2026-01-02T03:04:05Z')
const pending = { identity: anna, token, remember: true, begun: 7, returnTo: '/x' }
/** It says when it began to wait, and so when its person was checked. */
const waited = { ...pending, issuedAt, authenticatedAt: issuedAt }

async function replicas() {
  const at = { now: issuedAt }
  const store = memoryStore({ now: () => at.now })
  const keyring = await openKeyring(store, ['a secret for tests, 32 bytes long or more'])
  const state = sealedState(store, keyring)
  const options = { store, keyring, state, app: '', now: () => at.now }
  return { at, keyring, one: pendingSignIns(options), other: pendingSignIns(options) }
}

describe('a sign-in that waits for an answer', () => {
  it('goes on as it was, once, on whatever replica', async () => {
    const { one, other } = await replicas()
    const ticket = await one.issue('step', 'browser', pending)
    const answers = await Promise.all([1, 2, 3].map(() => other.use('step', 'browser', ticket)))
    expect(answers.filter((answer) => answer !== null)).toEqual([waited])
  })

  it('SECURITY: leaves the token of whoever vouches to the servers', async () => {
    const { one, keyring } = await replicas()
    const ticket = await one.issue('step', 'browser', pending)
    const bound = JSON.stringify(['pending-sign-in/v1', 'step', 'browser'])
    const box = fromBase64url(ticket) ?? new Uint8Array(0)
    const plain = fromUtf8(open(keyring.key('pending-sign-in/v1'), box, bound) ?? new Uint8Array(0))
    expect(plain).toContain(anna.userId)
    expect(plain).not.toContain(token)
  })

  it('is nothing in another browser, for another step, or after five minutes', async () => {
    const { at, one } = await replicas()
    const ticket = await one.issue('step', 'browser', pending)
    expect(await one.use('step', 'another', ticket)).toBeNull()
    expect(await one.use('other', 'browser', ticket)).toBeNull()
    expect(await one.use('step', 'browser', altered(ticket))).toBeNull()
    at.now += 5 * 60_000 + 1
    expect(await one.use('step', 'browser', ticket)).toBeNull()
  })

  it('keeps the latest tokens of an account, and fails closed for the others', async () => {
    const { one } = await replicas()
    const tickets = []
    for (let n = 0; n < 9; n++)
      tickets.push(await one.issue('step', `browser ${n}`, { ...pending, begun: n }))
    expect(await one.use('step', 'browser 0', tickets[0] ?? '')).toBeNull()
    for (let n = 8; n > 0; n--)
      expect(await one.use('step', `browser ${n}`, tickets[n] ?? '')).toEqual({ ...waited, begun: n })
    const bare = { ...waited, token: null }
    expect(await one.use('step', 'b', await one.issue('step', 'b', bare))).toEqual(bare)
  })

  it('SECURITY: lives no longer for being asked again, nor says that its person was checked later', async () => {
    const { at, one } = await replicas()
    let ticket = await one.issue('step', 'browser', { ...pending, authenticatedAt: 0 })
    at.now += 4 * 60_000
    const again = await one.use('step', 'browser', ticket)
    expect(again).toEqual({ ...waited, authenticatedAt: 0 })
    ticket = await one.issue('step', 'browser', again ?? pending)
    at.now += 60_001
    expect(await one.use('step', 'browser', ticket)).toBeNull()
  })
})
