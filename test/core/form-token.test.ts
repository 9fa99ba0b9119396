import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { random } from '../../src/core/crypto.ts'
import {
  type FormPurpose,
  type FormTokens,
  formTokens,
  isFormBinding,
  newFormBinding,
} from '../../src/core/form-token.ts'

const start = 1_767_323_045_678
const second = 1000
const hour = 3600 * second

function tokens(): { form: FormTokens; binding: string; key: Uint8Array; advance(ms: number): void } {
  let time = start
  const key = random(32)
  return {
    form: formTokens(key, () => time),
    binding: newFormBinding(),
    key,
    advance(ms) {
      time += ms
    },
  }
}

describe('formTokens', () => {
  it('accepts its own token, in the same browser and for the same purpose', () => {
    const { form, binding } = tokens()
    expect(form.verify(form.issue('sign-in', binding), 'sign-in', binding)).toBe('valid')
  })

  it('accepts it on another replica that holds the key, up to a minute behind', () => {
    const { form, binding, key } = tokens()
    const token = form.issue('sign-in', binding)
    const behind = (ms: number): FormTokens => formTokens(key, () => start - ms)
    expect(behind(59 * second).verify(token, 'sign-in', binding)).toBe('valid')
    expect(behind(62 * second).verify(token, 'sign-in', binding)).toBe('invalid')
  })

  it('lets it expire after an hour and a minute, and says so', () => {
    const { form, binding, advance } = tokens()
    const token = form.issue('sign-in', binding)
    advance(hour + 59 * second)
    expect(form.verify(token, 'sign-in', binding)).toBe('valid')
    advance(2 * second)
    expect(form.verify(token, 'sign-in', binding)).toBe('expired')
  })

  it('does not say of a token that is not ours that it expired', () => {
    const { form, binding, advance } = tokens()
    const token = form.issue('sign-in', binding)
    advance(2 * hour)
    expect(form.verify(token, 'sign-in', newFormBinding())).toBe('invalid')
    expect(formTokens(random(32), () => start + 2 * hour).verify(token, 'sign-in', binding)).toBe('invalid')
  })

  it('refuses it for another purpose, browser or key', () => {
    const { form, binding } = tokens()
    const token = form.issue('sign-in', binding)
    expect(form.verify(token, 'sign-out', binding)).toBe('invalid')
    expect(form.verify(token, 'sign-in', newFormBinding())).toBe('invalid')
    expect(formTokens(random(32), () => start).verify(token, 'sign-in', binding)).toBe('invalid')
  })

  it('security: binds to nothing without a binding of full length', () => {
    const { form } = tokens()
    for (const binding of [
      '',
      '1',
      'x'.repeat(21),
      'x'.repeat(23),
      `${'x'.repeat(21)}=`,
      'undefined',
      'null',
    ]) {
      expect(form.verify(form.issue('sign-in', binding), 'sign-in', binding), binding).toBe('invalid')
    }
  })

  it('refuses every change of a single character, every cut and every addition', () => {
    const { form, binding } = tokens()
    const token = form.issue('sign-in', binding)
    const changed: string[] = [...token].flatMap((character, index) =>
      ['A', 'B', '0', '1', '.', '-', ' ', 'é']
        .filter((other) => other !== character)
        .map((other) => token.slice(0, index) + other + token.slice(index + 1)),
    )
    const cut = [...token].map((_, index) => token.slice(0, index))
    const added = [
      `${token}A`,
      `${token}=`,
      `${token}\n`,
      ` ${token}`,
      `0${token}`,
      `+${token}`,
      `${token}.x`,
    ]
    const survivors = [...changed, ...cut, ...added].filter(
      (text) => form.verify(text, 'sign-in', binding) !== 'invalid',
    )
    expect(survivors).toEqual([])
  })

  it('security: fields cannot flow into each other (CVE-2023-35941)', () => {
    const key = random(32)
    const mac = (purpose: string, seconds: number, binding: string): string | undefined =>
      formTokens(key, () => seconds * second)
        .issue(purpose as FormPurpose, binding)
        .split('.')[1]
    // The same characters in the same order, cut elsewhere.
    expect(mac('sign-in', 1_767_323_045, 'x')).not.toBe(mac('sign-in1', 767_323_045, 'x'))
    expect(mac('sign-in', 1_767_323_045, 'x')).not.toBe(mac('sign-in', 176_732_304, '5x'))
    expect(mac('sign-in', 1_767_323_045, 'x')).toBe(mac('sign-in', 1_767_323_045, 'x'))
  })

  it('refuses garbage without throwing', () => {
    const { form, binding } = tokens()
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(form.verify(text, 'sign-in', binding)).toBe('invalid')
      }),
    )
    expect(form.verify('9'.repeat(1_000_000), 'sign-in', binding)).toBe('invalid')
  })
})

describe('newFormBinding', () => {
  it('is a fresh 128-bit value each time', () => {
    const bindings = new Set(Array.from({ length: 1000 }, newFormBinding))
    expect(bindings.size).toBe(1000)
    expect([...bindings].every(isFormBinding)).toBe(true)
  })
})
