import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { escapeHtml, html, prose } from '../../src/pages/html.ts'
import { xssCorpus } from './xss-corpus.ts'

function read(text: string): string {
  const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#96': '`' }
  return text.replace(/&([a-z0-9#]+);/g, (whole, name: string) => entities[name] ?? whole)
}

describe('html', () => {
  it('lets no character of the corpus be markup, in content or in a quoted attribute', () => {
    for (const payload of xssCorpus) {
      const inside = String(html`<p title="${payload}">${payload}</p>`)
      const [, title = '', text = ''] = /^<p title="([^"]*)">([^<]*)<\/p>$/.exec(inside) ?? []
      expect(title, payload).not.toMatch(/["'<>`]/)
      expect(text, payload).not.toMatch(/["'<>`]/)
      expect(read(title)).toBe(payload.replaceAll('\0', '\uFFFD'))
      expect(read(text)).toBe(payload.replaceAll('\0', '\uFFFD'))
    }
  })

  it('gives back any text unchanged once a browser has read the entities', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const escaped = escapeHtml(text)
        expect(escaped).not.toMatch(/["'<>`\0]/)
        expect(read(escaped)).toBe(text.replaceAll('\0', '\uFFFD'))
      }),
    )
  })

  it('replaces lone surrogates, which no encoding can carry', () => {
    expect(escapeHtml('a\uD800b')).toBe('a\uFFFDb')
  })

  it('does not escape an entity twice over, nor trust one that comes in', () => {
    expect(String(html`${'&lt;b&gt;'}`)).toBe('&amp;lt;b&amp;gt;')
  })

  it('passes nested markup and lists as they are', () => {
    const items = ['a', '<b>'].map((item) => html`<li>${item}</li>`)
    expect(String(html`<ul>${items}</ul>`)).toBe('<ul><li>a</li><li>&lt;b&gt;</li></ul>')
    expect(String(html`${['<', [html`<i>x</i>`, '>']]}`)).toBe('&lt;<i>x</i>&gt;')
  })

  it('leaves nothing for null, undefined, false and the empty text, and keeps zero', () => {
    expect(String(html`[${null}${undefined}${false}${''}${0}]`)).toBe('[0]')
  })

  it('security: trusts no object for its shape', () => {
    const forged = JSON.parse('{"text":"<script>","toString":"<script>","__proto__":{"markup":true}}')
    expect(() => html`${forged}`).toThrow(TypeError)
    const impostor = Object.create(Object.getPrototypeOf(html`<b>`))
    expect(() => html`${impostor}`).toThrow(TypeError)
    const speaking = { toString: () => '<script>' }
    expect(() => html`${speaking as never}`).toThrow(TypeError)
  })

  it('security: refuses an interpolation in an unquoted attribute', () => {
    const value = 'x onfocus=alert(1)'
    expect(() => html`<input value=${value}>`).toThrow(/quotes/)
    expect(() => html`<input value= ${value}>`).toThrow(/quotes/)
    expect(String(html`<input value="${value}">`)).toBe('<input value="x onfocus=alert(1)">')
  })
})

describe('prose', () => {
  it('shows what is between backticks as code, escaped like the rest', () => {
    expect(String(prose('a `<b>` & `c`'))).toBe('a <code>&lt;b&gt;</code> &amp; <code>c</code>')
  })
})
