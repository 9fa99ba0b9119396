import { describe, expect, it } from 'vitest'
import { type Harness, startHarness } from './harness.ts'
import { fetchFrom } from './loopback.ts'
import { anna, ben, password } from './people.ts'

interface Shown {
  readonly status: number
  readonly body: string
  readonly setCookie: readonly string[]
  readonly location: string
}

/** The account page of whom this cookie signs in, with what its form needs. */
async function page(
  to: Harness,
  cookie: string,
): Promise<{ shown: Shown; token: string; cookies: string; marks: string[] }> {
  const answer = await fetchFrom(to.port, '/_holdfast/account', { headers: { host: to.host, cookie } })
  const binding = answer.setCookie.find((line) => line.includes('form'))?.split(';', 1)[0] ?? ''
  return {
    shown: { ...answer, location: String(answer.headers.location ?? '') },
    token: /name="form_token" value="([^"]+)"/.exec(answer.body)?.[1] ?? '',
    cookies: `${cookie}; ${binding}`,
    marks: [...answer.body.matchAll(/value="end:([^"]+)"/g)].map(([, mark = '']) => mark),
  }
}

async function post(
  to: Harness,
  cookies: string,
  fields: Record<string, string>,
  more: Record<string, string> = {},
): Promise<Shown> {
  const answer = await fetchFrom(to.port, '/_holdfast/account', {
    method: 'POST',
    headers: {
      ...{ host: to.host, origin: to.origin, cookie: cookies },
      ...{ 'content-type': 'application/x-www-form-urlencoded', ...more },
    },
    body: new URLSearchParams(fields).toString(),
  })
  return { ...answer, location: String(answer.headers.location ?? '') }
}

async function status(to: Harness, cookie: string): Promise<number> {
  return (await fetchFrom(to.port, '/x', { headers: { host: to.host, cookie } })).status
}

describe('the account page', () => {
  it('V7.5.2: shows where one is signed in, this browser first, and ends the one that is chosen', async () => {
    const to = await startHarness()
    const [mine, other, third] = [await to.signIn('anna'), await to.signIn('anna'), await to.signIn('anna')]
    const { shown, token, cookies, marks } = await page(to, mine)
    expect(shown.status).toBe(200)
    expect(marks).toHaveLength(2)
    const done = await post(to, cookies, { form_token: token, password, action: `end:${marks[0]}` })
    expect(done.body).toContain('That browser is signed out.')
    expect([await status(to, other), await status(to, third)].sort()).toEqual([200, 401])
    expect(await status(to, mine)).toBe(200)
  })

  it('writes down what was changed, by whom and from where, and nothing that is secret', async () => {
    const to = await startHarness()
    const [mine] = [await to.signIn('anna'), await to.signIn('anna')]
    const { token, cookies } = await page(to, mine)
    const form = { form_token: token, password }
    await post(to, cookies, { ...form, action: 'end-others' })
    await post(to, cookies, { ...form, action: 'password', new_password: 'short' })
    await post(to, cookies, { ...form, action: 'password', new_password: 'another long kelp forest' })
    const { entries } = await to.audit.read(10)
    const account = { authenticator: 'users-file', userId: 'anna' }
    const common = { kind: 'account', by: account, to: account, from: '127.0.0.1' }
    expect(entries).toMatchObject([
      { ...common, action: 'password', outcome: 'done' },
      { ...common, action: 'password', outcome: 'refused' },
      { ...common, action: 'sessions-end', outcome: 'done' },
    ])
    expect(JSON.stringify([entries, to.log])).not.toMatch(/kelp/)
  })

  it('signs out everywhere else, and nobody else', async () => {
    const to = await startHarness()
    const [mine, other, bens] = [await to.signIn('anna'), await to.signIn('anna'), await to.signIn('ben')]
    const { token, cookies } = await page(to, mine)
    const done = await post(to, cookies, { form_token: token, password, action: 'end-others' })
    expect(done.body).toContain('All other browsers are signed out.')
    expect([await status(to, mine), await status(to, other), await status(to, bens)]).toEqual([200, 401, 200])
  })

  it('V7.4.3: changes the password, which ends every session; the old one signs in no more', async () => {
    const to = await startHarness()
    const [mine, other] = [await to.signIn('anna'), await to.signIn('anna')]
    const { token, cookies } = await page(to, mine)
    const fresh = 'kelp grows a foot a day'
    const done = await post(to, cookies, {
      form_token: token,
      password,
      action: 'password',
      new_password: fresh,
    })
    expect(done.location).toContain('/_holdfast/sign-in')
    expect(done.setCookie.join()).toContain('Max-Age=0')
    expect([await status(to, mine), await status(to, other)]).toEqual([401, 401])
    await expect(to.signIn('anna')).rejects.toThrow('401')
    expect(await status(to, await to.signIn('anna', fresh))).toBe(200)
  })

  it('says why a new password is not taken, and changes nothing', async () => {
    const to = await startHarness()
    const mine = await to.signIn('anna')
    const { token, cookies } = await page(to, mine)
    const done = await post(to, cookies, {
      form_token: token,
      password,
      action: 'password',
      new_password: 'password',
    })
    expect(done.status).toBe(422)
    expect(done.body).toContain('among the first that are tried')
    expect(await status(to, mine)).toBe(200)
  })

  it('leads to sign-in who is not signed in, and back', async () => {
    const to = await startHarness()
    const { shown } = await page(to, '')
    expect(shown.location).toBe('/_holdfast/sign-in?return_to=%2F_holdfast%2Faccount')
  })
})

describe('security: the account page', () => {
  it('V7.5.1: changes nothing without the password, and counts each try against guessing', async () => {
    const to = await startHarness()
    const [mine, other] = [await to.signIn('anna'), await to.signIn('anna')]
    const { token, cookies, marks } = await page(to, mine)
    for (const wrong of ['', 'guess']) {
      const refused = await post(to, cookies, {
        form_token: token,
        password: wrong,
        action: `end:${marks[0]}`,
      })
      expect(refused.status).toBe(401)
      expect(refused.body).toContain('That is not your password.')
    }
    let last = 0
    for (let guess = 0; guess < 20 && last !== 429; guess++)
      last = (await post(to, cookies, { form_token: token, password: `no ${guess}`, action: 'end-others' }))
        .status
    expect(last).toBe(429)
    expect([await status(to, mine), await status(to, other)]).toEqual([200, 200])
  }, 60_000)

  it('takes no form of the app’s scripts: not without its token, nor with that of another form or browser', async () => {
    const to = await startHarness()
    const [mine, other] = [await to.signIn('anna'), await to.signIn('anna')]
    const { token, cookies } = await page(to, mine)
    const elsewhere = await page(to, other)
    const fields = { password, action: 'end-others' }
    const same = { 'sec-fetch-site': 'same-origin' }
    expect((await post(to, cookies, fields, same)).status).toBe(400)
    expect((await post(to, cookies, { ...fields, form_token: elsewhere.token }, same)).status).toBe(400)
    expect(
      (await post(to, cookies, { ...fields, form_token: token }, { origin: 'https://evil.example' })).status,
    ).toBe(403)
    expect(await status(to, other)).toBe(200)
  })

  it('ends no session of anybody else, by whatever name', async () => {
    const to = await startHarness()
    const [mine, bens, bensOther] = [await to.signIn('anna'), await to.signIn('ben'), await to.signIn('ben')]
    const { marks } = await page(to, bens)
    const { token, cookies } = await page(to, mine)
    for (const mark of [...marks, '', 'x'])
      await post(to, cookies, { form_token: token, password, action: `end:${mark}` })
    expect([await status(to, bens), await status(to, bensOther)]).toEqual([200, 200])
    expect([anna.userId, ben.userId]).toEqual(['anna', 'ben'])
  })

  it('shows no credential and no id of the store', async () => {
    const to = await startHarness()
    const mine = await to.signIn('anna')
    await to.signIn('anna')
    const { shown } = await page(to, mine)
    for await (const { sid, id } of to.sessions.listAll()) {
      expect(shown.body).not.toContain(sid)
      expect(shown.body).not.toContain(id)
    }
    expect(shown.body).not.toContain('v1.')
  })

  it('says that it cannot be confirmed where the store is away, and not that it was done', async () => {
    const to = await startHarness()
    const [mine, other] = [await to.signIn('anna'), await to.signIn('anna')]
    const { token, cookies } = await page(to, mine)
    to.store.before = async (method) => {
      if (method !== 'end') return
      to.store.before = null
      const { StoreError } = await import('../../src/core/errors.ts')
      throw new StoreError('ERR_STORE_TIMEOUT', 'The store does not answer.')
    }
    const answer = await post(to, cookies, { form_token: token, password, action: 'end-others' })
    expect(answer.status).toBe(503)
    expect(answer.body).toContain('could not confirm')
    expect(await status(to, other)).toBe(200)
  })
})
