import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalEmail, isOfDomain } from '../../src/auth/email-address.ts'

describe('canonicalEmail', () => {
  it.each([
    ['Anna.Berg@Example.ORG', 'anna.berg@example.org'],
    ['  a+b@x-y.example.org ', 'a+b@x-y.example.org'],
    ["o'neil@example.org", "o'neil@example.org"],
  ])('%s is %s', (text, email) => expect(canonicalEmail(text)).toBe(email))

  it.each([
    ...[
      '',
      'anna',
      'anna@',
      '@example.org',
      'anna@example',
      'a@b@example.org',
      'a..b@example.org',
      '.a@example.org',
    ],
    ...['a@-example.org', 'a@example.org.', 'a b@example.org', '"a b"@example.org', 'a@[127.0.0.1]'],
    // More than one, or the end of a header.
    ...['a@example.org,b@example.org', 'a@example.org;b@example.org', 'a@example.org\r\nBcc: b@example.org'],
    ...['<a@example.org>', 'Anna <a@example.org>', 'a@example.org\0'],
    `${'a'.repeat(65)}@example.org`,
    `a@${'b.'.repeat(130)}org`,
  ])('%j is none', (text) => expect(canonicalEmail(text)).toBeNull())

  it('CVE-2019-19844: no letter outside ASCII becomes one inside it, so that no two addresses become one', () => {
    expect(canonicalEmail('mıke@example.org')).toBeNull()
    expect(canonicalEmail('mike@example.oRg')).toBe('mike@example.org')
    expect(canonicalEmail('\u212aate@example.org')).toBeNull()
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.stringMatching(/^[a-zA-Zıſ\u212a.+]{1,6}@[a-zA-Zıſ-]{1,6}\.[a-zı]{2}$/),
    )
    fc.assert(
      fc.property(text, (given) => {
        const email = canonicalEmail(given)
        if (email === null) return
        expect(email).toMatch(/^[\x21-\x7e]+$/)
        expect(email).toBe(given.trim().toLowerCase())
        expect(canonicalEmail(email)).toBe(email)
      }),
    )
  })
})

describe('isOfDomain', () => {
  it('takes the domain itself, and nothing that only ends or begins like it', () => {
    expect(isOfDomain('a@example.org', 'Example.org')).toBe(true)
    for (const email of [
      'a@sub.example.org',
      'a@evil-example.org',
      'a@example.org.evil.net',
      'example.org@x.net',
    ])
      expect(isOfDomain(email, 'example.org')).toBe(false)
  })
})
