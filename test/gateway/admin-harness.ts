/** The admin page of a harness, and a browser of an admin. */
import { onTestFinished } from 'vitest'
import { startAdmin } from '../../src/gateway/admin/admin-start.ts'
import type { AdminConfig } from '../../src/gateway/config.ts'
import { type Harness, startHarness } from './harness.ts'
import type { HarnessOptions } from './harness-options.ts'
import { type Answer, fetchFrom } from './loopback.ts'
import { password } from './people.ts'

export interface AdminStage {
  readonly to: Harness
  readonly port: number
  readonly host: string
  readonly origin: string
  /** The path before everything. */
  readonly base: string
  /** A browser with this Cookie header. */
  browser(cookie: string): AdminBrowser
  /** Signs in there; resolves to a browser. */
  signIn(username: string, secret?: string): Promise<AdminBrowser>
}

export interface AdminBrowser {
  readonly cookie: string
  get(path: string): Promise<Answer>
  /** Posts the form of the account's page, with its token and the password. */
  post(path: string, fields: Record<string, string>, more?: Record<string, string>): Promise<Answer>
}

/** Where the page of an account is. */
export function userPath(name: string, way = 'users-file'): string {
  return `/user?${new URLSearchParams({ way, name }).toString()}`
}

export async function startAdminStage(
  options: HarnessOptions = {},
  admin: Partial<AdminConfig> = {},
): Promise<AdminStage> {
  return withAdmin(await startHarness(options), options, admin)
}

/** The admin page beside a harness that runs. */
export async function withAdmin(
  to: Harness,
  { loginApi = null, oidc = [] }: HarnessOptions = {},
  admin: Partial<AdminConfig> = {},
): Promise<AdminStage> {
  const { parts, adminSessions, keyring } = to
  const listener = await startAdmin({
    ...{
      parts,
      adminSessions,
      keyring,
      config: { name: '', loginApi, oidc, insecureHttp: true, secondFactor: 'optional' },
    },
    admin: { listen: { host: '127.0.0.1', port: 0 }, publicUrl: null, roles: ['admin'], ...admin },
  })
  onTestFinished(() => listener.close())
  const { origin, address } = listener
  const { host } = new URL(origin)
  const stage: AdminStage = {
    ...{ to, port: address.port, host, origin },
    base: admin.publicUrl == null ? '' : new URL(admin.publicUrl).pathname.replace(/\/$/, ''),
    browser: (cookie) => browserOf(stage, cookie),
    signIn: async (username, secret = password) => browserOf(stage, await signedIn(stage, username, secret)),
  }
  return stage
}

async function signedIn(stage: AdminStage, username: string, secret: string): Promise<string> {
  const answer = await signInTo(stage, username, secret)
  const line = answer.setCookie.find((one) => /^(?:__Host-Http-)?holdfast-\.admin[^=]*=(?!;)/.test(one))
  if (answer.status !== 303 || line === undefined)
    throw new Error(`Signing in as ${username} failed: ${answer.status} ${answer.body.slice(0, 300)}`)
  return line.split(';', 1)[0] ?? ''
}

/** What the sign-in page of the admin listener answers to a name and a password. */
export async function signInTo(
  stage: AdminStage,
  username: string,
  secret: string = password,
): Promise<Answer> {
  const { port, host, origin, base } = stage
  const path = `${base}/_holdfast/sign-in`
  const page = await fetchFrom(port, path, { headers: { host } })
  const token = /name="form_token" value="([^"]+)"/.exec(page.body)?.[1] ?? ''
  const cookie = (page.setCookie[0] ?? '').split(';', 1)[0] ?? ''
  return fetchFrom(port, path, {
    method: 'POST',
    headers: { host, origin, cookie, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ username, password: secret, form_token: token, return_to: '' }).toString(),
  })
}

/** What the app answers to this cookie. */
export async function statusAtApp(to: Harness, cookie: string): Promise<number> {
  return (await fetchFrom(to.port, '/x', { headers: { host: to.host, cookie } })).status
}

function browserOf({ port, host, origin }: AdminStage, cookie: string): AdminBrowser {
  const get = (path: string): Promise<Answer> => fetchFrom(port, path, { headers: { host, cookie } })
  return {
    cookie,
    get,
    async post(path, fields, more = {}) {
      const page = await get(path)
      const binding = page.setCookie.find((line) => line.includes('form'))?.split(';', 1)[0] ?? ''
      const token = /name="form_token" value="([^"]+)"/.exec(page.body)?.[1] ?? ''
      return fetchFrom(port, path, {
        method: 'POST',
        headers: {
          ...{ host, origin, cookie: `${cookie}; ${binding}` },
          ...{ 'content-type': 'application/x-www-form-urlencoded', ...more },
        },
        body: new URLSearchParams({ form_token: token, password, ...fields }).toString(),
      })
    },
  }
}
