import { describe, expect, it } from 'vitest'
import { site } from '../../src/gateway/site.ts'

const listen = { host: '127.0.0.1', port: 8080 }
const at = (publicUrl: string | null, insecureHttp = false): ReturnType<typeof site> =>
  site({ publicUrl, insecureHttp, listen })

describe('site', () => {
  it('serves this machine alone without a public URL, under one name', () => {
    const here = at(null)
    expect([here.origin, here.base, here.secure]).toEqual(['http://127.0.0.1:8080', '', false])
    const verdicts = [
      '127.0.0.1:8080',
      'localhost:8080',
      '[::1]:8080',
      'LOCALHOST:8080',
      'localhost',
      'localhost:80',
      '127.0.0.1',
      '0.0.0.0:8080',
      '127.0.0.1:8080.evil.example',
      'evil.example',
      '',
      undefined,
    ]
    expect(verdicts.map((host) => here.judgeHost(host))).toEqual([
      'ours',
      'alias',
      'alias',
      ...verdicts.slice(3).map(() => 'foreign'),
    ])
  })

  it('is known by its public URL alone, with and without the port a browser leaves out', () => {
    const hosts = [
      'apps.example.org',
      'APPS.example.org',
      'apps.example.org:443',
      'apps.example.org:80',
      'apps.example.org:8443',
      'apps.example.org.',
      'x.apps.example.org',
      '127.0.0.1:8080',
      undefined,
    ]
    const judged = (url: string): string[] =>
      hosts.filter((host) => at(url).judgeHost(host) === 'ours').map(String)
    expect(judged('https://apps.example.org')).toEqual(hosts.slice(0, 3))
    expect(judged('https://apps.example.org:443/tool/')).toEqual(hosts.slice(0, 3))
    expect(judged('https://apps.example.org:8443')).toEqual(['apps.example.org:8443'])
  })

  it('takes the base path before everything of ours, without a slash at its end', () => {
    expect(
      [
        'https://a.example/tool',
        'https://a.example/tool/',
        'https://a.example/',
        'https://a.example/a/b.c',
      ].map((url) => at(url).base),
    ).toEqual(['/tool', '/tool', '', '/a/b.c'])
  })

  it('refuses a public URL it cannot stand behind, and says what to write', () => {
    const wrong = [
      '',
      'apps.example.org',
      '/tool',
      'ftp://a.example',
      'ws://a.example',
      'https://u:p@a.example',
      'https://a.example/?x',
      'https://a.example/#x',
      'https://a.example/a%2fb',
      'https://a.example/a b',
      'https://a.example//x',
      'javascript:alert(1)',
    ]
    for (const url of wrong) expect(() => at(url), url).toThrow(/--public-url/)
    expect(() => at('http://a.example')).toThrow(/--insecure-http/)
    expect(at('http://a.example', true).secure).toBe(false)
    expect(at('http://localhost:8080').origin).toBe('http://localhost:8080')
  })
})
