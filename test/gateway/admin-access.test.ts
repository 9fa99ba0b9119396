/** Who reaches the admin page: only admins, only at its own listener, only with its own cookie. */
import { describe, expect, it } from 'vitest'
import { StoreError } from '../../src/core/errors.ts'
import { signInTo, startAdminStage, statusAtApp, userPath, withAdmin } from './admin-harness.ts'
import { startHarness } from './harness.ts'
import { fetchFrom } from './loopback.ts'
import { anna, ben, password } from './people.ts'
import { rawExchange } from './raw-client.ts'
import { withApp } from './second-factor.ts'
import { Visitor } from './visitor.ts'

describe('who reaches the admin page', () => {
  it('is nobody where the app is: every path of it is the app’s there, or nothing', async () => {
    const stage = await startAdminStage()
    const { to } = stage
    const cookie = await to.signIn('anna')
    for (const path of ['/user?way=users-file&name=ben', '/sessions', '/audit'])
      expect((await fetchFrom(to.port, path, { headers: { host: to.host, cookie } })).body).not.toContain(
        'Audit log',
      )
    expect(
      (await fetchFrom(to.port, '/_holdfast/admin', { headers: { host: to.host, cookie } })).status,
    ).toBe(404)
    // Whoever names the listener to the app's is not at the listener.
    expect((await fetchFrom(to.port, '/', { headers: { host: stage.host, cookie } })).status).toBe(421)
  })

  it('is sent to sign in, and then sees everybody', async () => {
    const stage = await startAdminStage()
    const headers = { host: stage.host, accept: 'text/html' }
    const asked = await fetchFrom(stage.port, '/audit', { headers })
    expect([asked.status, asked.headers.location]).toEqual([303, '/_holdfast/sign-in?return_to=%2Faudit'])
    const page = await (await stage.signIn('anna')).get('/')
    expect(page.status).toBe(200)
    expect(page.body).toContain('href="/user?way=users-file&amp;name=ben"')
    expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'")
    expect(page.headers['content-security-policy']).not.toContain('script-src')
    expect(page.body).not.toContain('<script')
  })

  it('is nobody without one of the roles, signed in or not', async () => {
    const stage = await startAdminStage()
    const bens = await stage.signIn('ben')
    for (const path of ['/', userPath('anna'), '/sessions', '/audit', '/nothing'])
      expect((await bens.get(path)).status).toBe(403)
    expect((await bens.post(userPath('ben'), { action: 'roles', roles: 'admin' })).status).toBe(403)
    expect(stage.to.users.identity('ben')?.claims.roles).toEqual([])
    expect(stage.to.log.map(({ event }) => event)).toContain('admin_refused')
    const keepers = await withAdmin(stage.to, {}, { roles: ['keeper', 'diver'] })
    expect((await (await keepers.signIn('anna')).get('/')).status).toBe(200)
  })

  it('is nobody with a token of the app: neither’s opens the other', async () => {
    const stage = await startAdminStage()
    const { to } = stage
    const [here, there] = [(await stage.signIn('anna')).cookie, await to.signIn('anna')]
    const tokenOf = (cookie: string): string => cookie.slice(cookie.indexOf('=') + 1)
    const nameOf = (cookie: string): string => cookie.slice(0, cookie.indexOf('='))
    const asked = (cookie: string) => fetchFrom(stage.port, '/', { headers: { host: stage.host, cookie } })
    expect(nameOf(here)).not.toBe(nameOf(there))
    expect((await asked(here)).status).toBe(200)
    expect((await asked(there)).status).toBe(401)
    expect((await asked(`${nameOf(here)}=${tokenOf(there)}`)).status).toBe(401)
    expect(await statusAtApp(to, `${nameOf(there)}=${tokenOf(here)}`)).toBe(401)
  })

  it('is nobody whose account is disabled, or whose roles were taken away meanwhile', async () => {
    const stage = await startAdminStage()
    const annas = await stage.signIn('anna')
    await stage.to.standings.change(ben, { disabled: true })
    expect((await signInTo(stage, 'ben')).status).toBe(401)
    await stage.to.users.setRoles('anna', ['diver'])
    await expect.poll(async () => (await annas.get('/')).status).toBe(401)
    expect((await (await stage.signIn('anna')).get('/')).status).toBe(403)
  })

  it('is nobody who names another host, writes the request in two ways, or wants an upgrade', async () => {
    const { port, to } = await startAdminStage()
    const ask = async (text: string): Promise<string> => (await rawExchange(port, text)).text
    const get = (host: string): string => `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`
    expect(await ask(get('evil.example'))).toMatch(/^HTTP\/1\.1 421 /)
    expect(await ask(get(`evil.example:${port}`))).toMatch(/^HTTP\/1\.1 421 /)
    expect(await ask(get(to.host))).toMatch(/^HTTP\/1\.1 421 /)
    expect(await ask(`GET / HTTP/1.1\r\nHost: a\r\nHost: 127.0.0.1:${port}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 400 /,
    )
    expect(await ask(`GET //x HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 400 /,
    )
    const upgrade =
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n'
    expect(await ask(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${upgrade}\r\n`)).toBe('')
  })

  it('is in the audit log when they come; who may do nothing here cannot fill it', async () => {
    const stage = await startAdminStage()
    await stage.signIn('anna')
    await stage.signIn('ben')
    const { entries } = await stage.to.audit.read(10)
    expect(entries).toMatchObject([
      { kind: 'admin', action: 'sign-in', by: { userId: 'anna' }, from: '127.0.0.1' },
    ])
    stage.to.store.before = async (method) => {
      if (method === 'writeState') throw new StoreError('ERR_STORE_UNAVAILABLE', 'away')
    }
    const refused = await signInTo(stage, 'anna')
    stage.to.store.before = null
    expect(refused.status).toBe(503)
    expect(await stage.to.adminSessions.listUser(anna)).toHaveLength(1)
  })

  it('must show a second factor there too, where one is required', async () => {
    const stage = await startAdminStage()
    await stage.to.standings.change(anna, { factorRequired: true })
    const answer = await signInTo(stage, 'anna')
    expect([answer.status, answer.headers.location]).toEqual([303, '/_holdfast/factor'])
    const cookie = answer.setCookie.map((line) => line.split(';', 1)[0]).join('; ')
    expect(cookie).not.toMatch(new RegExp(`holdfast-[.]admin-${stage.port}=[^;]`))
    const asked = await fetchFrom(stage.port, '/_holdfast/factor', { headers: { host: stage.host, cookie } })
    expect(asked.status).toBe(200)
    expect((await fetchFrom(stage.port, '/', { headers: { host: stage.host, cookie } })).status).toBe(401)
    expect(await stage.to.adminSessions.listUser(anna)).toEqual([])
  })

  it('V7.5.3: shows the second factor a moment ago, and the password each time, who has one', async () => {
    const { to, at, next } = await withApp()
    const { port, host, origin } = await withAdmin(to)
    const admin = new Visitor({ ...to, port, host, origin })
    expect((await admin.enter('anna', password, userPath('ben'))).location).toBe('/_holdfast/factor')
    await admin.get('/_holdfast/factor')
    const done = await admin.post('/_holdfast/factor', { action: 'code', code: next() })
    expect([done.status, done.location]).toEqual([303, userPath('ben')])
    const roles = async (fields: Record<string, string>) => {
      await admin.get(userPath('ben'))
      return admin.post(userPath('ben'), { action: 'roles', ...fields })
    }
    expect((await roles({ roles: 'keeper', password: '' })).status).toBe(401)
    expect((await roles({ roles: 'keeper', password })).status).toBe(200)
    // The session of an admin lasts; what they have shown does not.
    at.now += 5 * 60_000
    const late = await roles({ roles: 'diver', password })
    expect([late.status, late.body.includes('show first that it is you')]).toEqual([401, true])
    expect(to.users.identity('ben')?.claims.roles).toEqual(['keeper'])
    const href = /href="([^"]*step-up[^"]*)"/.exec(late.body)?.[1] ?? ''
    expect((await admin.get(href)).status).toBe(200)
    const wrong = await admin.post('/_holdfast/step-up', { action: 'code', code: '000000' })
    expect(wrong.status).toBe(401)
    const back = await admin.post('/_holdfast/step-up', { action: 'code', code: next() })
    expect([back.status, back.location]).toEqual([303, userPath('ben')])
    expect((await roles({ roles: 'diver', password })).status).toBe(200)
    expect(to.users.identity('ben')?.claims.roles).toEqual(['diver'])
  })

  it('V7.5.3: what was shown at the app is not shown here, and the other way round', async () => {
    const { to, at, owner, next } = await withApp()
    const { port, host, origin } = await withAdmin(to)
    const admin = new Visitor({ ...to, port, host, origin })
    await admin.enter('anna', password, userPath('ben'))
    await admin.get('/_holdfast/factor')
    await admin.post('/_holdfast/factor', { action: 'code', code: next() })
    at.now += 6 * 60_000
    await owner.get('/_holdfast/step-up?return_to=%2Fx')
    expect((await owner.post('/_holdfast/step-up', { action: 'code', code: next() })).status).toBe(303)
    await admin.get(userPath('ben'))
    expect((await admin.post(userPath('ben'), { action: 'disable', password })).status).toBe(401)
    expect((await to.standings.of(ben)).disabled).toBe(false)
  })

  it('becomes nobody there: no registering, no forgotten password, no guests, whatever the app offers', async () => {
    const stage = await startAdminStage({ selfService: { guest: { roles: ['admin'] } } })
    const { to, port, host } = stage
    const own = await fetchFrom(to.port, '/_holdfast/sign-in', { headers: { host: to.host } })
    expect(own.body).toContain('/_holdfast/guest')
    const page = await fetchFrom(port, '/_holdfast/sign-in', { headers: { host } })
    expect(page.body).not.toContain('/_holdfast/guest')
    for (const name of [
      'guest',
      'register',
      'forgot-password',
      'forgot-username',
      'reset-password',
      'take-over',
    ])
      expect((await fetchFrom(port, `/_holdfast/${name}`, { headers: { host } })).status, name).toBe(404)
  })

  it('finds none of the app’s own paths there', async () => {
    const stage = await startAdminStage()
    const annas = await stage.signIn('anna')
    for (const name of ['account', 'session', 'client.js', 'begin', 'oidc/x/backchannel', 'events'])
      expect((await annas.get(`/_holdfast/${name}`)).status, name).toBe(404)
  })

  it('is told nothing while the store is away, and keeps their cookie', async () => {
    const stage = await startAdminStage()
    const annas = await stage.signIn('anna')
    stage.to.store.away = true
    for (const path of ['/', userPath('ben'), '/sessions', '/audit']) {
      const answer = await annas.get(path)
      expect([answer.status, answer.setCookie]).toEqual([503, []])
    }
    stage.to.store.away = false
    expect((await annas.get('/')).status).toBe(200)
  })
})

describe('the admin page beside an app at a public address', () => {
  it('has a cookie of its own there, kept from plain http and from the app', async () => {
    const to = await startHarness({ publicUrl: 'https://kelp.example.org/app' })
    const stage = await withAdmin(to, {}, { publicUrl: 'https://kelp.example.org:9443/app' })
    const answer = await signInTo(stage, 'anna')
    const line = answer.setCookie.find((one) => one.startsWith('__Host-Http-holdfast-app.admin=')) ?? ''
    expect(line).toMatch(/; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
    const [cookie = ''] = line.split(';')
    const app = await to.signIn('anna')
    await fetchFrom(to.port, '/app/x', { headers: { host: to.host, cookie: `${app}; ${cookie}` } })
    expect(to.upstream.requests.at(-1)?.values('cookie')).toEqual([])
  })
})
