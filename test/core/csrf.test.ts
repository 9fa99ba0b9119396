import { describe, expect, it } from 'vitest'
import { type CsrfVerdict, csrf, isOwnNavigation, type RequestHeaders } from '../../src/core/csrf.ts'

const origin = 'https://app.example.org'
const form = 'application/x-www-form-urlencoded'

const sites = ['same-origin', 'same-site', 'cross-site', 'none', undefined] as const
const origins = [origin, 'https://evil.example', 'null', undefined] as const

// Rows: Sec-Fetch-Site; columns: the Origin is ours, another, `null`, absent.
const unsafe: Record<string, readonly CsrfVerdict[]> = {
  'same-origin': ['allowed', 'cross-origin', 'allowed', 'allowed'],
  'same-site': ['cross-origin', 'cross-origin', 'cross-origin', 'cross-origin'],
  'cross-site': ['cross-origin', 'cross-origin', 'cross-origin', 'cross-origin'],
  none: ['cross-origin', 'cross-origin', 'cross-origin', 'cross-origin'],
  undefined: ['allowed', 'cross-origin', 'cross-origin', 'unknown-origin'],
}

function headers(
  site: string | undefined,
  from: string | undefined,
  type: string | undefined = form,
): RequestHeaders {
  return { 'sec-fetch-site': site, origin: from, 'content-type': type }
}

describe('csrf', () => {
  it('decides every unsafe method by Sec-Fetch-Site first and by Origin second', () => {
    const verdicts: Record<string, CsrfVerdict[]> = {}
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'post', 'PROPFIND', 'CONNECT', '']) {
      for (const site of sites) {
        verdicts[`${method} ${site}`] = origins.map((from) => csrf(method, headers(site, from), { origin }))
        expect(verdicts[`${method} ${site}`], `${method} ${site}`).toEqual(unsafe[String(site)])
      }
    }
    expect(Object.keys(verdicts)).toHaveLength(40)
  })

  it('lets safe methods through, whoever sends them', () => {
    for (const method of ['GET', 'HEAD', 'OPTIONS']) {
      for (const site of sites) {
        for (const from of origins) {
          expect(csrf(method, headers(site, from), { origin })).toBe('allowed')
        }
      }
    }
  })

  it('takes no Origin that merely resembles ours', () => {
    const alike = [
      'http://app.example.org',
      'https://app.example.org:443',
      'https://app.example.org:8443',
      'https://app.example.org/',
      'https://app.example.org.evil.example',
      'https://evil.example/https://app.example.org',
      'https://evilapp.example.org',
      'https://sub.app.example.org',
      'https://example.org',
      'HTTPS://app.example.org',
      'https://APP.example.org',
      ' https://app.example.org',
      'https://app.example.org https://evil.example',
      'https://app.example.org, https://app.example.org',
      'https://app.example.org@evil.example',
      'app.example.org',
      '//app.example.org',
      '*',
      '',
    ]
    for (const from of alike) {
      expect(csrf('POST', headers(undefined, from), { origin }), from).toBe('cross-origin')
      expect(csrf('POST', headers('same-origin', from), { origin }), from).toBe('cross-origin')
    }
  })

  it('takes no Sec-Fetch-Site but the one word, once', () => {
    for (const site of [
      'same-origin, cross-site',
      'Same-Origin',
      'same-origin ',
      '',
      'unknown',
      'same-origin, same-origin',
    ]) {
      expect(csrf('POST', headers(site, origin), { origin }), site).toBe('cross-origin')
    }
    const twice = { ...headers(undefined, origin), 'sec-fetch-site': ['same-origin', 'cross-site'] }
    expect(csrf('POST', twice, { origin })).toBe('cross-origin')
  })

  it('takes forms alone unless told otherwise', () => {
    const verdict = (type: string | undefined, types?: readonly string[]): CsrfVerdict =>
      csrf(
        'POST',
        { 'sec-fetch-site': 'same-origin', origin, 'content-type': type },
        types ? { origin, types } : { origin },
      )
    expect(verdict(form)).toBe('allowed')
    expect(verdict('Application/X-WWW-Form-Urlencoded; charset=UTF-8')).toBe('allowed')
    for (const type of [
      'text/plain',
      'multipart/form-data; boundary=x',
      'application/json',
      `text/plain; ${form}`,
      `text/plain, ${form}`,
      `${form}x`,
      '',
      undefined,
    ]) {
      expect(verdict(type), type).toBe('content-type')
    }
    expect(verdict('application/json', ['application/json'])).toBe('allowed')
    expect(verdict(form, ['application/json'])).toBe('content-type')
    expect(verdict('text/plain', ['application/json'])).toBe('content-type')
  })

  it('names the origin before the type, so that a stranger learns nothing of the route', () => {
    expect(csrf('POST', headers('cross-site', origin, 'text/plain'), { origin })).toBe('cross-origin')
  })
})

describe('isOwnNavigation', () => {
  const own = {
    'sec-fetch-site': 'same-origin',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
  }

  it('knows a navigation that one of our pages started', () => {
    expect(isOwnNavigation(own)).toBe(true)
  })

  it('refuses anything short of that', () => {
    const others: RequestHeaders[] = [
      {},
      { ...own, 'sec-fetch-site': 'none' },
      { ...own, 'sec-fetch-site': 'same-site' },
      { ...own, 'sec-fetch-site': 'cross-site' },
      { ...own, 'sec-fetch-mode': 'no-cors' },
      { ...own, 'sec-fetch-mode': 'cors' },
      { ...own, 'sec-fetch-dest': 'image' },
      { ...own, 'sec-fetch-dest': 'iframe' },
      { ...own, 'sec-fetch-dest': 'empty' },
      { ...own, 'sec-purpose': 'prefetch' },
      { ...own, 'sec-purpose': 'prefetch;prerender' },
      { ...own, 'sec-purpose': '' },
      { ...own, 'sec-fetch-site': undefined },
      { ...own, 'sec-fetch-mode': undefined },
      { ...own, 'sec-fetch-dest': undefined },
    ]
    expect(others.filter(isOwnNavigation)).toEqual([])
  })
})
