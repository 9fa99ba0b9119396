import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { shownAddress } from '../../src/gateway/shown-address.ts'

describe('an address as it is shown', () => {
  it.each([
    ['postgress://me:s3cretpw@db/app', 'postgress://…@db/app'],
    ['postgres:/me:s3cretpw@db/app', 'postgres:/…@db/app'],
    ['//me:s3cretpw@db/app', '//…@db/app'],
    ['me:s3cretpw@db:5432/app', 'me:…@db:5432/app'],
    ['redis://:s3c@retpw@db', 'redis://…@db'],
    ['http://id.example.org/login?key=s3cretpw', 'http://id.example.org/login?…'],
    ['postgres://db/app?password=s3cret@pw', 'postgres://…'],
    ['postgres://me:s3cret?pw@db/app', 'postgres://…'],
    ['http://id.example.org/#s3cretpw', 'http://id.example.org/?…'],
  ])('%s: the place without the password', (text, wanted) => {
    expect(shownAddress(text)).toBe(wanted)
  })

  it.each([
    'anna@example.org',
    '127.0.0.1:8080',
    'http://127.0.0.1:8501/app',
    'users.yaml',
    'what?',
    '@',
    '',
  ])('%s: as it is', (text) => expect(shownAddress(text)).toBe(text))

  it('never holds the password, whatever that is made of', () => {
    const word = fc.string({ minLength: 6, maxLength: 20 })
    const mark = 'S3cr3t'
    fc.assert(
      fc.property(
        fc.constantFrom('postgres://', 'redis+cluster://', 'https://', 'smtp:/', 'postgres:', ''),
        ...([word, word, word] as const),
        (scheme, user, before, after) => {
          const password = `${before}${mark}${after}`
          expect(shownAddress(`${scheme}${user}:${password}@db.example/app`)).not.toContain(mark)
          if (scheme.endsWith('://'))
            expect(shownAddress(`${scheme}db.example/app?password=${password}`)).not.toContain(mark)
        },
      ),
    )
  })
})
