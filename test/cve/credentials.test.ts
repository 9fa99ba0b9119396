/** Credentials: one text, one person, made by nobody else and never adopted. */
import { describe, expect, it } from 'vitest'
import { tokenMint } from '../../src/core/token.ts'
import { startHarness } from '../gateway/harness.ts'
import { fetchFrom } from '../gateway/loopback.ts'
import { anna, ben } from '../gateway/people.ts'
import { signInForm } from '../gateway/sign-in-form.ts'
import { watchedStore } from '../gateway/watched-store.ts'
import { byForm, statusOf } from './browser-steps.ts'

const gateway = await startHarness()

describe('sessions and cookies', () => {
  it('CVE-2023-35941: a credential is one text: no cut of its fields yields another that counts', async () => {
    const cookie = await gateway.sessionOf(ben)
    const [name = '', credential = ''] = cookie.split('=')
    const [version = '', kid = '', token = '', mac = ''] = credential.split('.')
    const fields = [version, kid, token, mac]
    const moved: string[] = []
    for (let i = 0; i < 3; i++) {
      const [left = '', right = ''] = fields.slice(i, i + 2)
      moved.push(
        fields
          .with(i, left.slice(0, -1))
          .with(i + 1, left.slice(-1) + right)
          .join('.'),
      )
      moved.push(
        fields
          .with(i, left + right.slice(0, 1))
          .with(i + 1, right.slice(1))
          .join('.'),
      )
    }
    moved.push(
      `a1.${kid}.0.${token}.${mac}`,
      `v1.${kid}.${token}`,
      `v1.${kid}.${token}.${mac}.`,
      `v1..${kid}.${token}.${mac}`,
      `V1.${kid}.${token}.${mac}`,
    )
    for (const one of moved) expect(await statusOf(gateway, `${name}=${one}`), one).toBe(401)
    expect(await statusOf(gateway, cookie)).toBe(200)
  })

  it('CVE-2024-28233: two different cookies of our name count for nothing, in either order and on any route', async () => {
    const [bens, annas] = [await gateway.sessionOf(ben), await gateway.sessionOf(anna)]
    const planted = `${gateway.cookieName}=x`
    for (const cookie of [
      `${bens}; ${annas}`,
      `${annas}; ${bens}`,
      `${planted}; ${bens}`,
      `${bens}; a=1; ${planted}`,
    ]) {
      expect(await statusOf(gateway, cookie)).toBe(401)
      expect(await statusOf(gateway, cookie, '/_holdfast/session')).toBe(401)
    }
    // The same one twice is one.
    expect(await statusOf(gateway, `${bens}; ${bens}`)).toBe(200)
    expect(await statusOf(gateway, bens.replace('holdfast', 'Holdfast'))).toBe(401)
  })

  it('CVE-2024-24814: nothing is counted, and no loop is sized, by what a cookie says', async () => {
    const chunks = Array.from({ length: 400 }, (_, i) => `${gateway.cookieName}_${i}=99999999`)
    const numbers = [`${gateway.cookieName}_chunks=4294967295`, `${gateway.cookieName}=4294967295`]
    const started = performance.now()
    for (const cookie of [chunks.join('; '), numbers.join('; '), `a1.${'9'.repeat(40_000)}`]) {
      expect(await statusOf(gateway, cookie)).toBe(401)
    }
    expect(performance.now() - started).toBeLessThan(2_000)
  })

  it('CVE-2026-33544: two hundred sign-ins at once each end as themselves', async () => {
    const to = await startHarness({ trustProxy: ['127.0.0.1'] })
    const names = await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        const username = i % 2 === 0 ? 'anna' : 'ben'
        // Spread over networks, as people are; one network would be throttled.
        const forwarded = { 'x-forwarded-for': `198.${18 + (i % 2)}.${i}.1` }
        const { token, cookie } = await signInForm(to, '/_holdfast/sign-in', forwarded)
        const identity = i % 2 === 0 ? anna : ben
        const issued =
          i < 20 ? await byForm(to, username, token, cookie, forwarded) : await to.sessionOf(identity)
        const who = await fetchFrom(to.port, '/_holdfast/session', {
          headers: { host: to.host, cookie: issued },
        })
        return [username, (JSON.parse(who.body) as { user: { id: string } }).user.id]
      }),
    )
    expect(names.filter(([wanted, got]) => wanted !== got)).toEqual([])
  })

  it('CVE-2026-19349, CVE-2026-56425: nothing else that is handed out counts as a session, or tells of one', async () => {
    const { token, cookie } = await signInForm(gateway)
    const session = await gateway.signIn('ben')
    const [, credential = ''] = session.split('=')
    const who = await fetchFrom(gateway.port, '/_holdfast/session', {
      headers: { host: gateway.host, cookie: session },
    })
    const { mark } = JSON.parse(who.body) as { mark: string }
    const binding = cookie.split('=')[1] ?? ''
    const begun = await fetchFrom(gateway.port, '/_holdfast/begin', {
      method: 'POST',
      headers: {
        host: gateway.host,
        origin: gateway.origin,
        'content-type': 'text/plain',
        'content-length': '0',
      },
    })
    const anonymous = (begun.setCookie[0] ?? '').split(';')[0]?.split('=')[1] ?? ''
    for (const value of [
      token,
      binding,
      mark,
      anonymous,
      anonymous.replace('a1.', 'v1.'),
      gateway.keyring.kid,
    ]) {
      expect(await statusOf(gateway, `${gateway.cookieName}=${value}`), value).toBe(401)
      expect(credential.includes(value) && value !== gateway.keyring.kid).toBe(false)
    }
    // And what the store keeps of it is no credential either.
    const dump: string[] = []
    for await (const row of gateway.store.store.scan())
      dump.push(row.id, row.sid, row.user ?? '', Buffer.from(row.key).toString('base64url'))
    for (const value of dump.slice(0, 40)) {
      for (const one of [
        value,
        `v1.${gateway.keyring.kid}.${value}`,
        `v1.${gateway.keyring.kid}.${value}.${credential.split('.')[3]}`,
      ]) {
        expect(await statusOf(gateway, `${gateway.cookieName}=${one}`)).toBe(401)
      }
    }
  })

  it("GO-2022-0827: a credential without its MAC, with another's, or under another key is refused without a look at the store", async () => {
    const [name = '', credential = ''] = (await gateway.sessionOf(ben)).split('=')
    const [v = '', kid = '', token = '', mac = ''] = credential.split('.')
    const [, , otherToken = ''] = (await gateway.sessionOf(anna)).split('=')[1]?.split('.') ?? []
    const foreign = await startHarness({ store: watchedStore() })
    const foreignMint = tokenMint(foreign.keyring)
    const forged = [
      `${v}.${kid}.${token}`,
      `${v}.${kid}.${token}.`,
      `${v}.${kid}.${token}.none`,
      `none.${kid}.${token}.${mac}`,
      `${v}.${kid}.${otherToken}.${mac}`,
      `${v}.${kid}.${token}.${'A'.repeat(22)}`,
      `${v}.${kid}.${token}.${mac.slice(0, -1)}`,
      `${v}.${kid}.${token}.${mac}A`,
      `${v}.AAAAAAAA.${token}.${mac}`,
      foreignMint.write(foreignMint.issue('signed-in', Date.now())),
    ]
    gateway.store.calls.clear()
    for (const one of forged) expect(await statusOf(gateway, `${name}=${one}`), one).toBe(401)
    expect([...gateway.store.calls]).toEqual([])
  })

  it('CVE-2024-21495: tokens are 32 bytes nobody can tell from chance', () => {
    const mint = tokenMint(gateway.keyring)
    const secrets = Array.from({ length: 20_000 }, () => mint.issue('signed-in', 0).secret)
    expect(new Set(secrets.map((one) => Buffer.from(one).toString('hex'))).size).toBe(secrets.length)
    expect(secrets.every((one) => one.length === 32)).toBe(true)
    const ones = Array<number>(256).fill(0)
    for (const secret of secrets)
      for (let bit = 0; bit < 256; bit++)
        ones[bit] = (ones[bit] ?? 0) + (((secret[bit >> 3] ?? 0) >> (bit & 7)) & 1)
    // Six standard deviations of a fair coin: chance fails this once in two million runs.
    expect(ones.filter((count) => Math.abs(count - 10_000) > 6 * Math.sqrt(5_000))).toEqual([])
  })

  it('CVE-2024-39315: what a page may ask about itself holds no token, id or key', async () => {
    const cookie = await gateway.signIn('anna')
    const [, credential = ''] = cookie.split('=')
    const answer = await fetchFrom(gateway.port, '/_holdfast/session', {
      headers: { host: gateway.host, cookie },
    })
    const info = JSON.parse(answer.body) as object
    expect(Object.keys(info).sort()).toEqual(['absoluteAt', 'idleAt', 'mark', 'now', 'signedIn', 'user'])
    for (const piece of credential.split('.').filter((one) => one.length > 4))
      expect(answer.body).not.toContain(piece)
    for await (const row of gateway.store.store.scan()) expect(answer.body).not.toContain(row.sid)
  })

  it("security: signing in never adopts what was presented, not even another's valid session", async () => {
    const attacker = await gateway.sessionOf(anna)
    const { token, cookie } = await signInForm(gateway)
    const issued = await byForm(gateway, 'ben', token, `${cookie}; ${attacker}`, {})
    expect(issued).not.toBe(attacker)
    expect(await statusOf(gateway, attacker)).toBe(401)
    expect(await statusOf(gateway, issued)).toBe(200)
  })

  it('security: no field of the Cookie header moves a session from one name to another', async () => {
    const [name = '', credential = ''] = (await gateway.sessionOf(ben)).split('=')
    for (const cookie of [
      `x${name}=${credential}`,
      `${name}x=${credential}`,
      `"${name}"=${credential}`,
      `a=${name}=${credential}`,
      `a=1,${name}=${credential}`,
      `${name}="${credential}"x`,
    ]) {
      expect(await statusOf(gateway, cookie), cookie).toBe(401)
    }
  })
})
