import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../src/stores/memory.ts'
import { anna, ben, day, hour, startProcess, withMethods } from './samples.ts'

describe('listUser() and listAll()', () => {
  it('show the live sessions of a person, and of everybody', async () => {
    const home = await startProcess()
    const [one, two] = [await home.signIn(), await home.signIn({ remember: true })]
    const [other, ended] = [await home.signIn({ identity: ben }), await home.signIn()]
    await home.sessions.end(ended.session.sid)
    const sids = async (): Promise<string[]> => {
      const found: string[] = []
      for await (const session of home.sessions.listAll()) found.push(session.sid)
      return found.sort()
    }
    expect((await home.sessions.listUser(anna)).map(({ sid }) => sid)).toEqual([
      one.session.sid,
      two.session.sid,
    ])
    expect(await sids()).toEqual([one, two, other].map(({ session }) => session.sid).sort())
    home.clock.advance(12 * hour)
    expect((await home.sessions.listUser(anna)).map(({ sid }) => sid)).toEqual([two.session.sid])
    expect(await sids()).toEqual([two.session.sid])
  })

  it('show the sessions of one app only, of those that share a store', async () => {
    const kelp = await startProcess({ app: 'kelp' })
    const reef = await startProcess({ ...kelp, app: 'reef' })
    const { session } = await kelp.signIn()
    await reef.signIn()
    const found: string[] = []
    for await (const { sid } of kelp.sessions.listAll()) found.push(sid)
    expect(found).toEqual([session.sid])
    expect((await kelp.sessions.listUser(anna)).map(({ sid }) => sid)).toEqual([session.sid])
  })

  it('SECURITY: tell people apart whose names only look alike, and authenticators too', async () => {
    const home = await startProcess()
    const names = ['a', 'A', 'a ', 'á', 'a\u0301', '\ud800', '\ud801', '\ufffd', '', '1:a', '["a"]']
    const people = names.flatMap((userId) =>
      ['users-file', 'users-file1', 'oidc'].map((authenticator) => ({ userId, authenticator, claims: {} })),
    )
    for (const identity of people) await home.signIn({ identity })
    for (const identity of people) {
      const found = await home.sessions.listUser(identity)
      expect(found.map((session) => session.identity)).toEqual([identity])
    }
  })

  it('leave out a row that was changed from outside, and say so once', async () => {
    const store = memoryStore()
    const home = await startProcess({
      store: withMethods(store, {
        listByUser: async (user) =>
          (await store.listByUser(user)).map((row) => ({ ...row, absoluteAt: row.absoluteAt + day })),
      }),
    })
    const { session } = await home.signIn()
    for (let times = 0; times < 5; times++) expect(await home.sessions.listUser(anna)).toEqual([])
    expect(home.events.filter(({ event }) => event === 'record_rejected')).toEqual([
      { event: 'record_rejected', sid: session.sid },
    ])
  })
})
