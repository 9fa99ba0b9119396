import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { returnPath } from '../../src/core/return-to.ts'
import { openRedirects, plainPaths } from '../pages/open-redirect-corpus.ts'

const origin = 'https://app.example.org'
const strictPath = /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/

function staysHere(result: string, base: string): boolean {
  const url = new URL(result, `${origin}/somewhere/else?x#y`)
  return url.origin === origin && url.pathname.startsWith(`${base}/`) && strictPath.test(result)
}

describe('returnPath', () => {
  it('grants none of more than 300 hostile wishes', () => {
    expect(new Set(openRedirects).size).toBeGreaterThan(300)
    expect(openRedirects.filter((wish) => returnPath(wish, '') !== '/')).toEqual([])
    expect(openRedirects.filter((wish) => returnPath(wish, '/tool') !== '/tool/')).toEqual([])
  })

  it('grants none of them below a base path either', () => {
    const below = openRedirects.filter((wish) => wish !== '').map((wish) => `/tool${wish}`)
    expect(below.filter((wish) => returnPath(wish, '/tool') !== '/tool/')).toEqual([])
  })

  it('grants plain paths unchanged, with query and fragment', () => {
    expect(plainPaths.filter((wish) => returnPath(wish, '') !== wish)).toEqual([])
    expect(plainPaths.filter((wish) => returnPath(`/tool${wish}`, '/tool') !== `/tool${wish}`)).toEqual([])
    expect(plainPaths.filter((wish) => !staysHere(returnPath(wish, ''), ''))).toEqual([])
  })

  it('leads home without a wish', () => {
    expect(returnPath(null, '')).toBe('/')
    expect(returnPath(null, '/tool')).toBe('/tool/')
    expect(returnPath('/tool', '/tool')).toBe('/tool/')
  })

  it('stays below the base path', () => {
    for (const wish of [
      '/',
      '/report',
      '/toolbox',
      '/toolbox/x',
      '/tool?x',
      '/TOOL/x',
      '/t%6fol/x',
      '/tool/../x',
    ]) {
      expect(returnPath(wish, '/tool'), wish).toBe('/tool/')
    }
  })

  it('grants up to 2048 characters', () => {
    const longest = `/${'a'.repeat(2047)}`
    expect(returnPath(longest, '')).toBe(longest)
    expect(returnPath(`${longest}a`, '')).toBe('/')
  })

  it('never leads off this origin or out of the base, whatever is wished for', () => {
    const piece = fc.constantFrom(
      ...[
        '/',
        '//',
        '\\',
        '.',
        '..',
        '%2f',
        '%5c',
        '%2e',
        '%09',
        '\t',
        '\n',
        '\r',
        '\0',
        ' ',
        ':',
        '@',
        '?',
        '#',
        ';',
      ],
      ...[
        'https:',
        'javascript:',
        'evil.example',
        'tool',
        '_holdfast',
        'sign-in',
        'account',
        '\u3002',
        '\uff0f',
        '%',
      ],
    )
    const wish = fc.oneof(
      fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
      fc.array(piece, { maxLength: 12 }).map((pieces) => `/${pieces.join('')}`),
      fc.string({ unit: 'binary' }),
      fc.webUrl(),
    )
    fc.assert(
      fc.property(wish, fc.constantFrom('', '/tool', '/a/b'), fc.boolean(), (text, base, below) => {
        const result = returnPath(below ? base + text : text, base)
        expect(staysHere(result, base), JSON.stringify(result)).toBe(true)
        // A second look changes nothing: what a form carries back was judged before.
        expect(returnPath(result, base)).toBe(result)
        expect(result.toLowerCase()).not.toMatch(/^[^?#]*(?:_holdfast\/sign|auth\/logout\/?(?:[?#]|$))/)
      }),
      { numRuns: 5000 },
    )
  })

  it('judges the longest wish at once', () => {
    const started = performance.now()
    for (const unit of ['/', 'a/', '%', '%41', '/.', '?', '#', '_holdfast/']) {
      returnPath(`/${unit.repeat(2048)}`.slice(0, 2048), '')
      returnPath(`/${unit.repeat(1_000_000)}`, '')
    }
    expect(performance.now() - started).toBeLessThan(200)
  })
})
