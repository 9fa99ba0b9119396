import { describe, expect, it } from 'vitest'
import { signInPage, signInReason } from '../../src/pages/sign-in.ts'
import { readSignInForm } from '../../src/pages/sign-in-form.ts'

const options = { app: 'Sales', base: '', secure: true, returnTo: '/report?a=1&b=2', token: '1.abc' }

function input(body: string, name: string): string {
  return new RegExp(`<input [^>]*name="${name}"[^>]*>`).exec(body)?.[0] ?? ''
}

describe('signInPage', () => {
  it('is a plain form that password managers know', () => {
    const { status, body } = signInPage(options)
    expect(status).toBe(200)
    expect(body).toContain('<form method="post" action="/_holdfast/sign-in">')
    expect(input(body, 'username')).toContain('autocomplete="username" autocapitalize="none"')
    expect(input(body, 'password')).toContain('type="password"')
    expect(input(body, 'password')).toContain('autocomplete="current-password"')
    expect(input(body, 'remember')).toContain('type="checkbox"')
    expect(input(body, 'remember')).not.toContain('checked')
    expect(input(body, 'form_token')).toContain('value="1.abc"')
    expect(input(body, 'return_to')).toContain('value="/report?a=1&amp;b=2"')
  })

  it('starts in the first empty field', () => {
    expect(input(signInPage(options).body, 'username')).toContain(' autofocus')
    expect(input(signInPage(options).body, 'password')).not.toContain(' autofocus')
    const again = signInPage({ ...options, username: 'ada' }).body
    expect(input(again, 'username')).not.toContain(' autofocus')
    expect(input(again, 'password')).toContain(' autofocus')
  })

  it('keeps name and choice after an error, and never a password', () => {
    const { body } = signInPage({
      ...options,
      username: 'ada',
      remember: true,
      error: { kind: 'credentials' },
    })
    expect(input(body, 'username')).toContain('value="ada"')
    expect(input(body, 'remember')).toContain(' checked')
    expect(input(body, 'password')).not.toContain('value=')
  })

  it('says an error first in the title, aloud, and at the fields', () => {
    const { status, headers, body } = signInPage({ ...options, error: { kind: 'credentials' } })
    expect(status).toBe(401)
    expect(headers['www-authenticate']).toBe('Holdfast')
    expect(body).toContain('<title>Error: Sign in · Sales</title>')
    expect(body).toContain(
      '<p class="message bad" id="message" role="alert">That username and password do not match.',
    )
    expect(input(body, 'username')).toContain('aria-describedby="message" aria-invalid="true"')
    expect(input(body, 'password')).toContain('aria-describedby="message" aria-invalid="true"')
  })

  it('says when to try again, to the person and to the client', () => {
    const told = (seconds: number): { retry: string | undefined; said: string | undefined } => {
      const { status, headers, body } = signInPage({ ...options, error: { kind: 'throttled', seconds } })
      expect(status).toBe(429)
      return { retry: headers['retry-after'], said: /try again in ([^.]*)\./.exec(body)?.[1] }
    }
    expect(told(0)).toEqual({ retry: '1', said: '1 second' })
    expect(told(1.2)).toEqual({ retry: '2', said: '2 seconds' })
    expect(told(60)).toEqual({ retry: '60', said: '1 minute' })
    expect(told(61)).toEqual({ retry: '61', said: '2 minutes' })
    expect(told(3600)).toEqual({ retry: '3600', said: '1 hour' })
    expect(told(5000)).toEqual({ retry: '5000', said: '2 hours' })
  })

  it('tells an old form and an outage apart from wrong credentials', () => {
    const form = signInPage({ ...options, error: { kind: 'form' } })
    expect(form.status).toBe(400)
    expect(form.body).toContain('Please try again.')
    const outage = signInPage({ ...options, error: { kind: 'unavailable' } })
    expect(outage.status).toBe(503)
    expect(outage.headers['retry-after']).toBe('5')
    expect(outage.body).toContain('We cannot check passwords right now.')
    expect(input(outage.body, 'username')).not.toContain('aria-invalid')
  })

  it('says why one is here, unless an error matters more', () => {
    expect(signInPage({ ...options, reason: 'expired' }).body).toContain('Your session has ended.')
    expect(signInPage({ ...options, reason: 'revoked' }).body).toContain('You were signed out.')
    expect(signInPage({ ...options, reason: 'signed-out' }).body).toContain(
      'role="status">You are signed out.',
    )
    const both = signInPage({ ...options, reason: 'expired', error: { kind: 'credentials' } }).body
    expect(both).not.toContain('Your session has ended.')
    expect(both.match(/id="message"/g)).toHaveLength(1)
  })

  it('offers other ways, beside passwords or instead of them', () => {
    const others = [{ name: 'Google', href: '/_holdfast/begin/google?return_to=%2F' }]
    const beside = signInPage({ ...options, others }).body
    expect(beside).toContain('href="/_holdfast/begin/google?return_to=%2F">Continue with Google</a>')
    expect(beside).toContain('<p class="or">or</p>')
    const instead = signInPage({ ...options, others, passwords: false }).body
    expect(instead).not.toContain('<form')
    expect(instead).not.toContain('class="or"')
  })

  it('speaks the language of the browser', () => {
    const { body, headers } = signInPage({ ...options, acceptLanguage: 'zh-CN,zh;q=0.9,en;q=0.8' })
    expect(headers['content-language']).toBe('zh-Hans')
    expect(headers.vary).toContain('Accept-Language')
    expect(body).toContain('<label for="username">用户名</label>')
  })
})

describe('signInReason', () => {
  it('knows our reasons and no other', () => {
    expect(['expired', 'revoked', 'signed-out'].map(signInReason)).toEqual([
      'expired',
      'revoked',
      'signed-out',
    ])
    expect([null, '', 'x', 'toString', '__proto__', 'Expired'].map(signInReason)).toEqual(
      Array(6).fill(undefined),
    )
  })
})

describe('readSignInForm', () => {
  it('reads back what the page sends', () => {
    const sent = new URLSearchParams({
      form_token: '1.abc',
      return_to: '/report?a=1&b=2',
      username: 'Ada L.',
      password: ' pass+word%20é& ',
      remember: 'on',
    })
    expect(readSignInForm(String(sent))).toEqual({
      token: '1.abc',
      returnTo: '/report?a=1&b=2',
      username: 'Ada L.',
      password: ' pass+word%20é& ',
      remember: true,
    })
  })

  it('takes an unticked box and a missing return path as they are', () => {
    expect(readSignInForm('username=a&password=b&form_token=c')).toEqual({
      username: 'a',
      password: 'b',
      token: 'c',
      remember: false,
      returnTo: '',
    })
  })

  it('is none for an empty, partial, doubled or oversized body (CVE-2025-3891)', () => {
    const bodies = [
      '',
      '&',
      '=',
      'username=a',
      'username=a&password=b',
      'password=b&form_token=c',
      'username=a&username=b&password=c&form_token=d',
      'username=a&password=b&form_token=c&form_token=c',
      `username=${'a'.repeat(257)}&password=b&form_token=c`,
      `username=a&password=${'b'.repeat(1025)}&form_token=c`,
      '{"username":"a","password":"b","form_token":"c"}',
      '%',
      '\0',
    ]
    expect(bodies.filter((body) => readSignInForm(body) !== null)).toEqual([])
  })

  it('has room for a passphrase of 64 signs and more, to the last letter', () => {
    const password = '鍵'.repeat(1024)
    const body = String(new URLSearchParams({ username: 'a', password, form_token: 'c' }))
    expect(readSignInForm(body)?.password).toBe(password)
  })

  it('is not confused by names every object has', () => {
    expect(readSignInForm('__proto__=x&constructor=y&username=a&password=b&form_token=c')?.username).toBe('a')
  })
})
