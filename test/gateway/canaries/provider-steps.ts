/** Somebody signs in at an identity provider, is asked for again, and signs out there, too. */
import { decodeJwt } from 'jose'
import type { Harness } from '../harness.ts'
import { type startOidcServer, wanderer } from '../oidc-server.ts'
import { eventually } from '../oidc-stage.ts'
import { Visitor } from '../visitor.ts'
import { minute, own, person, type Scene } from './scene.ts'

export async function atTheProvider(
  { canaries }: Scene,
  to: Harness,
  server: ReturnType<typeof startOidcServer>,
  pass: (milliseconds: number) => number,
): Promise<void> {
  server.provider.on('access_token.saved', ({ jti }) => canaries.hide('the provider’s access token', jti))
  server.provider.on('refresh_token.saved', ({ jti }) => canaries.hide('the provider’s refresh token', jti))
  server.provider.on('authorization_code.saved', ({ jti }) =>
    canaries.hide('the code of a provider', jti, /^address of GET \S+callback$/),
  )
  server.people.set('ada', { email: person.email, email_verified: true, roles: ['diver'] })
  const visitor = new Visitor(to)
  const there = (await visitor.get(`${own}/oidc/kelp?return_to=%2Fx`)).location
  const browser = wanderer({ stopAt: to.origin })
  const back = (await browser.signIn(there, 'ada')).url
  await visitor.get(back.pathname + back.search)
  await visitor.get('/x')
  const first = await idTokenOf(to)
  canaries.hide('the provider’s first ID token', first)
  // With the answer to the next question comes another, kept in place of the first: the same one within a second.
  const { iat = 0 } = decodeJwt(first)
  await eventually('another second has begun', () => Date.now() >= (iat + 1) * 1000)
  pass(10 * minute)
  await visitor.get('/x')
  await eventually('the answer is kept', async () => (await idTokenOf(to)) !== first)
  // OpenID Connect RP-Initiated Logout names the session to the provider by it.
  canaries.hide(
    'the provider’s ID token',
    await idTokenOf(to),
    /^(?:location after|head of) POST \S+sign-out$/,
  )
  await visitor.get(`${own}/sign-out`)
  const navigates = {
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
    'sec-fetch-site': 'same-origin',
  }
  Object.assign(visitor.headers, navigates)
  await visitor.post(`${own}/sign-out`, {})
}

/** The ID token kept of the only session that came from a provider. */
async function idTokenOf(to: Harness): Promise<string> {
  for await (const session of to.sessions.listAll()) {
    const token = await to.parts.people.vouching.tokenOf(session)
    if (token !== null) return (JSON.parse(token) as { readonly idToken: string }).idToken
  }
  throw new Error('No session came from a provider.')
}
