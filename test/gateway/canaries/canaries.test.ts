import { describe, expect, it } from 'vitest'
import { Canaries } from './canaries.ts'
import { loginApiScene } from './login-api-scene.ts'
import { mainScene } from './main-scene.ts'
import { passkeyScene } from './passkey-scene.ts'
import { mainEvents, mainPlaces, played } from './played.ts'

describe('security: no secret is in a log, an address, a page, a header, an upstream request or the store', () => {
  it('P10, V10.1.1, V16.2.5: of passwords, tokens, factors, links, keys, and those of a provider', async () => {
    const canaries = await played(mainScene, mainEvents)
    expect(canaries.found()).toEqual([])
    expect(canaries.needless()).toEqual([])
    expect(canaries.extent.names.length).toBeGreaterThan(20)
    for (const place of mainPlaces) expect(canaries.extent.places).toContain(place)
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
