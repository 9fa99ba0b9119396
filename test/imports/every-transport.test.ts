import fc from 'fast-check'
import { CookieJar } from 'tough-cookie'
import { describe, expect, it } from 'vitest'
import { golden, madeAt, named } from './golden.ts'
import { encrypted, headerOf, type Sample, samples } from './samples.ts'

async function userOf(sample: Sample, header: string, now: number = madeAt): Promise<string | null> {
  return (await sample.open().read({ cookie: header }, now))?.user ?? null
}

/** Every value that differs from a good one in a single character, by one bit of it, or is cut short. */
function* spoilt(value: string): Generator<string> {
  for (let at = 0; at < value.length; at++) {
    yield value.slice(0, at)
    for (const bit of [1, 4, 32]) {
      const code = value.charCodeAt(at) ^ bit
      yield `${value.slice(0, at)}${String.fromCharCode(code)}${value.slice(at + 1)}`
    }
  }
}

describe.each(samples)('$name', (sample) => {
  it('reads what the old system wrote, and whose it is', async () => {
    expect(await userOf(sample, headerOf(sample))).toBe(sample.user)
  })

  it('refuses it under another secret', async () => {
    expect(await sample.open('another-secret').read({ cookie: headerOf(sample) }, madeAt)).toBeNull()
  })

  it('refuses to be set up without a secret', () => {
    if (sample.name !== 'persistSession') expect(() => sample.open('')).toThrow('secret')
  })

  it('refuses it with any character changed or missing', async () => {
    for (const value of spoilt(sample.value)) {
      // Some changes make a separator, and so another cookie of another name; what must not be is a user.
      expect(await userOf(sample, headerOf(sample, value)), value).toBeNull()
    }
  })

  it('refuses it from the moment on at which the old system would', async () => {
    const { expiresAt } = sample
    const { expiresAt: said } = (await sample.open().read({ cookie: headerOf(sample) }, madeAt)) ?? {}
    expect(said).toBe(expiresAt)
    if (expiresAt === null) return
    expect(await userOf(sample, headerOf(sample), expiresAt - 1)).toBe(sample.user)
    expect(await userOf(sample, headerOf(sample), expiresAt)).toBeNull()
  })

  it('gives one proof to one credential, and another to none', async () => {
    const proofs = new Set<string | undefined>()
    for (let turn = 0; turn < 3; turn++)
      proofs.add((await sample.open().read({ cookie: headerOf(sample) }, madeAt))?.proof)
    expect(proofs.size).toBe(1)
    expect([...proofs][0]).toMatch(/^[\w-]{43}$/)
  })

  it('takes none of two that differ', async () => {
    expect(await userOf(sample, `${headerOf(sample)}; ${sample.cookie}=x`)).toBeNull()
  })

  it('takes no request for one that brings nothing, and throws for none that anybody can send', async () => {
    const transport = sample.open()
    for (const cookie of [
      null,
      undefined,
      '',
      ';;;',
      `${sample.cookie}`,
      `${sample.cookie}=`,
      `${sample.cookie}="`,
    ])
      expect(await transport.read({ cookie }, madeAt)).toBeNull()
    const anything = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.base64String(), fc.webUrl())
    await fc.assert(
      fc.asyncProperty(
        fc.array(anything, { maxLength: 5 }),
        fc.constantFrom('.', '|', ':', '%', '='),
        async (parts, by) => {
          expect(
            await transport.read(
              { cookie: `${sample.cookie}=${parts.join(by)}`, authorization: parts[0] },
              madeAt,
            ),
          ).toBeNull()
        },
      ),
      { numRuns: 200 },
    )
  })

  it('removes what it read from the browser', async () => {
    const jar = new CookieJar()
    await jar.setCookie(`${sample.cookie}=${sample.value}; Path=/`, 'https://app.example.org/')
    for (const line of sample.open().clear()) await jar.setCookie(line, 'https://app.example.org/')
    expect(await jar.getCookieString('https://app.example.org/')).toBe('')
  })
})

describe('encryptedCookies', () => {
  it('reads what the old system wrote, and whose it is', async () => {
    const read = await encrypted.open().read({ cookie: headerOf(encrypted) }, madeAt)
    expect(read).toMatchObject({ user: 'anna', data: { user: 'anna', note: 'hello' }, issuedAt: madeAt })
  })

  it('refuses what is too old, and what is from the future', async () => {
    for (const name of ['old', 'ahead']) {
      const value = encodeURIComponent(named(golden.fernet.tokens, name))
      expect(await encrypted.open().read({ cookie: headerOf(encrypted, value) }, madeAt)).toBeNull()
    }
  })

  it('refuses it under another password', async () => {
    expect(await encrypted.open('another').read({ cookie: headerOf(encrypted) }, madeAt)).toBeNull()
  })

  it('refuses other parameters than the manager’s own, before it has spent a round on them', async () => {
    const started = performance.now()
    for (const params of [
      'AAECAwQFBgcICQoLDA0ODw==:1000000000:AAAA',
      'AAAA:390000:AAAA',
      '::',
      'AAECAwQFBgcICQoLDA0ODw==:1:AAAA',
    ]) {
      const cookie = `app%2Fuser=${encrypted.value}; app%2FEncryptedCookieManager.key_params=${encodeURIComponent(params)}`
      expect(await userOf(encrypted, cookie)).toBeNull()
    }
    expect(performance.now() - started).toBeLessThan(1_000)
  })
})
