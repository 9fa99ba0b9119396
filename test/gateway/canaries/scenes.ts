/** Every way in, and what people do once they are in, at real gateways, with secrets that are known again wherever they turn up. */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { totpCode, totpStep } from '../../../src/auth/totp.ts'
import { withAdmin } from '../admin-harness.ts'
import { type AppForm, appForm, cookieOf } from '../app-form.ts'
import { Authenticator } from '../authenticator.ts'
import { type Harness, type HarnessOptions, onAnswer, startHarness } from '../harness.ts'
import { startLoginApi } from '../login-api-server.ts'
import { linkIn, type MailServer, startMailServer } from '../mail-server.ts'
import { reservedIssuer, startOidcServer, wanderer } from '../oidc-server.ts'
import { addApp, codesOn } from '../second-factor.ts'
import { Visitor } from '../visitor.ts'
import type { WatchedStore } from '../watched-store.ts'
import type { Canaries } from './canaries.ts'

/** A secret of its own for everything that has one. */
const word = (what: string): string => `${what} & ${randomBytes(12).toString('hex')}?`

export const person = {
  userId: 'annika-tangwald',
  name: 'Annika Tangwald',
  email: 'annika@tangwald.example',
}
const other = { userId: 'bjarne-tangwald', email: 'bjarne@tangwald.example' }
const own = '/_holdfast'
const minute = 60_000
// What tokens, images and seals are made with.
const keys = [
  'session/v1',
  'state/v1',
  'form/v1',
  'recovery-code/v1',
  'factor-sign-in/v1',
  'link/v1',
  'oidc/v1',
]

export interface Scene {
  readonly canaries: Canaries
  readonly store: WatchedStore
  /** What the logs say has happened. */
  readonly happened: Set<string>
}

/** Sees every answer of the gateway, and learns the tokens of the sessions that begin. */
function watchAnswers({ canaries }: Scene): () => void {
  return onAnswer((path, ask, { headers, setCookie, body }) => {
    const what = `${ask.method ?? 'GET'} ${path.split('?', 1)[0]}`
    canaries.see(`address of ${what}`, path)
    canaries.see(`body of ${what}`, body)
    const rest = Object.entries(headers).filter(([name]) => name !== 'set-cookie')
    canaries.see(`head of ${what}`, JSON.stringify(rest))
    if (headers.location !== undefined) canaries.see(`location after ${what}`, String(headers.location))
    for (const line of setCookie) learn(canaries, what, line)
  })
}

function learn(canaries: Canaries, what: string, line: string): void {
  canaries.see(`cookie of ${what}`, line)
  const token = /=(?:v1|a1)\.[^.]+\.([\w-]{43})/.exec(line)?.[1]
  if (token === undefined) return
  canaries.hide('the token of a session', token, /^cookie of /)
  canaries.hide('the bytes of a token', Buffer.from(token, 'base64url'), /^cookie of /)
}

/** What a gateway has written and sent on, once everything is done. */
async function lookBehind({ canaries, happened }: Scene, to: Harness): Promise<void> {
  await to.selfService.idle()
  canaries.see('log', JSON.stringify(to.log))
  canaries.see('log', JSON.stringify(to.events))
  for (const { event } of [...to.events, ...to.log]) happened.add(event)
  canaries.see('the app', Buffer.concat(to.upstream.connections.flat()))
  const { entries } = await to.audit.read(500)
  canaries.see('audit', JSON.stringify(entries))
  for (const { action } of entries) happened.add(`audit ${action}`)
  for (const key of keys) canaries.hide('a key', to.keyring.key(key))
}

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

async function byFactors(
  { canaries }: Scene,
  to: Harness,
  password: string,
  pass: (milliseconds: number) => number,
  now: () => number,
): Promise<{ password: string; secret: string }> {
  const shownOnce = /^body of POST \S+account\/factors$/
  const visitor = new Visitor(to)
  await visitor.enter(person.userId, password)
  const { secret, codes } = await addApp(visitor, now, password)
  const grouped = secret.match(/.{1,4}/g)?.join(' ') ?? ''
  canaries.hide('the secret of an authenticator app, as it is shown', grouped, shownOnce)
  canaries.hide('the secret of an authenticator app', secret)
  canaries.hide('the bytes of that secret', base32(secret))
  await visitor.get(`${own}/account/factors`)
  const fresh = codesOn((await visitor.post(`${own}/account/factors`, { action: 'recovery' })).body)
  for (const code of [...codes, ...fresh]) {
    canaries.hide('a recovery code', code, shownOnce)
    canaries.hide('a recovery code', code.replaceAll('-', ''))
  }
  await visitor.get(`${own}/sign-out`)
  await visitor.post(`${own}/sign-out`, {})
  let inside = visitor
  const wrong = ['AAAA-AAAA-AAAA-AAAA', codes[0] ?? '']
  const tries = [...wrong, fresh[0] ?? '', () => totpCode(secret, totpStep(pass(30_000)))]
  for (const [network, code] of tries.entries()) {
    inside = new Visitor(to)
    // Each from another network, or it would be one that guesses.
    inside.headers['x-forwarded-for'] = `203.0.113.${network}`
    await inside.enter(person.userId, password, '/vault/x')
    await inside.get(`${own}/factor`)
    await inside.post(`${own}/factor`, { action: 'code', code: typeof code === 'string' ? code : code() })
  }
  await inside.get('/vault/x')
  pass(6 * minute)
  await inside.get(`${own}/step-up?return_to=%2Fvault%2Fx`)
  await inside.post(`${own}/step-up`, { action: 'code', code: totpCode(secret, totpStep(pass(30_000))) })
  await inside.get('/vault/x')
  return { password, secret }
}

async function byLinks({ canaries }: Scene, to: Harness, mail: MailServer): Promise<void> {
  const chosen = canaries.hide('a password set by a link', word('dulse'))
  const visitor = new Visitor(to)
  const follow = async (address: string, count?: number): Promise<string> => {
    const { pathname, search, searchParams } = linkIn(await mail.mailTo(address, count))
    // In the mail, in the address that is opened, and in the cookie that it becomes.
    canaries.hide(
      'the token of a link',
      searchParams.get('link') ?? '',
      new RegExp(`^mail$|^(?:address|cookie) of GET ${pathname}$`),
    )
    await visitor.get(pathname + search)
    await visitor.get(pathname)
    return pathname
  }
  await visitor.get(`${own}/forgot-password`)
  await visitor.post(`${own}/forgot-password`, { account: other.userId })
  const reset = await follow(other.email)
  await visitor.post(reset, { new_password: 'password1' })
  await visitor.post(reset, { new_password: chosen })
  await visitor.post(reset, { new_password: chosen })
  await visitor.get(`${own}/forgot-username`)
  await visitor.post(`${own}/forgot-username`, { email: other.email })
  await visitor.get(`${own}/register`)
  await visitor.post(`${own}/register`, { email: 'cleo@tangwald.example' })
  const register = await follow('cleo@tangwald.example')
  await visitor.post(register, { username: 'cleo', name: 'Cleo', new_password: 'password1' })
  await visitor.post(register, { username: 'cleo', name: 'Cleo', new_password: chosen })
  await visitor.enter(other.userId, chosen)
  await visitor.get(`${own}/account/details`)
  const moved = { action: 'email', email: 'moved@tangwald.example', password: chosen }
  await visitor.post(`${own}/account/details`, moved)
  await visitor.post(await follow(moved.email), {})
}

async function atTheProvider(
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

/** An API that knows people, and says too much of them. */
export async function loginApiScene(scene: Scene): Promise<void> {
  const { canaries } = scene
  const token = canaries.hide('the token of a login API', word('api'))
  const password = canaries.hide('a password of a login API', word('right'))
  const apiKey = canaries.hide('what a login API says and no app may know', word('key'))
  const api = await startLoginApi({ token, password })
  api.user = { id: 42, username: 'ada', name: 'Ada', email: person.email, roles: ['diver'], api_key: apiKey }
  let at = Date.now()
  const loginApi = { url: api.url, verifyUrl: api.verifyUrl, verifyEvery: 10 * minute }
  const to = await startHarness({ loginApi, store: scene.store, now: () => at })
  const stop = watchAnswers(scene)
  const visitor = new Visitor(to)
  await visitor.enter('ada', canaries.hide('a mistyped password of a login API', word('wrong')))
  await visitor.enter('ada', password)
  for (const path of ['/x', `${own}/session`, `${own}/account`]) await visitor.get(path)
  const asked = api.checks()
  at += 10 * minute
  while (api.checks() === asked) await visitor.get('/x')
  const answers = [`<html>${password} ${token}`, `{"error":"${token}"`, JSON.stringify([password, token])]
  for (const instead of answers) {
    api.instead = null
    const inside = new Visitor(to)
    await inside.enter('ada', password)
    api.instead = (response) => response.end(instead)
    await new Visitor(to).enter('ada', password)
    at += 10 * minute
    const before = api.checks()
    while (api.checks() === before) await inside.get('/x')
  }
  await lookBehind(scene, to)
  stop()
}

/** A passkey, as the second factor and as the only one. */
export async function passkeyScene(scene: Scene): Promise<void> {
  const { canaries } = scene
  const origin = 'https://kelp.example.org'
  const to = await startHarness({ publicUrl: origin, store: scene.store })
  const stop = watchAnswers(scene)
  const password = canaries.hide('a password beside a passkey', word('kelp'))
  await to.users.add(person.userId, { ...person, password })
  const owner = new Visitor(to)
  await owner.enter(person.userId, password)
  const device = new Authenticator()
  await owner.get(`${own}/account/factors`)
  await owner.post(`${own}/account/factors`, { action: 'passkey-start', password })
  const made = device.create(owner.asked(), { origin })
  await owner.post(`${own}/account/factors`, { action: 'passkey-confirm', passkey: made })
  const visitor = new Visitor(to)
  await visitor.enter(person.userId, password)
  await visitor.get(`${own}/factor`)
  const used = device.get(visitor.asked(), { origin })
  await visitor.post(`${own}/factor`, { action: 'passkey', passkey: used })
  const alone = new Visitor(to)
  await alone.get(`${own}/sign-in`)
  await alone.post(`${own}/passkey`, { passkey: device.get(alone.asked(), { origin }) })
  if (!(await visitor.isIn()) || !(await alone.isIn())) throw new Error('The passkey did not sign in.')
  // An answer counts once, but nobody has to know even one that was used.
  for (const answer of [used, made]) {
    const { response } = JSON.parse(answer) as { response: Record<string, string> }
    canaries.hide('what a passkey signed', response.signature ?? response.attestationObject ?? '')
  }
  await lookBehind(scene, to)
  stop()
}

function base32(text: string): Buffer {
  const bits = [...text].map((one) =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(one).toString(2).padStart(5, '0'),
  )
  return Buffer.from((bits.join('').match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
}
