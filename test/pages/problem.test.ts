import { describe, expect, it } from 'vitest'
import { problem, problemJson, problemPage, wantsPage } from '../../src/pages/problem.ts'
import { problemStatus } from '../../src/pages/problem-code.ts'
import { en } from '../../src/pages/texts/en.ts'
import { zh } from '../../src/pages/texts/zh.ts'
import { problemCodes } from './every-page.ts'

const options = { app: 'Sales', base: '', secure: true, requestId: 'r-1' } as const

describe('problemPage', () => {
  it('answers every code with its status, its words and the request to name', () => {
    for (const code of problemCodes) {
      const { status, body } = problemPage({ ...options, code })
      expect(status, code).toBe(problemStatus[code])
      expect(body, code).toContain(`<h1>${en.problem[code].title}</h1>`)
      expect(body, code).toContain('<code>r-1</code>')
    }
  })

  it('tells whoever runs the app about the flags, where the address is wrong', () => {
    expect(problemPage({ ...options, code: 'unknown-host' }).body).toContain('<code>--public-url</code>')
    const plain = problemPage({ ...options, code: 'https-required' })
    expect(plain.status).toBe(421)
    expect(plain.body).toContain('<code>--public-url</code>')
    expect(plain.body).toContain('<code>--insecure-http</code>')
  })

  it('security: leads nowhere from an address that is not ours', () => {
    expect(problemPage({ ...options, code: 'unknown-host' }).body).not.toContain('<a ')
    expect(problemPage({ ...options, code: 'https-required' }).body).not.toContain('<a ')
  })

  it('loads itself again where waiting heals, and only there', () => {
    const reloading = problemCodes.filter((code) =>
      problemPage({ ...options, code }).body.includes('http-equiv="refresh"'),
    )
    expect(reloading).toEqual(['app-unreachable', 'unavailable'])
    expect(problemPage({ ...options, code: 'app-unreachable' }).body).toContain(
      '<meta http-equiv="refresh" content="3">',
    )
    expect(problemPage({ ...options, code: 'unavailable', retryAfter: 7.5 }).body).toContain('content="8"')
  })

  it('offers a way on: sign in, another account, or once more', () => {
    const link = (code: keyof typeof problemStatus, returnTo?: string): string[] =>
      [...problemPage({ ...options, code, returnTo }).body.matchAll(/<a [^>]*href="([^"]*)"/g)].map(
        ([, href]) => href ?? '',
      )
    expect(link('sign-in-required', '/a?b=c')).toEqual(['/_holdfast/sign-in?return_to=%2Fa%3Fb%3Dc'])
    expect(link('sign-in-required')).toEqual(['/_holdfast/sign-in?return_to=%2F'])
    expect(link('forbidden')).toEqual(['/', '/_holdfast/sign-out'])
    expect(link('not-found')).toEqual(['/'])
    expect(link('app-timeout')).toEqual([''])
  })
})

describe('problemJson', () => {
  it('is RFC 9457 for every code', () => {
    for (const code of problemCodes) {
      const { status, headers, body } = problemJson({ ...options, code })
      expect(headers['content-type']).toBe('application/problem+json')
      expect(headers['cache-control']).toBe('no-store')
      expect(headers['x-content-type-options']).toBe('nosniff')
      expect(headers['content-security-policy']).toBe("default-src 'none'; frame-ancestors 'none'; sandbox")
      expect(JSON.parse(body)).toEqual({
        type: `urn:holdfast:problem:${code}`,
        title: en.problem[code].title,
        status,
        detail: en.problem[code].detail.join(' '),
        instance: 'urn:holdfast:request:r-1',
        code,
      })
      expect(status).toBe(problemStatus[code])
    }
  })

  it('says when to come back, and challenges where it must', () => {
    expect(problemJson({ ...options, code: 'unavailable' }).headers['retry-after']).toBe('5')
    expect(
      problemJson({ ...options, code: 'too-many-requests', retryAfter: 12 }).headers['retry-after'],
    ).toBe('12')
    expect(problemJson({ ...options, code: 'not-found' }).headers).not.toHaveProperty('retry-after')
    expect(problemJson({ ...options, code: 'sign-in-required' }).headers['www-authenticate']).toBe('Holdfast')
  })

  it('carries the headers it is given', () => {
    const page = problemJson({ ...options, code: 'method-not-allowed', headers: { allow: 'GET, POST' } })
    expect(page.headers.allow).toBe('GET, POST')
  })
})

describe('wantsPage', () => {
  it('believes Sec-Fetch-Dest before Accept', () => {
    const asks = (destination: string, accept: string): boolean =>
      wantsPage({ 'sec-fetch-dest': destination, accept })
    expect(asks('document', '*/*')).toBe(true)
    expect(asks('iframe', '*/*')).toBe(true)
    expect(asks('empty', 'text/html')).toBe(false)
    expect(asks('image', 'text/html')).toBe(false)
    expect(asks('script', '*/*')).toBe(false)
  })

  it('asks Accept for HTML, and not after JSON', () => {
    const asks = (accept: string | undefined): boolean => wantsPage({ accept })
    expect(asks('text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8')).toBe(true)
    expect(asks('TEXT/HTML')).toBe(true)
    expect(asks('application/json, text/html;q=0.5')).toBe(false)
    expect(asks('application/problem+json, text/html')).toBe(false)
    expect(asks('text/html, application/json')).toBe(true)
    expect(asks('text/html;q=0')).toBe(false)
    expect(asks('text/html;q=0.000, */*')).toBe(false)
    expect(asks('text/html;q=0.8')).toBe(true)
    expect(asks('*/*')).toBe(false)
    expect(asks('')).toBe(false)
    expect(asks(undefined)).toBe(false)
  })
})

describe('problem', () => {
  it('shows people a page and gives programs JSON', () => {
    const page = problem({ ...options, code: 'not-found' }, { 'sec-fetch-dest': 'document' })
    const json = problem({ ...options, code: 'not-found' }, { accept: '*/*' })
    expect(page.headers['content-type']).toContain('text/html')
    expect(json.headers['content-type']).toBe('application/problem+json')
    expect(page.headers.vary).toBe(json.headers.vary)
  })
})

describe('texts', () => {
  it('name nothing of the inside in any language', () => {
    for (const texts of [en, zh]) {
      const words = JSON.stringify(texts.problem)
      expect(words).not.toMatch(
        /redis|postgres|sqlite|stack|node|upstream|ECONN|127\.0\.0\.1|exception|null/i,
      )
      expect(words.match(/`/g)?.length ?? 0).toBeGreaterThan(0)
      expect(
        Object.values(texts.problem).every(({ detail }) => detail.every((d) => d.split('`').length % 2)),
      ).toBe(true)
    }
  })
})
