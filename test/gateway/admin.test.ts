import { describe, expect, it } from 'vitest'
import { StoreError } from '../../src/core/errors.ts'
import { type AdminStage, signInTo, startAdminStage, userPath, withAdmin } from './admin-harness.ts'
import { anna, ben, fetchFrom, type Harness, password, startHarness } from './harness.ts'
import { rawExchange } from './raw-client.ts'
import { withApp } from './second-factor.ts'
import { openSocket, serverFrames } from './socket-client.ts'
import { Visitor } from './visitor.ts'

async function status(to: Harness, cookie: string): Promise<number> {
  return (await fetchFrom(to.port, '/x', { headers: { host: to.host, cookie } })).status
}

function marks(body: string): string[] {
  return [...body.matchAll(/value="end:([^"]+)"/g)].map(([, mark = '']) => mark)
}

/** What the audit log says, without its times, and without who came. */
async function audited({ to }: AdminStage): Promise<string[]> {
  const entries = (await to.audit.read(50)).entries.filter(({ action }) => action !== 'sign-in')
  return entries.map(({ kind, action, by, to: whom, outcome }) =>
    [kind, by.userId, action, whom.userId, outcome].join(' '),
  )
}

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
    expect(await status(to, `${nameOf(there)}=${tokenOf(here)}`)).toBe(401)
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

describe('a change on the admin page', () => {
  it('V7.4.2: disabling somebody ends their sessions and sockets at once, and keeps them out until it is undone', async () => {
    const stage = await startAdminStage()
    const { to } = stage
    const bens = await to.signIn('ben')
    const talk = await openSocket(to, { cookie: bens })
    const annas = await stage.signIn('anna')
    const done = await annas.post(userPath('ben'), { action: 'disable' })
    expect(done.status).toBe(200)
    expect(done.body).toContain('Done. It holds everywhere now.')
    expect(await status(to, bens)).toBe(401)
    await talk.closed
    expect(serverFrames(talk.frames())[0]?.payload.readUInt16BE(0)).toBe(4401)
    await expect(to.signIn('ben')).rejects.toThrow('401')
    expect((await annas.post(userPath('ben'), { action: 'enable' })).status).toBe(200)
    expect(await status(to, await to.signIn('ben'))).toBe(200)
    expect(await audited(stage)).toEqual(['admin anna enable ben done', 'admin anna disable ben done'])
  })

  it('V7.4.5: ends the one session that is chosen, or all of somebody', async () => {
    const stage = await startAdminStage()
    const { to } = stage
    const cookies = [await to.signIn('ben'), await to.signIn('ben'), await to.signIn('ben')]
    const [annas, hers] = [await stage.signIn('anna'), await to.signIn('anna')]
    const [first = ''] = marks((await annas.get(userPath('ben'))).body)
    expect((await annas.post(userPath('ben'), { action: `end:${first}` })).status).toBe(200)
    const left = await Promise.all(cookies.map((cookie) => status(to, cookie)))
    expect(left.sort()).toEqual([200, 200, 401])
    // A session of somebody else is none of this account's.
    const [other = ''] = marks((await annas.get(userPath('anna'))).body)
    expect((await annas.post(userPath('ben'), { action: `end:${other}` })).status).toBe(404)
    expect((await annas.post(userPath('ben'), { action: 'end-all' })).status).toBe(200)
    for (const cookie of cookies) expect(await status(to, cookie)).toBe(401)
    expect(await status(to, hers)).toBe(200)
    expect((await audited(stage)).reverse()).toEqual([
      'admin anna session-end ben done',
      'admin anna sessions-end ben done',
    ])
  })

  it('B14: other roles end the sessions that had the old ones; the next has the new', async () => {
    const stage = await startAdminStage()
    const { to } = stage
    const before = await to.signIn('ben')
    const annas = await stage.signIn('anna')
    expect(
      (await annas.post(userPath('ben'), { action: 'roles', roles: ' keeper, diver ,keeper' })).status,
    ).toBe(200)
    expect(await status(to, before)).toBe(401)
    const after = await to.signIn('ben')
    expect(after).not.toBe(before)
    expect(await status(to, after)).toBe(200)
    expect(to.upstream.requests.at(-1)?.values('x-forwarded-groups')).toEqual(['keeper,diver'])
    const { entries } = await to.audit.read(1)
    expect(entries[0]?.detail).toBe('keeper, diver')
  })

  it('requires a factor, which ends what was begun without it, and stops requiring it', async () => {
    const stage = await startAdminStage()
    const { to } = stage
    const bens = await to.signIn('ben')
    const annas = await stage.signIn('anna')
    await annas.post(userPath('ben'), { action: 'factor-require' })
    expect((await to.standings.of(ben)).factorRequired).toBe(true)
    expect(await status(to, bens)).toBe(401)
    await annas.post(userPath('ben'), { action: 'factor-waive' })
    expect((await to.standings.of(ben)).factorRequired).toBe(false)
  })

  it('forgets the factors of somebody who lost them, which ends what they were let in by', async () => {
    const stage = await startAdminStage()
    const { to } = stage
    const bens = await to.signIn('ben')
    const totp = { secret: 'JBSWY3DPEHPK3PXP', lastStep: 0, since: 0 }
    await to.parts.factors.change(ben, (record) => ({ ...record, totp }))
    await expect(to.signIn('ben')).rejects.toThrow('303')
    const annas = await stage.signIn('anna')
    await annas.post(userPath('ben'), { action: 'factors-reset' })
    expect(await to.parts.factors.asks(ben)).toBeNull()
    expect(await status(to, bens)).toBe(401)
    expect(await status(to, await to.signIn('ben'))).toBe(200)
    expect(await audited(stage)).toEqual(['admin anna factors-reset ben done'])
  })

  it('leaves nobody’s factors to whoever has the name after them', async () => {
    const stage = await startAdminStage()
    const { to } = stage
    const totp = { secret: 'JBSWY3DPEHPK3PXP', lastStep: 0, since: 0 }
    await to.parts.factors.change(ben, (record) => ({ ...record, totp }))
    const annas = await stage.signIn('anna')
    await annas.post(userPath('ben'), { action: 'remove' })
    expect(await to.parts.factors.asks(ben)).toBeNull()
  })

  it('V7.4.2: removing somebody from the users file ends their sessions, and they are nobody from then on', async () => {
    const stage = await startAdminStage()
    const { to } = stage
    const bens = await to.signIn('ben')
    const annas = await stage.signIn('anna')
    const done = await annas.post(userPath('ben'), { action: 'remove' })
    expect(done.status).toBe(200)
    expect(await status(to, bens)).toBe(401)
    expect(to.users.list().map(({ userId }) => userId)).toEqual(['anna'])
    expect((await annas.post(userPath('ben'), { action: 'remove' })).status).toBe(404)
    await expect(to.signIn('ben')).rejects.toThrow('401')
    expect(await audited(stage)).toEqual(['admin anna remove ben refused', 'admin anna remove ben done'])
  })

  it('ends the sessions that somebody has at the admin page, too', async () => {
    const stage = await startAdminStage()
    await stage.to.users.setRoles('ben', ['admin'])
    const [annas, bens] = [await stage.signIn('anna'), await stage.signIn('ben')]
    expect((await bens.get('/')).status).toBe(200)
    const page = await annas.get(userPath('ben'))
    expect(page.body).toContain('Admin page')
    await annas.post(userPath('ben'), { action: 'end-all' })
    expect((await bens.get('/')).status).toBe(401)
  })

  it('needs the admin’s own password, typed for this change', async () => {
    const stage = await startAdminStage()
    const { to } = stage
    const bens = await to.signIn('ben')
    const annas = await stage.signIn('anna')
    for (const wrong of ['', 'not it', 'kelp holds on to sand']) {
      const refused = await annas.post(userPath('ben'), { action: 'disable', password: wrong })
      expect([refused.status, refused.body.includes('Nothing was changed')]).toEqual([401, true])
    }
    expect(await status(to, bens)).toBe(200)
    expect((await to.standings.of(ben)).disabled).toBe(false)
  })

  it('needs a person of a provider to have been there in the last five minutes, and shows the way', async () => {
    let at = Date.now()
    const issuer = new URL('http://127.0.0.1:9/')
    const client = { clientId: 'kelp', clientSecret: null, scopes: ['openid'], rolesClaim: 'roles' }
    const oidc = [
      { name: 'kelp', label: 'Kelp ID', issuer, verifyEvery: 600_000, secondFactor: null, ...client },
    ]
    const stage = await startAdminStage({ oidc, now: () => at })
    const { adminSessions } = stage.to
    const identity = { userId: 'eve', authenticator: `oidc:${issuer.href}`, claims: { roles: ['admin'] } }
    const issued = await adminSessions.signIn({
      ...{ identity, remember: false, device: { userAgent: '', address: '' }, replaces: null },
      begun: await adminSessions.begin(),
    })
    const eve = stage.browser(`holdfast-.admin-${stage.port}=${issued?.credential}`)
    expect((await eve.post(userPath('ben'), { action: 'factor-require' })).status).toBe(200)
    at += 5 * 60_000
    const page = await eve.get(userPath('ben'))
    expect(page.body).toContain('/_holdfast/oidc/kelp?fresh=1&amp;return_to=%2Fuser%3Fway')
    expect(page.body).not.toContain('value="disable"')
    const stale = await eve.post(userPath('ben'), { action: 'disable' })
    expect([stale.status, stale.body.includes('Please show first that it is you.')]).toEqual([401, true])
    expect(await audited(stage)).toEqual(['admin eve factor-require ben done'])
  })

  it('is taken from a form of this very browser only, sent from this very page', async () => {
    const stage = await startAdminStage()
    const { to } = stage
    const annas = await stage.signIn('anna')
    const disable = (more: Record<string, string>, fields: Record<string, string> = {}) =>
      annas.post(userPath('ben'), { action: 'disable', ...fields }, more)
    for (const origin of [to.origin, 'https://evil.example', 'null'])
      expect((await disable({ origin })).status, origin).toBe(403)
    // The app is on the same site, and no more ours for that.
    for (const site of ['same-site', 'cross-site', 'none'])
      expect((await disable({ 'sec-fetch-site': site })).status, site).toBe(403)
    expect((await disable({ 'content-type': 'text/plain' })).status).toBe(415)
    expect((await disable({}, { form_token: 'forged' })).status).toBe(400)
    // A token of the app's own pages, with the cookie that it is bound to.
    const binding = 'AAAAAAAAAAAAAAAAAAAAAA'
    const theirs = to.parts.formTokens.issue('account', binding)
    expect((await disable({}, { form_token: theirs })).status).toBe(400)
    expect((await to.standings.of(ben)).disabled).toBe(false)
    expect(await audited(stage)).toEqual([])
  })

  it('locks nobody out of their own account', async () => {
    const stage = await startAdminStage()
    const annas = await stage.signIn('anna')
    for (const fields of [{ action: 'disable' }, { action: 'remove' }, { action: 'roles', roles: 'diver' }]) {
      const refused = await annas.post(userPath('anna'), fields)
      expect([refused.status, refused.body.includes('You would lock yourself out')]).toEqual([409, true])
    }
    expect((await annas.get('/')).status).toBe(200)
  })

  it('is not acknowledged where the store cannot confirm it, and not begun where it cannot be written down', async () => {
    const stage = await startAdminStage()
    const { to } = stage
    const annas = await stage.signIn('anna')
    to.store.before = async (method) => {
      if (method.startsWith('revoke')) throw new StoreError('ERR_STORE_UNAVAILABLE', 'away')
    }
    const unconfirmed = await annas.post(userPath('ben'), { action: 'disable' })
    expect([unconfirmed.status, unconfirmed.body.includes('Done.')]).toEqual([503, false])
    to.store.before = async (method) => {
      if (method === 'writeState') throw new StoreError('ERR_STORE_UNAVAILABLE', 'away')
    }
    expect((await annas.post(userPath('ben'), { action: 'remove' })).status).toBe(503)
    expect(to.users.list().map(({ userId }) => userId)).toContain('ben')
    to.store.before = null
    expect(await audited(stage)).toEqual(['admin anna disable ben unknown'])
  })

  it('is offered for accounts of the configured ways in only, and refuses what nobody offered', async () => {
    const stage = await startAdminStage()
    const annas = await stage.signIn('anna')
    for (const path of ['/user', '/user?way=users-file', userPath('x', 'another'), `${userPath('a')}&name=b`])
      expect((await annas.get(path)).status, path).toBe(404)
    expect((await annas.post(userPath('ben'), { action: 'explode' })).status).toBe(400)
    expect((await annas.post(userPath('ghost'), { action: 'disable' })).status).toBe(404)
    const refused = await annas.post(userPath('ben'), { action: 'roles', roles: 'a'.repeat(300) })
    expect(refused.status).toBe(422)
  })
})

describe('what the admin page shows', () => {
  it('finds people by a part of their name or address, in pages', async () => {
    const stage = await startAdminStage()
    const annas = await stage.signIn('anna')
    expect((await annas.get('/?q=ANNA%40example')).body).toContain('name=anna')
    expect((await annas.get('/?q=ANNA%40example')).body).not.toContain('name=ben')
    expect((await annas.get('/?q=%3Cscript%3E')).body).toContain('Nobody was found.')
    expect((await annas.get('/?q=%3Cscript%3E')).body).not.toContain('<script>')
    for (let i = 0; i < 51; i++)
      await stage.to.standings.change(
        { authenticator: 'users-file', userId: `reef-${String(i).padStart(2, '0')}` },
        {},
      )
    const first = await annas.get('/?q=reef')
    expect(first.body).toContain('name=reef-49')
    expect(first.body).not.toContain('name=reef-50')
    expect((await annas.get('/?q=reef&page=2')).body).toContain('name=reef-50')
  })

  it('shows whoever is signed in, by whatever way, and every live session', async () => {
    const stage = await startAdminStage()
    const { to } = stage
    await to.sessionOf({ userId: 'cora', authenticator: 'login-api', claims: { email: 'cora@example.org' } })
    await to.sessionOf(anna)
    const annas = await stage.signIn('anna')
    expect((await annas.get('/?q=cora%40')).body).toContain('way=login-api&amp;name=cora')
    const all = await annas.get('/sessions')
    expect(all.body.match(/name=(?:cora|anna)/g)).toHaveLength(2)
    expect((await annas.get(userPath('cora', 'login-api'))).status).toBe(200)
    for (const { sid } of await to.sessions.listUser(anna)) expect(all.body).not.toContain(sid)
  })

  it('shows who did what, page by page, and nothing secret', async () => {
    const stage = await startAdminStage()
    const annas = await stage.signIn('anna')
    await annas.post(userPath('ben'), { action: 'roles', roles: '<b>bold</b>' })
    const by = { authenticator: 'command-line', userId: 'root' }
    for (let i = 0; i < 60; i++)
      await stage.to.audit.record(
        { kind: 'admin', action: 'enable', by, to: ben, from: 'host' },
        async () => null,
      )
    const first = await annas.get('/audit')
    expect(first.body).toContain('by root (Command line)')
    expect(first.body).not.toContain('bold')
    const [, next = ''] = /href="(\/audit\?before=[^"]+)"/.exec(first.body) ?? []
    const second = await annas.get(next.replaceAll('&amp;', '&'))
    expect(second.body).toContain('&lt;b&gt;bold&lt;/b&gt;')
    expect(second.body).toContain('by anna (Users file) · 127.0.0.1')
    expect(JSON.stringify(stage.to.log)).not.toContain(password)
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
