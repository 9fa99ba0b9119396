import { Cookie } from 'tough-cookie'
import { describe, expect, it } from 'vitest'
import { formCookie, readFormCookie, removeFormCookie } from '../../src/core/form-cookie.ts'
import { newFormBinding } from '../../src/core/form-token.ts'

const name = '__Host-Http-holdfast-form'

describe('readFormCookie', () => {
  it('finds the binding among other cookies', () => {
    const binding = newFormBinding()
    expect(readFormCookie(`a=b; ${name}=${binding}; c=d`, name)).toBe(binding)
    expect(readFormCookie(`${name}=${binding}; ${name}=${binding}`, name)).toBe(binding)
  })

  it('finds none where there is none, or one of another name', () => {
    const binding = newFormBinding()
    expect(readFormCookie(undefined, name)).toBeNull()
    expect(readFormCookie('', name)).toBeNull()
    expect(readFormCookie(`x${name}=${binding}; ${name}x=${binding}`, name)).toBeNull()
    expect(readFormCookie(`${name.toLowerCase()}=${binding}`, name)).toBeNull()
    expect(readFormCookie(`a=${name}=${binding}`, name)).toBeNull()
  })

  it('security: takes no name for ours that browsers do not hold to its prefix', () => {
    const binding = newFormBinding()
    for (const blank of ['\u00a0', '\u0085', '\ufeff', '\v', '\f']) {
      expect(readFormCookie(`${blank}${name}=${binding}`, name)).toBeNull()
      expect(readFormCookie(`a=b;${blank}${name}${blank}=${binding}`, name)).toBeNull()
    }
    expect(readFormCookie(`a=b; \t${name}=${binding}`, name)).toBe(binding)
  })

  it('security: trusts neither of two that differ', () => {
    const header = `${name}=${newFormBinding()}; ${name}=${newFormBinding()}`
    expect(readFormCookie(header, name)).toBeNull()
  })

  it('takes nothing that is not a binding', () => {
    for (const value of ['', '1', 'x'.repeat(23), `"${newFormBinding()}"`, '%41'.repeat(22)]) {
      expect(readFormCookie(`${name}=${value}`, name), value).toBeNull()
    }
  })
})

describe('formCookie', () => {
  it('keeps what the __Host-Http- prefix promises', () => {
    const binding = newFormBinding()
    const cookie = Cookie.parse(formCookie(name, binding, true))
    expect(cookie).toMatchObject({ key: name, value: binding, path: '/', secure: true, httpOnly: true })
    expect(cookie).toMatchObject({ domain: null, sameSite: 'lax', maxAge: 3720 })
  })

  it('works on plain http, where Secure cookies do not', () => {
    expect(Cookie.parse(formCookie('holdfast-form-8080', newFormBinding(), false))?.secure).toBe(false)
  })
})

describe('removeFormCookie', () => {
  it('security: removes with the attributes it was set with (CVE-2025-55162)', () => {
    const { value: _, maxAge: __, ...set } = Cookie.parse(formCookie(name, newFormBinding(), true)) ?? {}
    const { value, maxAge, ...removed } = Cookie.parse(removeFormCookie(name, true)) ?? {}
    expect({ value, maxAge }).toEqual({ value: '', maxAge: 0 })
    expect({ ...removed, creation: null }).toEqual({ ...set, creation: null })
  })
})
