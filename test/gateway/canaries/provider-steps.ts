/** Somebody signs in at an identity provider, is asked for again, and signs out there, too. */
import type { Harness } from '../harness.ts'
import { type startOidcServer, wanderer } from '../oidc-server.ts'
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
  for await (const session of to.sessions.listAll()) {
    const token = await to.parts.people.vouching.tokenOf(session)
    if (token === null) continue
    const { idToken } = JSON.parse(token) as Record<string, string>
    // OpenID Connect RP-Initiated Logout names the session to the provider by it.
    canaries.hide('the provider’s ID token', idToken ?? '', /^(?:location after|head of) POST \S+sign-out$/)
  }
  const asked = server.grants.length
  pass(10 * minute)
  while (server.grants.length === asked) await visitor.get('/x')
  await visitor.get(`${own}/sign-out`)
  const navigates = {
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
    'sec-fetch-site': 'same-origin',
  }
  Object.assign(visitor.headers, navigates)
  await visitor.post(`${own}/sign-out`, {})
}
