import { describe, expect, it } from 'vitest'
import { signOutPage } from '../../src/pages/sign-out.ts'

const options = { app: 'Sales', base: '/tool', secure: true, returnTo: '/tool/report', token: '1.abc' }

describe('signOutPage', () => {
  it('asks, and signs out by POST alone', () => {
    const { status, body } = signOutPage(options)
    expect(status).toBe(200)
    expect(body).toContain('<form method="post" action="/tool/_holdfast/sign-out">')
    expect(body).toContain('<input type="hidden" name="form_token" value="1.abc">')
    expect(body).toContain('<a class="button quiet" href="/tool/report">Stay signed in</a>')
  })

  it('says who is signed in, where that is known', () => {
    expect(signOutPage({ ...options, user: 'ada' }).body).toContain('You are signed in as ada.')
    expect(signOutPage(options).body).not.toContain('You are signed in as')
  })

  it('never says one is out while the store could not confirm it', () => {
    const { status, headers, body } = signOutPage({ ...options, error: 'unavailable' })
    expect(status).toBe(503)
    expect(headers['retry-after']).toBe('5')
    expect(body).toContain('role="alert">We could not confirm that you are signed out')
    expect(body).toContain(
      '<button class="button" type="submit" aria-describedby="message">Sign out</button>',
    )
  })

  it('asks again when the form was too old', () => {
    const { status, body } = signOutPage({ ...options, error: 'form' })
    expect(status).toBe(400)
    expect(body).toContain('role="alert">This page was open for too long.')
  })
})
