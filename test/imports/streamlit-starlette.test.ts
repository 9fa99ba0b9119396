/** The cookies of Starlette, and those by which Streamlit kept a login. */
import { describe, expect, it } from 'vitest'
import type { Imported } from '../../src/imports/import-transport.ts'
import { starletteSession } from '../../src/imports/starlette-session.ts'
import { streamlitLogin } from '../../src/imports/streamlit-login.ts'
import { golden, madeAt, named } from './golden.ts'

const { starlette } = golden

describe('starletteSession', () => {
  it('reads nobody in particular, and refuses what is no session', async () => {
    const transport = starletteSession({ secret: starlette.secret })
    const asked = (name: string): Promise<Imported | null> =>
      transport.read({ cookie: `session=${named(starlette.cookies, name)}` }, madeAt)
    expect(await asked('id')).toMatchObject({
      user: null,
      data: { id: '11111111-2222-4333-8444-555555555555' },
    })
    expect((await asked('login'))?.data).toEqual({ username: 'anna', n: [1, { a: null }] })
    expect(await asked('list')).toBeNull()
  })
})

describe('streamlitLogin', () => {
  const { secret, starlette: later, tornado: earlier } = golden.streamlit
  const asked = (value: string): Promise<Imported | null> =>
    streamlitLogin({ secret }).read({ cookie: `_streamlit_user=${value}` }, madeAt)

  it('reads the identity that Streamlit kept, by either server', async () => {
    const identity = { origin: 'http://localhost:8501', is_logged_in: true, email: 'a@b.c' }
    for (const { login = '' } of [later, earlier]) {
      expect(await asked(login)).toMatchObject({ user: 'a@b.c', data: identity, issuedAt: madeAt })
      expect(await asked(`"${login}"`)).toMatchObject({ user: 'a@b.c' })
    }
  })

  it('refuses who is signed out, and what was signed for another cookie or another purpose', async () => {
    for (const value of [later.out, later.once, later.tokens, earlier.out, earlier.xsrf, 'chunks-2'])
      expect(await asked(value ?? '')).toBeNull()
  })
})
