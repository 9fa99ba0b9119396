import { describe, expect, it } from 'vitest'
import { defaultPolicy } from '../../src/core/policy.ts'
import type { WhenMore } from '../../src/core/session-limit.ts'
import { flaskSession } from '../../src/imports/flask-session.ts'
import { createImporter, type ImportedSession } from '../../src/imports/importer.ts'
import { anna, day, device, hour, type Process, startAt, startProcess } from '../core/samples.ts'
import { golden, named } from './golden.ts'

const { flask } = golden

/** Anna may have one session, and her old one is brought. */
async function limited(
  whenMore: WhenMore,
): Promise<Process & { switched(): Promise<ImportedSession | null> }> {
  const policy = { ...defaultPolicy, perAccount: { most: 1, whenMore } }
  const started = await startProcess({ policy })
  const { sessions: manager, store, clock } = started
  const importer = createImporter({
    ...{ manager, store, now: clock.now, identify: async () => anna },
    transports: [flaskSession({ secret: flask.secret })],
    switchedAt: new Date(startAt - hour),
    acceptUntil: new Date(startAt + 14 * day),
  })
  const cookie = `session=${named(flask.cookies, 'login')}`
  return { ...started, switched: () => importer.importOnce({ cookie, device }) }
}

describe('ASVS 7.1.2: at most so many sessions a person, of those who bring an old one, too', () => {
  it('replace-oldest: the one from before ends', async () => {
    const { signIn, switched, sessions } = await limited('replace-oldest')
    const { credential } = await signIn()
    const imported = await switched()
    expect((await sessions.listUser(anna)).map(({ sid }) => sid)).toEqual([imported?.session.sid])
    expect(await sessions.load(credential)).toBeNull()
  })

  it('refuse: the old one does not count', async () => {
    const { signIn, switched, sessions } = await limited('refuse')
    const { session } = await signIn()
    expect(await switched()).toBeNull()
    expect((await sessions.listUser(anna)).map(({ sid }) => sid)).toEqual([session.sid])
  })
})
