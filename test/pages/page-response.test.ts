import { describe, expect, it } from 'vitest'
import { problemJson } from '../../src/pages/problem.ts'
import { everyPage, problemCodes } from './every-page.ts'
import { xssCorpus } from './xss-corpus.ts'

function nonceOf(policy: string | undefined): string | undefined {
  return /style-src 'nonce-([A-Za-z0-9_-]{22})'/.exec(policy ?? '')?.[1]
}

/** The tags of a document, each with its attributes as they stand. */
function tagsOf(body: string): readonly string[] {
  return [...body.replace(/<style[^>]*>[^<]*<\/style>/, '<style></style>').matchAll(/<[^>]*>/g)].map(
    ([tag]) => tag,
  )
}

// The one image that a page may ask for.
const clearing = '<img src="/_holdfast/clear-cache" alt="" width="1" height="1" loading="lazy">'

/** The script tags that may be there. */
function scriptsOf(body: string): readonly string[] {
  return tagsOf(body).filter((tag) =>
    /^<script src="\/_holdfast\/passkey\.js\?v=test" nonce="[\w-]{22}">$/.test(tag),
  )
}

function shapeOf(body: string): readonly string[] {
  return tagsOf(body).map((tag) => tag.replace(/"[^"]*"/g, '""'))
}

describe('every page', () => {
  it('lets the browser do nothing but show it and send its form', () => {
    for (const [name, page] of everyPage()) {
      const nonce = nonceOf(page.headers['content-security-policy'])
      const script = page.body.includes('data-passkey=') ? `script-src 'nonce-${nonce}'; ` : ''
      const images = page.body.includes(clearing) ? " 'self'" : ''
      expect(page.headers['content-security-policy'], name).toBe(
        `default-src 'none'; style-src 'nonce-${nonce}'; ${script}img-src data:${images}; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
      )
      expect(page.headers, name).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'strict-transport-security': 'max-age=31536000',
      })
      expect(page.headers['permissions-policy'], name).toContain('camera=()')
    }
  })

  it('carries a fresh nonce each time, on its one style, on the script for passkeys where there is one, and nowhere else', () => {
    const pages = [...everyPage().values(), ...everyPage().values()]
    const nonces = pages.map((page) => nonceOf(page.headers['content-security-policy']))
    expect(new Set(nonces).size).toBe(pages.length)
    for (const [index, page] of pages.entries()) {
      expect(page.body.match(/<style[^>]*>/g)).toEqual([`<style nonce="${nonces[index]}">`])
      const uses = page.body.includes('data-passkey=') ? 2 : 1
      expect(page.body.split(String(nonces[index]))).toHaveLength(uses + 1)
    }
  })

  it('needs no script but ours where a passkey is asked for, no inline style and nothing from elsewhere', () => {
    for (const [name, page] of everyPage()) {
      const scripts = scriptsOf(page.body)
      expect(scripts.length, name).toBe(page.body.includes('data-passkey=') ? 1 : 0)
      for (const tag of tagsOf(page.body)) {
        if (scripts.includes(tag) || tag === clearing) continue
        expect(tag, name).not.toMatch(/^<(?:script|iframe|object|embed|base|img|video|audio|template)\b/i)
        expect(tag, name).not.toMatch(/\s(?:on\w+|style|srcdoc|src|formaction|target|ping)=/i)
      }
      const links = [...page.body.matchAll(/(?:href|action)="([^"]*)"/g)].map(([, link]) => link ?? '')
      expect(
        links.filter((link) => !/^(?:\/(?!\/)|data:image\/svg\+xml,|$)/.test(link)),
        name,
      ).toEqual([])
      expect(page.body, name).not.toMatch(/url\(|@import/)
    }
  })

  it('security: stays the same document whatever it is given to show (CVE-2017-6059, CVE-2024-21496)', () => {
    const plain = everyPage()
    for (const payload of xssCorpus) {
      for (const [name, page] of everyPage({}, payload)) {
        expect(shapeOf(page.body), `${name}: ${payload}`).toEqual(shapeOf(plain.get(name)?.body ?? ''))
      }
    }
  }, 60_000)

  it('security: no header ever holds what it was given to show', () => {
    const canary = 'canary\r\nSet-Cookie: a=b'
    const pages = [
      ...everyPage({}, canary).values(),
      ...problemCodes.map((code) =>
        problemJson({ app: canary, base: '', secure: true, code, requestId: canary, acceptLanguage: canary }),
      ),
    ]
    expect(pages.filter((page) => JSON.stringify(page.headers).includes('canary'))).toEqual([])
  })

  it('lets forms send their Origin, and sends no referrer from anywhere else', () => {
    for (const [name, page] of everyPage()) {
      const posts = page.body.includes('<form method="post"') || /no passwords|step-up, provider/.test(name)
      expect(page.headers['referrer-policy'], name).toBe(posts ? 'same-origin' : 'no-referrer')
    }
  })

  it('speaks of https alone only on https', () => {
    for (const [, page] of everyPage({ secure: false })) {
      expect(page.headers).not.toHaveProperty('strict-transport-security')
    }
  })

  it('can be read by everybody: language, title, one heading, labels, no lost reference', () => {
    for (const acceptLanguage of ['en', 'zh-CN']) {
      for (const [name, page] of everyPage({ acceptLanguage })) {
        const { body } = page
        expect(body, name).toContain(`<html lang="${page.headers['content-language']}">`)
        expect(body, name).toContain('name="viewport" content="width=device-width, initial-scale=1"')
        expect(body, name).toContain('<meta name="robots" content="noindex">')
        expect(body.match(/<title>[^<]+ · Ada<\/title>/g), name).toHaveLength(1)
        expect(body.match(/<h1>/g), name).toHaveLength(1)
        expect(body.match(/<main /g), name).toHaveLength(1)
        expect(body.match(/ autofocus>/g)?.length ?? 0, name).toBeLessThanOrEqual(1)
        const ids = [...body.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id)
        expect(new Set(ids).size, name).toBe(ids.length)
        const referred = [...body.matchAll(/ (?:for|aria-describedby)="([^"]*)"/g)].map(([, id]) => id)
        expect(
          referred.filter((id) => !ids.includes(id)),
          name,
        ).toEqual([])
        const fields = [...body.matchAll(/<input type="(?!hidden)[^>]* id="([^"]*)"/g)].map(([, id]) => id)
        expect(
          fields.filter((id) => !body.includes(`<label for="${id}">`)),
          name,
        ).toEqual([])
      }
    }
  })

  it('links below the base path', () => {
    for (const [name, page] of everyPage({ base: '/tool' }, 'tool/x')) {
      const links = [...page.body.matchAll(/(?:href|action)="(\/[^"]*)"/g)].map(([, link]) => link ?? '')
      expect(
        links.filter((link) => !link.startsWith('/tool/')),
        name,
      ).toEqual([])
    }
  })
})
