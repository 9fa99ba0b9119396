/** Most ways in, and what people do once they are in, at one real gateway. */
import { readFile } from 'node:fs/promises'
import { totpCode, totpStep } from '../../../src/auth/totp.ts'
import { withAdmin } from '../admin-harness.ts'
import { type AppForm, appForm, cookieOf } from '../app-form.ts'
import type { Harness } from '../harness.ts'
import type { HarnessOptions } from '../harness-options.ts'
import { startMailServer } from '../mail-server.ts'
import { reservedIssuer, startOidcServer } from '../oidc-server.ts'
import { Visitor } from '../visitor.ts'
import { byFactors } from './factor-steps.ts'
import { byLinks } from './link-steps.ts'
import { atTheProvider } from './provider-steps.ts'
import { lookBehind, minute, other, own, person, type Scene, watchAnswers, word } from './scene.ts'

/** Users of a file, self-service, factors, a provider, guests, the app's own form and the admin page. */
export async function mainScene(scene: Scene): Promise<void> {
  const { canaries } = scene
  canaries.hide('the server’s secret', 'a secret for tests, 32 bytes long or more')
  const smtp = canaries.hide('the password of the mail server', word('post'))
  const mail = await startMailServer({
    authOptional: false,
    allowInsecureAuth: true,
    onAuth: ({ username = '' }, _session, done) => done(null, { user: username }),
  })

  const reserved = await reservedIssuer()
  const clientSecret = canaries.hide('the secret of the client', 'a secret of the client')
  let at = Date.now()
  const options: HarnessOptions = {
    ...{ store: scene.store, now: () => at, trustProxy: ['127.0.0.1/32'] },
    rules: [{ path: '/vault/*', factor: true, freshWithin: 5 * minute }],
    selfService: {
      mail: { url: new URL(`smtp://post@127.0.0.1:${mail.port}`), from: 'kelp@example.org', password: smtp },
      registration: { open: true, domains: [], emails: [], fields: [], roles: ['viewer'] },
      guest: { roles: ['visitor'] },
    },
    oidc: [
      {
        ...{ name: 'kelp', label: 'Kelp ID', issuer: reserved.issuer, clientId: 'kelp', clientSecret },
        secondFactor: null,
        ...{ scopes: ['openid', 'email', 'offline_access'], rolesClaim: 'roles', verifyEvery: 10 * minute },
      },
    ],
  }
  const app = await appForm(options)
  const { to } = app
  const stop = watchAnswers(scene)
  const password = canaries.hide('a password', word('kelp'))
  await to.users.add(person.userId, { ...person, password, roles: ['admin'] })
  await to.users.add(other.userId, { ...other, password })
  const pass = (milliseconds: number): number => (at += milliseconds)

  await byTheAppsForm(scene, app, password)
  const changed = await byPassword(scene, to, password)
  const factor = await byFactors(scene, to, changed, pass, () => at)
  await byLinks(scene, to, mail)
  const guest = new Visitor(to)
  await guest.get(`${own}/sign-in`)
  await guest.post(`${own}/guest`, {})
  await guest.get('/x')
  await atTheProvider(scene, to, startOidcServer(reserved, [{ origin: to.origin, name: 'kelp' }]), pass)
  pass(minute)
  await asAdmin(to, { ...factor, now: () => at })
  await whenThingsFail(scene, to, changed)
  for (const { text, headers } of mail.mails) canaries.see('mail', headers + text)
  const file = await readFile(to.users.path, 'utf8')
  for (const [, hash = ''] of file.matchAll(/password: "?([^"\n]+)/g))
    canaries.hide('the hash of a password', hash)
  await lookBehind(scene, to)
  stop()
}

async function byTheAppsForm({ canaries }: Scene, app: AppForm, password: string): Promise<void> {
  const mistyped = canaries.hide('a mistyped password', word('kelq'))
  const cookie = await app.browser()
  const page = await app.page(cookie)
  canaries.hide('the secret of a page', page.secret)
  const form = { username: other.userId, password: mistyped }
  canaries.see('answer to the app', JSON.stringify(await app.submit(page, form)))
  const { body } = await app.submit(page, { ...form, password })
  canaries.see('answer to the app', JSON.stringify(body))
  canaries.hide('the ticket of a sign-in', String(body.ticket), /^answer to the app$/)
  const taken = await app.take({ cookie, ticket: body.ticket, secret: page.secret })
  const next = await app.page(cookieOf(taken) ?? '', page)
  for (const { socket } of [page, next]) canaries.see('socket', socket.frames())
}

/** Resolves to the password that it was changed to. */
async function byPassword({ canaries }: Scene, to: Harness, password: string): Promise<string> {
  const mistyped = canaries.hide('another mistyped password', word('kelq'))
  // Whoever types it sees it, in the field for names, and nobody else does.
  const inTheWrongField = canaries.hide(
    'a password typed as a name',
    word('oops'),
    /^body of POST \S+sign-in$/,
  )
  const visitor = new Visitor(to)
  await visitor.enter(person.userId, mistyped)
  await visitor.enter(inTheWrongField, '')
  await visitor.enter(person.userId, password)
  const sent = { 'x-forwarded-user': 'somebody', referer: `${to.origin}/x` }
  for (const path of ['/x', `${own}/session`, `${own}/account`, '/_stcore/health'])
    await visitor.get(path, sent)
  const changed = canaries.hide('a new password', word('wrack'))
  await visitor.get(`${own}/account`)
  const change = { action: 'password', password: mistyped, new_password: changed }
  await visitor.post(`${own}/account`, change)
  await visitor.post(`${own}/account`, { ...change, password, new_password: 'password1' })
  await visitor.post(`${own}/account`, { ...change, password })
  return changed
}

async function asAdmin(
  to: Harness,
  { password, secret, now }: { password: string; secret: string; now: () => number },
): Promise<void> {
  const { port, host, origin } = await withAdmin(to)
  const admin = new Visitor({ ...to, port, host, origin })
  admin.headers['x-forwarded-for'] = '198.51.100.1'
  await admin.enter(person.userId, word('wrong'), '/')
  await admin.enter(person.userId, password, '/')
  await admin.get(`${own}/factor`)
  await admin.post(`${own}/factor`, { action: 'code', code: totpCode(secret, totpStep(now())) })
  const path = `/user?${new URLSearchParams({ way: 'users-file', name: other.userId })}`
  for (const action of ['end-all', 'factors-reset', 'factor-require', 'disable', 'enable']) {
    await admin.get(path)
    await admin.post(path, { action, password })
  }
  for (const page of ['/', '/audit', '/sessions', `/?q=${person.email}`]) await admin.get(page)
}

/** What goes wrong says why, to the log or to somebody: never with a secret. */
async function whenThingsFail({ canaries, store }: Scene, to: Harness, password: string): Promise<void> {
  const visitor = new Visitor(to)
  await visitor.get(`${own}/sign-in?return_to=%2Fx`)
  store.away = true
  await visitor.post(`${own}/sign-in`, { username: person.userId, password })
  await visitor.get('/x')
  store.away = false
  const query = canaries.hide(
    'a token that an app puts into addresses',
    word('ticket'),
    /^(?:the app|address of|location after|head of|body of GET \/x)/,
  )
  await visitor.get(`/x?token=${encodeURIComponent(query)}`)
  await visitor.get('/x', { host: 'elsewhere.example', cookie: `a=${query}` })
  await visitor.get('/x', { authorization: `Bearer ${query}` })
}
