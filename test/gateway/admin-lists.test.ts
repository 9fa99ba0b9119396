/** What the admin page shows: people, sessions and the audit log, and nothing secret. */
import { describe, expect, it } from 'vitest'
import { startAdminStage, userPath } from './admin-harness.ts'
import { anna, ben, password } from './people.ts'

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
