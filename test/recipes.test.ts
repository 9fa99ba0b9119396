import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createClient } from 'redis'
import { CookieJar } from 'tough-cookie'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FetchSessions } from '../src/adapters/fetch.ts'
import type { ImportTransport } from '../src/imports/import-transport.ts'
import { generateJwtKey } from '../src/jwt/jwt-key.ts'
import { secret } from './core/samples.ts'
import { cookieOf } from './imports/flask-cookie.ts'
import { golden, madeAt } from './imports/golden.ts'
import { type RedisServer, startRedis } from './stores/redis-server.ts'

const root = join(import.meta.dirname, '..')
const site = 'https://shop.example.org'

type Handler = (request: Request) => Promise<Response>

/** What the recipes leave to their reader. */
const people = `
const all = new Map([['anna', { id: 'anna', roles: ['diver'] }], ['test_user', { id: 'test_user', roles: [] }]])
export const findPerson = async (name: string) => all.get(name) ?? null
export const checkPassword = async (name: string, password: string) => password === 'kelp' ? findPerson(name) : null
`

let folder = ''

/** A recipe of the docs, run as it stands: only the package's name leads to the source. */
async function recipe<Exports = { readonly handler: Handler }>(
  page: string,
  file: string,
  server: string = '',
): Promise<Exports> {
  const text = readFileSync(join(root, 'docs', page), 'utf8')
  const [, body = ''] = new RegExp(`\`\`\`ts\\n// ${file}\\n([\\s\\S]*?)\`\`\``).exec(text) ?? []
  expect(body, `docs/${page} has no recipe ${file}`).not.toBe('')
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, { default: string }>
  }
  const source = body.replace(/'holdfast(\/[\w-]+)?'/g, (_, part: string = '') => {
    const built = exports[`.${part}`]?.default
    expect(built, `the package exports no holdfast${part}`).toBeDefined()
    const path = (built ?? '').replace('./dist/', 'src/').replace(/js$/, 'ts')
    return `'${pathToFileURL(join(root, path)).href}'`
  })
  const path = join(folder, `${server}${file}`)
  writeFileSync(path, source.replace("'redis'", `'${import.meta.resolve('redis')}'`))
  return (await import(pathToFileURL(path).href)) as Exports
}

/** A browser in front of a handler. */
interface Visitor {
  readonly jar: CookieJar
  get(path: string): Promise<Response>
  post(path: string, form?: Record<string, string>, origin?: string): Promise<Response>
}

function visitor(handler: Handler): Visitor {
  const jar = new CookieJar(undefined, { prefixSecurity: 'strict' })
  const send = async (path: string, init: RequestInit): Promise<Response> => {
    const headers = new Headers(init.headers)
    const cookie = await jar.getCookieString(site)
    if (cookie !== '') headers.set('cookie', cookie)
    const response = await handler(new Request(`${site}${path}`, { ...init, headers }))
    for (const line of response.headers.getSetCookie()) await jar.setCookie(line, site)
    return response
  }
  return {
    jar,
    get: (path) => send(path, {}),
    post: (path, form = {}, origin = site) =>
      send(path, { method: 'POST', body: new URLSearchParams(form), headers: { origin } }),
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-recipes-'))
  writeFileSync(join(folder, 'people.ts'), people)
  process.env.SESSIONS_DB = join(folder, 'sessions.db')
  process.env.HOLDFAST_SECRET = secret
  process.env.JWT_KEY = JSON.stringify(await generateJwtKey('ES256'))
  process.env.FLASK_SECRET_KEY = 'your_secret_key'
  process.env.SWITCHED_AT = new Date(Date.now() - 60_000).toISOString()
  process.env.ACCEPT_UNTIL = new Date(Date.now() + 86_400_000).toISOString()
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the recipe for a session on the server', () => {
  it('signs in, counts, and signs a copied cookie out too', async () => {
    const { handler } = await recipe('flask.md', 'session.ts')
    const browser = visitor(handler)
    expect((await browser.get('/dashboard')).status).toBe(401)
    expect((await browser.post('/login', { username: 'anna', password: 'wrong' })).status).toBe(401)
    expect((await browser.post('/login', { username: 'anna', password: 'kelp' })).status).toBe(303)
    expect(await (await browser.get('/dashboard')).json()).toEqual({ hello: 'anna', visits: 1 })
    expect(await (await browser.get('/dashboard')).json()).toEqual({ hello: 'anna', visits: 2 })
    const thief = visitor(handler)
    for (const cookie of await browser.jar.getCookies(site)) await thief.jar.setCookie(cookie, site)
    expect((await thief.get('/dashboard')).status).toBe(200)
    expect((await browser.post('/logout')).status).toBe(303)
    expect((await thief.get('/dashboard')).status).toBe(401)
  })
})

describe('the recipe for a JWT in a cookie', () => {
  it('signs in, refreshes, keeps other sites out, and refuses a copied token after signing out', async () => {
    const { handler } = await recipe('jwt.md', 'jwt.ts')
    const browser = visitor(handler)
    expect((await browser.get('/dashboard')).status).toBe(401)
    expect((await browser.post('/login', { username: 'anna', password: 'wrong' })).status).toBe(401)
    expect((await browser.post('/login', { username: 'anna', password: 'kelp' })).status).toBe(204)
    expect(await (await browser.get('/dashboard')).json()).toEqual({ hello: 'anna', roles: ['diver'] })
    expect((await browser.post('/refresh')).status).toBe(204)
    expect((await browser.post('/logout', {}, 'https://evil.example')).status).toBe(403)
    const thief = visitor(handler)
    for (const cookie of await browser.jar.getCookies(site)) await thief.jar.setCookie(cookie, site)
    expect((await thief.get('/dashboard')).status).toBe(200)
    expect((await browser.post('/logout')).status).toBe(204)
    expect((await thief.get('/dashboard')).status).toBe(401)
    expect((await thief.post('/refresh')).status).toBe(401)
    expect(await browser.jar.getCookieString(site)).toBe('')
    const { keys } = (await (await browser.get('/.well-known/jwks.json')).json()) as {
      keys: { d?: string }[]
    }
    expect(keys).toHaveLength(1)
    expect(keys[0]?.d).toBeUndefined()
  })
})

describe('the recipes with Redis', () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await startRedis()
    process.env.REDIS_URL = `redis://127.0.0.1:${redis.port}`
  })
  afterAll(() => redis.stop())

  it('sign in on one server and are in on the other', async () => {
    type Parts = Pick<FetchSessions<Record<string, unknown>>, 'respond'>
    const one = await recipe<Parts>('flask.md', 'many-servers.ts', 'one-')
    const two = await recipe<Parts>('flask.md', 'many-servers.ts', 'two-')
    expect(one.respond).not.toBe(two.respond)
    const first = visitor((request) =>
      one.respond(request, async (session) => new Response(String(await session.signIn({ userId: 'anna' })))),
    )
    expect(await (await first.post('/')).text()).toBe('true')
    const [cookie] = await first.jar.getCookies(site)
    const second = visitor((request) =>
      two.respond(request, (session) => Response.json(session.identity?.userId ?? null)),
    )
    expect(await (await second.get('/')).json()).toBeNull()
    if (cookie !== undefined) await second.jar.setCookie(cookie, site)
    expect(await (await second.get('/')).json()).toBe('anna')
  })

  it('read what Flask-Session left in a real Redis', async () => {
    const { flask, flaskStore } = golden
    const client = await createClient({ url: process.env.REDIS_URL ?? '' }).connect()
    await client.set(`session:${flask.sid}`, Buffer.from(flaskStore.msgpack.kinds ?? '', 'base64'), {
      EX: 60,
    })
    await client.close()
    type Parts = { flaskSessions: ImportTransport; close(): Promise<void> }
    const { flaskSessions, close } = await recipe<Parts>('import.md', 'flask-redis.ts')
    const read = await flaskSessions.read({ cookie: `session=${flask.sid}` }, madeAt)
    expect(read).toMatchObject({ user: 'test_user', data: { text: '张三', big: 2n ** 63n } })
    expect(await flaskSessions.read({ cookie: `session=${'x'.repeat(43)}` }, madeAt)).toBeNull()
    await close()
  })
})

describe('the recipe for moving on one day', () => {
  it('lets who was signed in with Flask in, once, and removes Flask’s cookie', async () => {
    const { handler } = await recipe('import.md', 'switch.ts')
    const browser = visitor(handler)
    const old = cookieOf({ _permanent: true, username: 'test_user' }, 'your_secret_key', Date.now())
    await browser.jar.setCookie(`session=${old}; Path=/`, site)
    const switched = await browser.get('/dashboard')
    expect([switched.status, switched.headers.get('location')]).toEqual([307, `${site}/dashboard`])
    expect(await (await browser.get('/dashboard')).json()).toEqual({ hello: 'test_user' })
    expect((await browser.jar.getCookies(site)).map(({ key }) => key)).toEqual(['__Host-Http-holdfast'])
  })

  it('lets nobody in whom the directory does not know, or who made the cookie up', async () => {
    const { handler } = await recipe('import.md', 'switch.ts')
    for (const [user, key] of [
      ['ghost', 'your_secret_key'],
      ['anna', 'another'],
    ] as const) {
      const browser = visitor(handler)
      await browser.jar.setCookie(`session=${cookieOf({ username: user }, key, Date.now())}; Path=/`, site)
      expect((await browser.get('/dashboard')).status).toBe(401)
    }
  })
})
