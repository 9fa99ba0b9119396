/** What an admin changes: it holds everywhere at once, was proven with a password, and is in the audit log. */
import { describe, expect, it } from 'vitest'
import { StoreError } from '../../src/core/errors.ts'
import { type AdminStage, startAdminStage, statusAtApp, userPath } from './admin-harness.ts'
import { ben } from './people.ts'
import { openSocket, serverFrames } from './socket-client.ts'

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
    expect(await statusAtApp(to, bens)).toBe(401)
    await talk.closed
    expect(serverFrames(talk.frames())[0]?.payload.readUInt16BE(0)).toBe(4401)
    await expect(to.signIn('ben')).rejects.toThrow('401')
    expect((await annas.post(userPath('ben'), { action: 'enable' })).status).toBe(200)
    expect(await statusAtApp(to, await to.signIn('ben'))).toBe(200)
    expect(await audited(stage)).toEqual(['admin anna enable ben done', 'admin anna disable ben done'])
  })

  it('V7.4.5: ends the one session that is chosen, or all of somebody', async () => {
    const stage = await startAdminStage()
    const { to } = stage
    const cookies = [await to.signIn('ben'), await to.signIn('ben'), await to.signIn('ben')]
    const [annas, hers] = [await stage.signIn('anna'), await to.signIn('anna')]
    const [first = ''] = marks((await annas.get(userPath('ben'))).body)
    expect((await annas.post(userPath('ben'), { action: `end:${first}` })).status).toBe(200)
    const left = await Promise.all(cookies.map((cookie) => statusAtApp(to, cookie)))
    expect(left.sort()).toEqual([200, 200, 401])
    // A session of somebody else is none of this account's.
    const [other = ''] = marks((await annas.get(userPath('anna'))).body)
    expect((await annas.post(userPath('ben'), { action: `end:${other}` })).status).toBe(404)
    expect((await annas.post(userPath('ben'), { action: 'end-all' })).status).toBe(200)
    for (const cookie of cookies) expect(await statusAtApp(to, cookie)).toBe(401)
    expect(await statusAtApp(to, hers)).toBe(200)
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
    expect(await statusAtApp(to, before)).toBe(401)
    const after = await to.signIn('ben')
    expect(after).not.toBe(before)
    expect(await statusAtApp(to, after)).toBe(200)
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
    expect(await statusAtApp(to, bens)).toBe(401)
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
    expect(await statusAtApp(to, bens)).toBe(401)
    expect(await statusAtApp(to, await to.signIn('ben'))).toBe(200)
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
    expect(await statusAtApp(to, bens)).toBe(401)
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
    expect(await statusAtApp(to, bens)).toBe(200)
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
