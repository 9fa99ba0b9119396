import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { sqliteStore } from '../../../src/stores/sqlite.ts'
import { watchedStore } from '../watched-store.ts'
import { Canaries } from './canaries.ts'
import { loginApiScene, mainScene, passkeyScene, person, type Scene } from './scenes.ts'

/** Plays a scene on a store of its own, and reads every file of that store afterwards. */
async function played(play: (scene: Scene) => Promise<void>, what: readonly string[]): Promise<Canaries> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-canaries-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const store = await sqliteStore({ path: join(folder, 'store.db') })
  onTestFinished(() => store.close())
  const canaries = new Canaries()
  const happened = new Set<string>()
  await play({ canaries, store: watchedStore(undefined, store), happened })
  // What did not happen could not leak.
  expect([...happened]).toEqual(expect.arrayContaining([...what]))
  canaries.seeFiles('the store', folder)
  // Names and addresses are no secrets, but nobody reads them in a stolen store (P10).
  for (const [what, text] of Object.entries(person))
    canaries.hide(`the ${what} of a person`, text, /^(?!the store$)/)
  return canaries
}

describe('security: no secret is in a log, an address, a page, a header, an upstream request or the store', () => {
  it('P10, V10.1.1, V16.2.5: of passwords, tokens, factors, links, keys, and those of a provider', async () => {
    const canaries = await played(mainScene, [
      ...[
        'sign_in_failed',
        'sign_in_succeeded',
        'factor_enrolled',
        'recovery_codes_made',
        'recovery_code_used',
      ],
      ...['factor_failed', 'step_up_succeeded', 'password_reset', 'user_registered', 'details_changed'],
      ...['session_signed_out', 'session_revoked', 'session_created', 'audit', 'sign_in_unavailable'],
      ...['audit password', 'audit sessions-end', 'audit factors-reset', 'audit disable', 'audit register'],
    ])
    expect(canaries.found()).toEqual([])
    expect(canaries.needless()).toEqual([])
    const { names, places } = canaries.extent
    expect(names.length).toBeGreaterThan(20)
    for (const place of ['log', 'audit', 'mail', 'the app', 'the store', 'socket', 'answer to the app'])
      expect(places).toContain(place)
  }, 120_000)

  it('P10, V16.2.5: of a login API, which says too much, and answers with what it was sent', async () => {
    const canaries = await played(loginApiScene, [
      'sign_in_succeeded',
      'sign_in_unavailable',
      'voucher_unavailable',
    ])
    expect(canaries.found()).toEqual([])
  }, 60_000)

  it('P10: of passkeys', async () => {
    expect((await played(passkeyScene, ['factor_enrolled', 'sign_in_succeeded'])).found()).toEqual([])
  }, 60_000)
})

describe('the scanner of canaries', () => {
  it('finds a secret however it is written, wherever it may not be, and nowhere else', () => {
    const secret = 'kelp & wrack "holds", ü?'
    const base64 = Buffer.from(`name=${secret};`).toString('base64')
    const written = [
      ...[secret, encodeURIComponent(secret), JSON.stringify({ secret }), base64],
      ...[new URLSearchParams({ secret }).toString(), secret.replace('&', '&amp;').replaceAll('"', '&quot;')],
      ...[Buffer.from(secret).toString('hex'), Buffer.from(secret).toString('base64url')],
    ]
    for (const text of written) {
      const canaries = new Canaries()
      canaries.see('log', `before ${text} after`)
      canaries.see('body of GET /shown', text)
      canaries.see('the store', 'kelp and wrack')
      canaries.hide('a secret', secret, /^body of GET \/shown$/)
      canaries.hide('what is not shown', 'another secret', /^log$/)
      expect(canaries.found(), text).toEqual(['a secret: log'])
      expect(canaries.needless()).toEqual(['what is not shown'])
    }
    expect(() => new Canaries().hide('a code', '123456')).toThrow('too short')
  })
})
