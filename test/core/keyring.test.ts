import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SessionStore } from '../../src/core/contracts.ts'
import { fromUtf8, random, toBase64url, toUtf8 } from '../../src/core/crypto.ts'
import { ConfigError, StoreError } from '../../src/core/errors.ts'
import { checkSecrets, type Keyring, openKeyring, rotateSecrets } from '../../src/core/keyring.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { gate, secret, withMethods } from './samples.ts'

const older = 'Barnacles-hold-1999-on-to-the-pier!'
const newest = 'Limpets-graze-2031-at-night-by-feel'

async function boxOf(
  store: SessionStore,
): Promise<{ wraps: { by: string; box: string }[]; kid: string; v: number }> {
  const stored = await store.readKeyring()
  if (stored === null) throw new Error('The store has no key ring.')
  return JSON.parse(fromUtf8(stored.box))
}

async function writeBox(store: SessionStore, text: string): Promise<void> {
  await store.writeKeyring((await store.readKeyring())?.version ?? null, toUtf8(text))
}

function sameRing(one: Keyring, other: Keyring): boolean {
  return one.kid === other.kid && toBase64url(one.key('p')) === toBase64url(other.key('p'))
}

describe('openKeyring()', () => {
  it('makes a ring once and gives the same one ever after', async () => {
    const store = memoryStore()
    const made = await openKeyring(store, [secret])
    expect(sameRing(made, await openKeyring(store, [secret]))).toBe(true)
    expect(made.kid).toMatch(/^[\w-]{8}$/)
  })

  it('makes another ring in another store, from the same secret', async () => {
    const one = await openKeyring(memoryStore(), [secret])
    const other = await openKeyring(memoryStore(), [secret])
    expect(one.kid).not.toBe(other.kid)
    expect(toBase64url(one.key('p'))).not.toBe(toBase64url(other.key('p')))
  })

  it('gives each purpose and each token a key of its own', async () => {
    const ring = await openKeyring(memoryStore(), [secret])
    const [a, b] = [random(32), random(32)]
    const keys = [
      ...[
        ring.key('p'),
        ring.key('q'),
        ring.fromToken(a, 'p'),
        ring.fromToken(a, 'q'),
        ring.fromToken(b, 'p'),
      ],
      ...[(await openKeyring(memoryStore(), [secret])).fromToken(a, 'p')],
    ]
    expect(new Set(keys.map(toBase64url)).size).toBe(keys.length)
    expect(toBase64url(ring.fromToken(a, 'p'))).toBe(toBase64url(ring.fromToken(a, 'p')))
  })

  it('lets one of two first openers make the ring, and both hold that one', async () => {
    const store = memoryStore()
    const bothRead = gate()
    let readers = 0
    const slow = withMethods(store, {
      async readKeyring() {
        const found = await store.readKeyring()
        readers++
        if (readers === 2) bothRead.open()
        await bothRead.passed
        return found
      },
    })
    const [one, other] = await Promise.all([openKeyring(slow, [secret]), openKeyring(slow, [secret])])
    expect(sameRing(one, other)).toBe(true)
  })

  it('lets fifty processes of a rolling deploy open one store at once, some with the old secret', async () => {
    const store = memoryStore()
    const made = await openKeyring(store, [older])
    const rings = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        openKeyring(store, index % 2 === 0 ? [newest, older] : [older]),
      ),
    )
    expect(rings.every((ring) => sameRing(ring, made))).toBe(true)
    expect((await boxOf(store)).wraps).toHaveLength(2)
  })

  it('opens with the new secret alone at the deploy after one that had both', async () => {
    const store = memoryStore()
    const made = await openKeyring(store, [older])
    await openKeyring(store, [newest, older])
    expect(sameRing(made, await openKeyring(store, [newest]))).toBe(true)
    expect(sameRing(made, await openKeyring(store, [older]))).toBe(true)
  })

  it('writes nothing when nothing is new', async () => {
    const store = memoryStore()
    await openKeyring(store, [secret])
    const before = await store.readKeyring()
    await openKeyring(store, [secret, secret])
    await openKeyring(store, [secret, older])
    expect(await store.readKeyring()).toEqual(before)
  })

  it('refuses a secret that opens nothing, and leaves the store as it was', async () => {
    const store = memoryStore()
    await openKeyring(store, [secret])
    const before = await store.readKeyring()
    await expect(openKeyring(store, [older])).rejects.toMatchObject({ code: 'ERR_SECRET_UNKNOWN' })
    await expect(openKeyring(store, [older])).rejects.toBeInstanceOf(ConfigError)
    expect(await store.readKeyring()).toEqual(before)
  })

  it('says that it cannot tell when the store cannot', async () => {
    const store = memoryStore()
    await store.close()
    await expect(openKeyring(store, [secret])).rejects.toBeInstanceOf(StoreError)
  })

  it('gives up, and says so, where others change the ring without end', async () => {
    const busy = withMethods(memoryStore(), { writeKeyring: async () => false })
    await expect(openKeyring(busy, [secret])).rejects.toMatchObject({ code: 'ERR_STORE_TIMEOUT' })
  })

  it.each([
    ['not JSON', '{'],
    ['nothing', ''],
    ['null', 'null'],
    ['another version', '{"v":2,"kid":"abcdefgh","wraps":[]}'],
    ['a name that would break a credential', '{"v":1,"kid":"a.b.c.de","wraps":[]}'],
    ['no list of wraps', '{"v":1,"kid":"abcdefgh","wraps":{}}'],
    ['an empty wrap', '{"v":1,"kid":"abcdefgh","wraps":[null]}'],
    ['a wrap of numbers', '{"v":1,"kid":"abcdefgh","wraps":[{"by":1,"box":2}]}'],
  ])('says that a ring is corrupt which is %s, and does not make another', async (_, text) => {
    const store = memoryStore()
    await writeBox(store, text)
    await expect(openKeyring(store, [secret])).rejects.toMatchObject({ code: 'ERR_STORE_CORRUPT' })
    expect(fromUtf8((await store.readKeyring())?.box ?? new Uint8Array(0))).toBe(text)
  })

  it('says that a ring is corrupt, not that the secret is wrong, where the right wrap does not open', async () => {
    const store = memoryStore()
    await openKeyring(store, [secret])
    const box = await boxOf(store)
    const wraps = box.wraps.map((wrap) => ({ ...wrap, box: toBase64url(random(60)) }))
    await writeBox(store, JSON.stringify({ ...box, wraps }))
    await expect(openKeyring(store, [secret])).rejects.toMatchObject({ code: 'ERR_STORE_CORRUPT' })
  })

  it('opens a ring no more once any byte that matters was changed, and never as another ring', async () => {
    const store = memoryStore()
    const made = await openKeyring(store, [secret])
    const box = (await store.readKeyring())?.box ?? new Uint8Array(0)
    await fc.assert(
      fc.asyncProperty(fc.nat(box.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const changed = Uint8Array.from(box)
        changed[at] = (changed[at] ?? 0) ^ flip
        const damaged = memoryStore()
        await damaged.writeKeyring(null, changed)
        const opened = await openKeyring(damaged, [secret]).catch((error: unknown) => error)
        const refused = opened instanceof ConfigError || opened instanceof StoreError
        expect(refused || sameRing(opened as Keyring, made)).toBe(true)
      }),
      { numRuns: 300 },
    )
  })
})

describe('rotateSecrets()', () => {
  it('forgets every secret but those given, and signs nobody out: the keys stay', async () => {
    const store = memoryStore()
    const made = await openKeyring(store, [older])
    const rotated = await rotateSecrets(store, [newest, older])
    expect(sameRing(made, rotated)).toBe(true)
    expect(sameRing(made, await rotateSecrets(store, [newest]))).toBe(true)
    await expect(openKeyring(store, [older])).rejects.toMatchObject({ code: 'ERR_SECRET_UNKNOWN' })
    expect(sameRing(made, await openKeyring(store, [newest]))).toBe(true)
  })

  it('SECURITY: a secret that was dropped does not come back because a process still lists it as an older one', async () => {
    const store = memoryStore()
    await openKeyring(store, [older])
    await openKeyring(store, [newest, older])
    await rotateSecrets(store, [newest])
    await openKeyring(store, [newest, older])
    await expect(openKeyring(store, [older])).rejects.toMatchObject({ code: 'ERR_SECRET_UNKNOWN' })
  })

  it('keeps a running process that opened the ring with the old secret at work', async () => {
    const store = memoryStore()
    const running = await openKeyring(store, [older])
    const rotated = await openKeyring(store, [newest, older])
    await rotateSecrets(store, [newest])
    expect(sameRing(running, rotated)).toBe(true)
  })

  it('loses to nobody: rotation and a start at the same time leave what rotation asked for, or more', async () => {
    const store = memoryStore()
    const made = await openKeyring(store, [older])
    const rings = await Promise.all([
      rotateSecrets(store, [newest, older]),
      openKeyring(store, [newest, older]),
      openKeyring(store, [older]),
    ])
    expect(rings.every((ring) => sameRing(ring, made))).toBe(true)
    expect(sameRing(made, await openKeyring(store, [newest]))).toBe(true)
  })
})

describe('checkSecrets()', () => {
  it('refuses none, short ones and ones of few different characters', () => {
    const weak = [
      [],
      [''],
      ['a'.repeat(64)],
      ['abc123!'.repeat(8)],
      [secret.slice(0, 31)],
      [secret, 'changeme'],
    ]
    for (const secrets of weak) {
      expect(() => checkSecrets(secrets)).toThrow(expect.objectContaining({ code: 'ERR_SECRET_WEAK' }))
    }
    expect(() => checkSecrets([secret, older])).not.toThrow()
  })

  it('is asked before a store is touched', async () => {
    const store = memoryStore()
    await expect(openKeyring(store, ['weak'])).rejects.toMatchObject({ code: 'ERR_SECRET_WEAK' })
    expect(await store.readKeyring()).toBeNull()
  })

  it('never repeats the secret', () => {
    const weak = 'hunter2-hunter2'
    let message = ''
    try {
      checkSecrets([secret, weak])
    } catch (error) {
      message = inspect(error, { depth: 9 })
    }
    expect(message).toContain('Secret number 2 of 2')
    expect(message).not.toContain('hunter2')
    expect(message).not.toContain(secret)
  })
})

describe('a key ring', () => {
  it('SECURITY: shows nothing of its keys when it is printed, serialised or copied', async () => {
    const ring = await openKeyring(memoryStore(), [secret])
    const keys = [ring.key('p'), ring.key('mac/v1|')]
    const shown = [
      inspect(ring, { depth: 9, showHidden: true }),
      JSON.stringify(ring),
      JSON.stringify({ ...ring }),
      String(ring),
      Object.entries(ring).flat().map(String).join(),
    ].join('\n')
    for (const key of keys) {
      const hex = Buffer.from(key).toString('hex')
      for (const spelling of [hex, hex.slice(0, 8), toBase64url(key), [...key].slice(0, 6).join(', ')]) {
        expect(shown).not.toContain(spelling)
      }
    }
    expect(shown).not.toContain(secret)
    expect(JSON.parse(JSON.stringify(ring))).toEqual({ kid: ring.kid })
  })

  it('SECURITY: leaves in the store neither the root key nor a secret in clear', async () => {
    const store = memoryStore()
    await openKeyring(store, [secret])
    const text = JSON.stringify(await boxOf(store))
    expect(text).not.toContain(secret)
    // A nonce, 32 sealed bytes and a tag.
    expect((await boxOf(store)).wraps.map((wrap) => Buffer.from(wrap.box, 'base64url').length)).toEqual([60])
  })
})
