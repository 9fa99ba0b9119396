import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Identity, StoredSession } from '../../src/core/contracts.ts'
import { random, toBase64url } from '../../src/core/crypto.ts'
import { openKeyring } from '../../src/core/keyring.ts'
import { openSession, rolesOf, type SealedPart, sealSession } from '../../src/core/session.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { anna, ben, day, device, hour, secret, startAt, startProcess, withMethods } from './samples.ts'

const keyring = await openKeyring(memoryStore(), [secret])

const part: SealedPart = {
  ...{ app: '', identity: anna, device, remember: false },
  ...{ authenticatedAt: startAt, tokenAt: startAt, idle: 12 * hour },
}

function row(sealedPart: SealedPart = part): StoredSession {
  const bound = {
    ...{ id: toBase64url(random(32)), sid: toBase64url(random(16)), user: toBase64url(random(32)) },
    ...{ begun: 0, createdAt: startAt, absoluteAt: startAt + day, version: 1 },
  }
  return {
    ...bound,
    idleAt: startAt + hour,
    sealed: sealSession(keyring, bound, sealedPart),
    key: random(60),
  }
}

describe('sealSession() and openSession()', () => {
  it('give back what is in the record, and no factor where a row from before there were any says nothing', () => {
    const { sealed, key, ...fields } = row()
    expect(openSession(keyring, { ...fields, sealed, key })).toEqual({ ...part, ...fields, factorAt: null })
  })

  it('SECURITY: open no row of which anything but the idle deadline was changed', () => {
    const stored = row()
    const changes: Partial<StoredSession>[] = [
      ...[{ id: toBase64url(random(32)) }, { sid: toBase64url(random(16)) }],
      ...[{ user: toBase64url(random(32)) }, { user: null }, { user: '' }],
      ...[{ version: 0 }, { version: 2 }, { version: Number.NaN }],
      ...[{ createdAt: startAt + 1 }, { createdAt: startAt - 1 }],
      ...[{ absoluteAt: startAt + 30 * day }, { absoluteAt: stored.absoluteAt + 1 }],
    ]
    for (const change of changes) expect(openSession(keyring, { ...stored, ...change })).toBeNull()
    expect(openSession(keyring, { ...stored, idleAt: startAt + 2 * hour })).not.toBeNull()
  })

  it('SECURITY: open no row that holds the sealed part of another', () => {
    const [one, other] = [row(), row({ ...part, identity: ben })]
    expect(openSession(keyring, { ...one, sealed: other.sealed })).toBeNull()
    expect(openSession(keyring, { ...other, sealed: one.sealed })).toBeNull()
  })

  it('SECURITY: open no row whose fields were shifted into one another', () => {
    const stored = row()
    const { id, sid, user } = stored
    for (const change of [
      { id: `${id}|${sid}`, sid: '1' },
      { sid: `${sid}|1`, version: startAt },
      { id: '', sid: `${id}|${sid}` },
      { user: `${user}|` },
    ]) {
      expect(openSession(keyring, { ...stored, ...change })).toBeNull()
    }
  })

  it('SECURITY: open no row with a turned bit, a short tag, or from another store', async () => {
    const stored = row()
    for (let at = 0; at < stored.sealed.length; at++) {
      const sealed = Uint8Array.from(stored.sealed)
      sealed[at] = (sealed[at] ?? 0) ^ 1
      expect(openSession(keyring, { ...stored, sealed })).toBeNull()
    }
    for (const length of [0, 4, 12, 16, 28, stored.sealed.length - 12, stored.sealed.length - 1]) {
      expect(openSession(keyring, { ...stored, sealed: stored.sealed.subarray(0, length) })).toBeNull()
    }
    expect(openSession(await openKeyring(memoryStore(), [secret]), stored)).toBeNull()
  })

  it('hide the length of what is sealed in steps of 256 bytes', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 2_000, unit: 'grapheme' }), (name) => {
        const identity: Identity = { ...anna, claims: { name } }
        const stored = row({ ...part, identity })
        expect((stored.sealed.length - 28) % 256).toBe(0)
        expect(openSession(keyring, stored)?.identity).toEqual(identity)
      }),
      { numRuns: 200 },
    )
    expect(row({ ...part, identity: ben }).sealed.length).toBe(row({ ...part, identity: null }).sealed.length)
  })

  it('seal the same record differently each time', () => {
    const stored = row()
    const again = sealSession(keyring, stored, part)
    expect(Buffer.compare(stored.sealed, again)).not.toBe(0)
  })
})

describe('a store someone else writes to', () => {
  it('SECURITY: cannot make one person’s credential open another’s session', async () => {
    const rows = new Map<string, StoredSession>()
    const store = memoryStore()
    const home = await startProcess({
      store: withMethods(store, {
        create: async (session) => {
          rows.set(session.id, session)
          return 'created'
        },
        read: async (id) => {
          const session = rows.get(id)
          return session === undefined ? null : { state: 'live', session }
        },
      }),
    })
    const victim = await home.signIn()
    const attacker = await home.signIn({ identity: ben })
    const theirs = rows.get(victim.session.id)
    if (theirs === undefined) throw new Error('No row was stored.')
    rows.set(attacker.session.id, { ...theirs, id: attacker.session.id })
    expect(await home.sessions.load(attacker.credential)).toBeNull()
    rows.set(attacker.session.id, theirs)
    expect(await home.sessions.load(attacker.credential)).toBeNull()
    expect(home.told('record_rejected')).toBeGreaterThan(0)
    expect((await home.sessions.load(victim.credential))?.session.identity).toEqual(anna)
  })
})

describe('rolesOf()', () => {
  it('gives the texts of a list, and nothing for anything else', () => {
    const of = (roles: unknown): readonly string[] => rolesOf({ ...ben, claims: { roles } as never })
    expect(of(['a', 1, null, 'b', ['c']])).toEqual(['a', 'b'])
    for (const odd of ['admin', { 0: 'admin', length: 1 }, null, undefined, 7]) expect(of(odd)).toEqual([])
    expect(rolesOf(null)).toEqual([])
  })
})
