import { describe, expect, it, vi } from 'vitest'
import { defaultPolicy } from '../../src/core/policy.ts'
import type { AccountLimit } from '../../src/core/session-limit.ts'
import { altered } from '../altered.ts'
import { type Harness, startHarness } from './harness.ts'
import { type Answer, fetchFrom } from './loopback.ts'
import { anna, password } from './people.ts'
import { signInForm } from './sign-in-form.ts'

const minute = 60_000

function limited(perAccount: AccountLimit, more: { now?: () => number } = {}): Promise<Harness> {
  return startHarness({ policy: { ...defaultPolicy, perAccount }, ...more })
}

/** Signs in by the form, from a browser that has these cookies. */
async function tryToSignIn(
  to: Harness,
  username: string,
  { cookie = '', secret = password, headers = {} as Record<string, string> } = {},
): Promise<Answer & { readonly cookies: string }> {
  const form = await signInForm(to, '/_holdfast/sign-in', cookie === '' ? {} : { cookie })
  const cookies = [cookie, form.cookie].filter((one) => one !== '').join('; ')
  const answer = await post(to, 'sign-in', cookies, headers, {
    ...{ username, password: secret, form_token: form.token, return_to: '/wanted' },
  })
  return { ...answer, cookies }
}

function post(
  { port, host, origin }: Harness,
  page: string,
  cookie: string,
  headers: Record<string, string>,
  fields: Record<string, string>,
): Promise<Answer> {
  return fetchFrom(port, `/_holdfast/${page}`, {
    method: 'POST',
    headers: { host, origin, cookie, 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(fields).toString(),
  })
}

const field = (body: string, name: string): string =>
  new RegExp(`name="${name}" value="([^"]+)"`).exec(body)?.[1] ?? ''
const marks = (body: string): readonly string[] =>
  [...body.matchAll(/value="end:([^"]+)"/g)].map(([, one = '']) => one)

async function live(to: Harness, ...cookies: readonly string[]): Promise<readonly number[]> {
  const answers = cookies.map((cookie) => fetchFrom(to.port, '/x', { headers: { host: to.host, cookie } }))
  return (await Promise.all(answers)).map(({ status }) => status)
}

describe('at most so many sessions an account: refuse', () => {
  it('ASVS 7.1.2: refuses one more in plain words, says when there will be room, and keeps who is in', async () => {
    const to = await limited({ most: 2, whenMore: 'refuse' })
    const [one, two] = [await to.signIn('anna'), await to.signIn('anna')]
    const refused = await tryToSignIn(to, 'anna')
    expect(refused.status).toBe(409)
    expect(refused.body).toContain('Your account is in use in 2 browsers already')
    expect(refused.body).toContain('the first in 12 hours')
    expect(refused.setCookie.filter((line) => line.startsWith(`${to.cookieName}=`))).toEqual([])
    expect(await live(to, one, two)).toEqual([200, 200])
    await to.signIn('ben')
  })

  it('reveals nothing to somebody without the password', async () => {
    const to = await limited({ most: 1, whenMore: 'refuse' })
    await to.signIn('anna')
    const wrong = await tryToSignIn(to, 'anna', { secret: 'not it' })
    const unknown = await tryToSignIn(to, 'nobody', { secret: 'not it' })
    expect([wrong.status, unknown.status]).toEqual([401, 401])
    const plain = ({ body }: Answer): string =>
      body.replace(/value="[^"]*"/g, '').replace(/nonce="[^"]*"/g, '')
    expect(plain(wrong)).toBe(plain(unknown))
  })

  it('counts the browser that signs in again only once: its session gives way to its new one', async () => {
    const to = await limited({ most: 2, whenMore: 'refuse' })
    const [one, two] = [await to.signIn('anna'), await to.signIn('anna')]
    const again = await post(
      to,
      'sign-in',
      one,
      { 'sec-fetch-site': 'same-origin' },
      {
        ...{ username: 'anna', password, form_token: 'none', return_to: '' },
      },
    )
    expect(again.status).toBe(303)
    const fresh = again.setCookie.find((line) => line.startsWith(`${to.cookieName}=`))?.split(';', 1)[0] ?? ''
    expect(await live(to, one, two, fresh)).toEqual([401, 200, 200])
    expect((await tryToSignIn(to, 'anna')).status).toBe(409)
  })

  it('closing a tab locks nobody out: what is idle beyond its time does not count, and then is over', async () => {
    let at = Date.now()
    const to = await limited({ most: 1, whenMore: 'refuse' }, { now: () => at })
    const lost = await to.signIn('anna')
    expect((await tryToSignIn(to, 'anna')).status).toBe(409)
    at += defaultPolicy.session.idle
    const next = await to.signIn('anna')
    expect(await live(to, lost, next)).toEqual([401, 200])
  })

  it('lets no more in than may be when many sign in at once', async () => {
    const to = await limited({ most: 3, whenMore: 'refuse' })
    const answers = await Promise.all(Array.from({ length: 8 }, () => tryToSignIn(to, 'anna')))
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 303, 303, 409, 409, 409, 409, 409])
    expect(await to.sessions.listUser(anna)).toHaveLength(3)
  })
})

describe('at most so many sessions an account: replace-oldest', () => {
  it('ends the one that began first, and tells its browser why, once', async () => {
    const to = await limited({ most: 2, whenMore: 'replace-oldest' })
    const [one, two, three] = [await to.signIn('anna'), await to.signIn('anna'), await to.signIn('anna')]
    expect(await live(to, one, two, three)).toEqual([401, 200, 200])
    const headers = { host: to.host, cookie: one, accept: 'text/html', 'sec-fetch-mode': 'navigate' }
    const sent = await fetchFrom(to.port, '/wanted', { headers })
    expect(sent.headers.location).toBe('/_holdfast/sign-in?return_to=%2Fwanted&reason=replaced')
    const page = await fetchFrom(to.port, '/_holdfast/sign-in?return_to=%2Fwanted', { headers })
    expect(page.body).toContain('your account was signed in somewhere else')
    expect(page.setCookie.some((line) => line.startsWith(`${to.cookieName}=;`))).toBe(true)
  })

  it('closes what is open for the one that gave way', async () => {
    const to = await limited({ most: 1, whenMore: 'replace-oldest' })
    await to.signIn('anna')
    const [session] = await to.sessions.listUser(anna)
    if (session === undefined) throw new Error('not signed in')
    const end = vi.fn()
    to.sockets.hold(session, { end }, true)
    await to.signIn('anna')
    expect(end).toHaveBeenCalledOnce()
  })

  it('says nothing of the kind to who signed out or was never here', async () => {
    const to = await limited({ most: 1, whenMore: 'replace-oldest' })
    const cookie = await to.signIn('anna')
    for (const { sid } of await to.sessions.listUser(anna)) await to.sessions.end(sid)
    const headers = { host: to.host, cookie, accept: 'text/html', 'sec-fetch-mode': 'navigate' }
    expect((await fetchFrom(to.port, '/wanted', { headers })).headers.location).toContain('reason=expired')
  })
})

describe('at most so many sessions an account: ask-to-take-over', () => {
  const asking = (now?: () => number): Promise<Harness> =>
    limited({ most: 2, whenMore: 'ask-to-take-over' }, now === undefined ? {} : { now })

  it('asks which session shall end, ends that one alone, and goes where one wanted to', async () => {
    const to = await asking()
    const [one, two] = [await to.signIn('anna'), await to.signIn('anna')]
    const asked = await tryToSignIn(to, 'anna')
    expect(asked.status).toBe(200)
    expect(asked.body).toContain('You are signed in elsewhere')
    expect(marks(asked.body)).toHaveLength(2)
    expect(await live(to, one, two)).toEqual([200, 200])
    const done = await post(
      to,
      'take-over',
      asked.cookies,
      {},
      {
        form_token: field(asked.body, 'form_token'),
        ticket: field(asked.body, 'ticket'),
        action: `end:${marks(asked.body)[0]}`,
      },
    )
    expect([done.status, done.headers.location]).toEqual([303, '/wanted'])
    const fresh = done.setCookie.find((line) => line.startsWith(`${to.cookieName}=`))?.split(';', 1)[0] ?? ''
    expect([...(await live(to, one, two))].sort()).toEqual([200, 401])
    expect(await live(to, fresh)).toEqual([200])
  })

  it('ends all of them where that was chosen, and nobody else’s', async () => {
    const to = await asking()
    const [one, two, bens] = [await to.signIn('anna'), await to.signIn('anna'), await to.signIn('ben')]
    const asked = await tryToSignIn(to, 'anna')
    const done = await post(
      to,
      'take-over',
      asked.cookies,
      {},
      {
        form_token: field(asked.body, 'form_token'),
        ticket: field(asked.body, 'ticket'),
        action: 'end-all',
      },
    )
    expect(done.status).toBe(303)
    expect(await live(to, one, two, bens)).toEqual([401, 401, 200])
  })

  it('takes a ticket once, from the browser it was shown to, for five minutes, and in no other form’s place', async () => {
    let at = Date.now()
    const to = await asking(() => at)
    const [one, two] = [await to.signIn('anna'), await to.signIn('anna')]
    const asked = await tryToSignIn(to, 'anna')
    const fields = {
      form_token: field(asked.body, 'form_token'),
      ticket: field(asked.body, 'ticket'),
      action: 'end-all',
    }
    const other = await signInForm(to)
    const forged: readonly (readonly [string, Record<string, string>, Record<string, string>])[] = [
      // Another browser, with a form of its own.
      [other.cookie, {}, { ...fields, form_token: other.token }],
      ['', {}, fields],
      [asked.cookies, {}, { ...fields, form_token: 'none' }],
      [asked.cookies, { 'sec-fetch-site': 'same-origin' }, { ...fields, form_token: 'none' }],
      [asked.cookies, {}, { ...fields, ticket: altered(fields.ticket) }],
      [asked.cookies, {}, { ...fields, ticket: fields.form_token }],
      [asked.cookies, {}, { ...fields, ticket: '' }],
    ]
    for (const [cookie, headers, sent] of forged) {
      const answer = await post(to, 'take-over', cookie, headers, sent)
      expect(answer.status).toBe(400)
      expect(answer.setCookie.filter((line) => line.startsWith(`${to.cookieName}=v`))).toEqual([])
    }
    const foreign = await post(to, 'take-over', asked.cookies, { origin: 'https://evil.example' }, fields)
    expect(foreign.status).toBe(403)
    expect(await live(to, one, two)).toEqual([200, 200])
    at += 5 * minute + 1
    expect((await post(to, 'take-over', asked.cookies, {}, fields)).status).toBe(400)
    at -= 5 * minute
    expect((await post(to, 'take-over', asked.cookies, {}, fields)).status).toBe(303)
    expect((await post(to, 'take-over', asked.cookies, {}, fields)).status).toBe(400)
  })

  it('asks again where nothing was chosen, or another browser was quicker', async () => {
    const to = await asking()
    const one = await to.signIn('anna')
    await to.signIn('anna')
    const asked = await tryToSignIn(to, 'anna')
    const none = await post(
      to,
      'take-over',
      asked.cookies,
      {},
      {
        form_token: field(asked.body, 'form_token'),
        ticket: field(asked.body, 'ticket'),
        action: 'end:no-such-mark',
      },
    )
    expect(none.status).toBe(200)
    expect(marks(none.body)).toHaveLength(2)
    expect(await live(to, one)).toEqual([200])
    expect(field(none.body, 'ticket')).not.toBe(field(asked.body, 'ticket'))
  })

  it('begins nothing for whoever was revoked or disabled while they were asked', async () => {
    const to = await asking()
    await to.signIn('anna')
    await to.signIn('anna')
    const [asked, again] = [await tryToSignIn(to, 'anna'), await tryToSignIn(to, 'anna')]
    const fieldsOf = ({ body }: Answer): Record<string, string> => ({
      ...{ form_token: field(body, 'form_token'), ticket: field(body, 'ticket'), action: 'end-all' },
    })
    await to.sessions.revokeUser(anna)
    const revoked = await post(to, 'take-over', asked.cookies, {}, fieldsOf(asked))
    expect(revoked.status).toBe(400)
    await to.standings.change(anna, { disabled: true })
    const disabled = await post(to, 'take-over', again.cookies, {}, fieldsOf(again))
    expect(disabled.status).toBe(400)
    expect(await to.sessions.listUser(anna)).toEqual([])
  })

  it('is refused by GET, and shows no ticket and no name in any address or log', async () => {
    const to = await asking()
    await to.signIn('anna')
    await to.signIn('anna')
    const asked = await tryToSignIn(to, 'anna')
    expect((await fetchFrom(to.port, '/_holdfast/take-over', { headers: { host: to.host } })).status).toBe(
      405,
    )
    expect(JSON.stringify([to.log, to.events])).not.toContain(field(asked.body, 'ticket').slice(0, 24))
    expect(field(asked.body, 'ticket')).not.toBe('')
  })
})
