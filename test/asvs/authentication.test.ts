/** OWASP ASVS 5.0, chapter V6 (authentication) as a whole: what no single way in has in a file of its own. */
import { readdir, readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { startAdminStage, userPath } from '../gateway/admin-harness.ts'
import { type Harness, startHarness } from '../gateway/harness.ts'
import { type Answer, fetchFrom } from '../gateway/loopback.ts'
import { anna, password } from '../gateway/people.ts'
import { signInForm } from '../gateway/sign-in-form.ts'

async function attempt(
  to: Harness,
  username: string,
  secret: string,
  from: Record<string, string> = {},
): Promise<Answer> {
  const { token, cookie } = await signInForm(to)
  return fetchFrom(to.port, '/_holdfast/sign-in', {
    method: 'POST',
    headers: {
      ...{ host: to.host, origin: to.origin, cookie, ...from },
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({ username, password: secret, form_token: token, return_to: '' }).toString(),
  })
}

/** An answer without what is random in it. */
function plain({ status, body, headers }: Answer): unknown {
  const still = body.replace(/(nonce|value)="[^"]*"/g, '$1')
  return { status, still, type: headers['content-type'], length: still.length }
}

describe('ASVS V6.1 and V6.3, the ways in', () => {
  it('V6.1.3, V6.3.4: every way in comes to a session in one place, where the same is asked of all', async () => {
    const folder = new URL('../../src/gateway/', import.meta.url)
    const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.ts'))
    const callers: string[] = []
    for (const name of names) {
      const text = await readFile(new URL(name, folder), 'utf8')
      if (/\.signIn(?:Within)?\(/.test(text)) callers.push(name)
    }
    // The second is that of the admin page, which hands on to the first's and writes down that it did.
    expect(callers.sort()).toEqual(['admin/admin-start.ts', 'routes/session-start.ts'])
  })

  it('V6.1.1: guessing slows the guesser down, and locks out nobody who guesses nothing', async () => {
    const to = await startHarness({ trustProxy: ['127.0.0.1/32'] })
    const statuses: number[] = []
    for (let i = 0; i < 40 && !statuses.includes(429); i++)
      statuses.push((await attempt(to, 'anna', `guess ${i}`, { 'x-forwarded-for': '203.0.113.9' })).status)
    expect(statuses.at(-1)).toBe(429)
    expect((await attempt(to, 'anna', password, { 'x-forwarded-for': '198.51.100.7' })).status).toBe(303)
  }, 120_000)

  it('V6.3.2: nobody can sign in who was not put there: there are no accounts to begin with', async () => {
    const to = await startHarness()
    for (const [name, secret] of [
      ['admin', 'admin'],
      ['root', 'root'],
      ['holdfast', 'holdfast'],
      ['admin', ''],
    ] as const)
      expect((await attempt(to, name, secret)).status).not.toBe(303)
    expect(to.users.list().map(({ userId }) => userId)).toEqual(['anna', 'ben'])
  })

  it('V6.3.8: an unknown name, a wrong password and a disabled account get the same answer, byte for byte', async () => {
    const to = await startHarness()
    const wrong = await attempt(to, 'anna', 'not it at all')
    const unknown = await attempt(to, 'ghost', 'not it at all')
    await to.standings.change(anna, { disabled: true })
    const kept = await attempt(to, 'anna', password)
    expect(plain(unknown)).toEqual(plain(wrong))
    expect(plain(kept)).toEqual(plain(wrong))
  })
})

describe('ASVS V6.2, passwords', () => {
  it('V6.2.5, V6.2.9: of any characters, up to 64 and more, are taken', async () => {
    const to = await startHarness()
    const any = fc
      .string({ unit: 'binary', minLength: 20, maxLength: 64 })
      .filter((text) => /^[^\p{C}]*$/u.test(text))
    const secrets = [
      ...fc.sample(any, 10),
      'ひとりでうみをわたるこんぶのうた',
      'a'.repeat(30) + 'kelp 🌊 '.repeat(10),
    ]
    for (const secret of secrets) {
      const outcome = await to.users.setPassword('ben', secret)
      // Only what is guessed first is refused, never for what it is composed of.
      if (!outcome.done) expect(outcome.message).not.toMatch(/upper|lower|digit|symbol|special/i)
    }
  })

  it('V6.2.8: are checked to the last character, as they are', async () => {
    const to = await startHarness()
    const long = `${'kelp forest '.repeat(7)}end`
    expect(await to.users.setPassword('ben', long)).toEqual({ done: true })
    for (const near of [long.slice(0, 72), long.slice(0, -1), `${long} `, long.toUpperCase(), ` ${long}`])
      expect((await attempt(to, 'ben', near)).status).toBe(401)
    expect((await attempt(to, 'ben', long)).status).toBe(303)
  })

  it('V6.2.6, V6.2.7: are typed unseen, pasted and filled in by a manager', async () => {
    const to = await startHarness()
    const page = await fetchFrom(to.port, '/_holdfast/sign-in', { headers: { host: to.host } })
    const [field = ''] = /<input type="password"[^>]*>/.exec(page.body) ?? []
    expect(field).toContain('autocomplete="current-password"')
    expect(page.body).not.toMatch(/onpaste|autocomplete="off"|<script/)
  })

  it('V6.2.10: are never old: there is nothing that would say so', async () => {
    const at = Date.now() + 5 * 366 * 86_400_000
    const to = await startHarness({ now: () => at })
    expect((await attempt(to, 'anna', password)).status).toBe(303)
  })

  it('V6.4.6: are chosen by nobody else: an admin cannot set one on the admin page', async () => {
    const stage = await startAdminStage()
    const browser = await stage.signIn('anna')
    const page = await browser.get(userPath('ben'))
    expect(page.body).not.toContain('new-password')
    expect(
      (await browser.post(userPath('ben'), { action: 'password', new_password: 'x'.repeat(20) })).status,
    ).toBe(400)
    expect((await attempt(stage.to, 'ben', password)).status).toBe(303)
  })
})

describe('ASVS V6.8, people of identity providers', () => {
  it('V6.8.1: the same name at two providers is two people: what is done to one is not done to the other', async () => {
    const to = await startHarness()
    const [one, two] = ['oidc:https://a.example/', 'oidc:https://b.example/'].map((authenticator) => ({
      ...{ userId: 'anna', authenticator, claims: { email: 'anna@example.org' } },
    }))
    if (one === undefined || two === undefined) throw new Error('There are two.')
    const cookies = [await to.sessionOf(one), await to.sessionOf(two), await to.signIn('anna')]
    await to.standings.change(one, { disabled: true })
    await to.sessions.revokeUser(one)
    const answers = await Promise.all(
      cookies.map((cookie) => fetchFrom(to.port, '/x', { headers: { host: to.host, cookie } })),
    )
    expect(answers.map(({ status }) => status)).toEqual([401, 200, 200])
    expect((await to.standings.of(two)).disabled).toBe(false)
  })
})
