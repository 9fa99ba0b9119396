import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import type { FetchSessions } from '../src/adapters/fetch.ts'
import { cookieJar } from '../src/testing/cookie-jar.ts'
import type { TestRunner } from '../src/testing/test-runner.ts'
import { secret } from './core/samples.ts'
import { freePort } from './free-port.ts'

const root = join(import.meta.dirname, '..')
const pages = ['library', 'express', 'hono', 'fastify', 'fetch', 'express-session']
const run = promisify(execFile)

/** What the recipes leave to their reader. */
const people = `
export const checkPassword = async (name: string, password: string): Promise<{ id: string; roles: string[] } | null> =>
  password === 'kelp' ? { id: name, roles: name === 'root' ? ['admin'] : [] } : null
`

type Handler = (request: Request, ...rest: unknown[]) => Promise<Response>

let folder = ''
const children: ChildProcess[] = []

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-library-docs-'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(folder, 'people.ts'), people)
  process.env.HOLDFAST_SECRET = secret
  process.env.SESSIONS_DB = join(folder, 'in-process.db')
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, { default: string }>
  }
  for (const page of pages) {
    const text = readFileSync(join(root, 'docs', `${page}.md`), 'utf8')
    for (const [, name = '', body = ''] of text.matchAll(/```ts\n\/\/ ([\w-]+\.ts)\n([\s\S]*?)```/g)) {
      // As it stands, but that the package's name leads to the source.
      const source = body.replace(/'holdfast(\/[\w-]+)?'/g, (_, part: string = '') => {
        const path = (exports[`.${part}`]?.default ?? `holdfast${part} is not exported`).replace(
          './dist/',
          'src/',
        )
        return `'${join(root, path.replace(/js$/, 'ts'))}'`
      })
      writeFileSync(join(folder, name), source)
    }
  }
})

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

const load = <Exports = { readonly handler: Handler }>(name: string): Promise<Exports> =>
  import(pathToFileURL(join(folder, name)).href) as Promise<Exports>

/** A browser in front of whatever answers requests. */
function visitor(origin: string, ask: (request: Request) => Promise<Response>) {
  const jar = cookieJar()
  const send = async (path: string, form?: Record<string, string>): Promise<Response> => {
    const request = new Request(`${origin}${path}`, {
      ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
      redirect: 'manual',
      headers: { origin, cookie: jar.header() },
    })
    const response = await ask(request)
    jar.take(response)
    return response
  }
  return { jar, send, json: async (path: string) => (await send(path)).json() as Promise<unknown> }
}

/** A recipe that is a server of its own, on another port. */
async function served(name: string): Promise<ReturnType<typeof visitor>> {
  const port = await freePort()
  const copy = name.replace('.ts', `-${port}.ts`)
  writeFileSync(join(folder, copy), readFileSync(join(folder, name), 'utf8').replaceAll('3000', String(port)))
  const env = { ...process.env, SESSIONS_DB: join(folder, `${port}.db`) }
  const child = spawn(process.execPath, [join(folder, copy)], {
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  children.push(child)
  const origin = `http://localhost:${port}`
  while (child.exitCode === null) {
    const isUp = await fetch(`http://127.0.0.1:${port}/none`).then(
      () => true,
      () => false,
    )
    if (isUp) return visitor(origin, (request) => fetch(request))
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`${name} ended with ${child.exitCode}.`)
}

/** What every one of the apps does. */
async function proveApp({ send, json, jar }: ReturnType<typeof visitor>): Promise<void> {
  expect((await send('/')).status).toBe(401)
  expect((await send('/sign-in', { name: 'anna', password: 'wrong' })).status).toBe(401)
  expect(jar.header()).toBe('')
  const signedIn = await send('/sign-in?return_to=%2F%2Fevil.example', { name: 'anna', password: 'kelp' })
  expect([signedIn.status, signedIn.headers.get('location')]).toEqual([303, '/'])
  expect(await json('/')).toEqual({ hello: 'anna', cart: [] })
  for (const item of ['kelp', 'sponge']) expect((await send('/cart', { item })).status).toBe(303)
  expect(await json('/')).toEqual({ hello: 'anna', cart: ['kelp', 'sponge'] })
  expect((await send('/admin')).status).toBe(403)
  await send('/sign-in', { name: 'root', password: 'kelp' })
  expect(await (await send('/admin')).text()).toBe('For administrators.')
  expect((await send('/sign-out', {})).status).toBe(303)
  expect((await send('/')).status).toBe(401)
}

describe('the docs of the library', () => {
  it.each(['express-app.ts', 'hono-app.ts', 'fastify-app.ts'])('%s does what it says', async (name) => {
    await proveApp(await served(name))
  })

  it('fetch-app.ts does what it says', async () => {
    const { handler } = await load('fetch-app.ts')
    await proveApp(visitor('http://localhost:3000', (request) => handler(request)))
  })

  it.each(['express-sockets.ts', 'hono-sockets.ts'])(
    '%s closes the socket of who signs out',
    async (name) => {
      const { send, jar } = await served(name)
      const { url } = await send('/sign-in/anna', {})
      const { origin, host } = new URL(url)
      const socket = new WebSocket(`ws://${host}/`, { headers: { origin, cookie: jar.header() } })
      expect(String((await once(socket, 'message'))[0])).toBe('hello anna')
      const closed = once(socket, 'close')
      await send('/sign-out', {})
      expect((await closed)[0]).toBe(4401)
    },
  )

  it('fetch-errors.ts tells the cookie with the answer to an error', async () => {
    const { withSession } = await load<Pick<FetchSessions<object>, 'withSession'>>('fetch-errors.ts')
    const handler = withSession(async (_, session) => {
      await session.signIn({ userId: 'anna' })
      throw new Error('secret')
    })
    const failed = await handler(new Request('http://localhost:3000/'))
    expect([failed.status, await failed.text()]).toEqual([500, 'Something went wrong.'])
    expect(failed.headers.getSetCookie()).toHaveLength(1)
  })

  it('next-route.ts gets the session before what Next.js passes', async () => {
    const { GET, POST } = await load<{ GET: Handler; POST: Handler }>('next-route.ts')
    const origin = 'http://localhost:3000'
    const context = { params: Promise.resolve({ id: '7' }) }
    expect((await GET(new Request(`${origin}/api/7`), context)).status).toBe(401)
    const headers = { origin, 'content-type': 'application/json' }
    const written = await POST(
      new Request(`${origin}/api/7`, { method: 'POST', headers, body: '{"item":"kelp"}' }),
      context,
    )
    expect([written.status, written.headers.getSetCookie().length]).toEqual([200, 1])
  })

  it('svelte-hooks.ts and astro-middleware.ts put the session where pages find it', async () => {
    type Locals = { session?: { set(key: string, value: string[]): void } }
    const request = new Request('http://localhost:3000/page')
    const page = (locals: Locals) => async (): Promise<Response> => {
      locals.session?.set('cart', ['kelp'])
      return new Response('page')
    }
    const { handle } = await load<{ handle: (input: object) => Promise<Response> }>('svelte-hooks.ts')
    const event = { request, locals: {} as Locals, getClientAddress: () => '192.0.2.7' }
    const kit = await handle({ event, resolve: page(event.locals) })
    const { onRequest } = await load<{ onRequest: (context: object, next: object) => Promise<Response> }>(
      'astro-middleware.ts',
    )
    const context = { request, clientAddress: '192.0.2.7', locals: {} as Locals }
    const astro = await onRequest(context, page(context.locals))
    for (const response of [kit, astro])
      expect([await response.text(), response.headers.getSetCookie().length]).toEqual(['page', 1])
  })

  it('moved-app.ts counts as it did with express-session', async () => {
    const { send, json } = await served('moved-app.ts')
    expect(await json('/')).toEqual({ views: 1 })
    expect(await json('/')).toEqual({ views: 2 })
    expect((await send('/forget', {})).status).toBe(204)
    expect(await json('/')).toEqual({ views: 1 })
  })

  it('session.ts keeps, flashes, updates, and follows the person', async () => {
    const { handler } = await load('session.ts')
    const { send, json } = visitor('https://app.example.org', (request) => handler(request))
    expect(await json('/')).toEqual({
      user: null,
      theme: null,
      cart: [],
      note: null,
      messages: [],
      devices: 0,
    })
    expect(await (await send('/theme', {})).json()).toMatchObject({
      theme: 'dark',
      messages: [{ kind: 'info', text: 'The theme is dark.' }],
    })
    await send('/sign-in', {})
    await send('/cart', {})
    expect(await (await send('/note', {})).json()).toMatchObject({
      ...{
        user: 'anna',
        theme: 'dark',
        cart: ['kelp'],
        note: 'wherever I sign in',
        messages: [],
        devices: 1,
      },
    })
    await send('/sign-out-everywhere', {})
    expect(await json('/')).toMatchObject({ user: null, note: null, devices: 0 })
  })

  it('own-tests.ts and own-store.ts run', async () => {
    const { seen } = await load<{ seen: string[] }>('own-tests.ts')
    expect(seen).toEqual(['nobody', 'anna', 'anna', 'nobody'])
    const { proveMyStore } = await load<{ proveMyStore(runner: TestRunner): void }>('own-store.ts')
    const names: string[] = []
    proveMyStore({
      describe: (_, tests) => tests(),
      it: (name) => names.push(name),
      expect: expect as TestRunner['expect'],
    })
    expect(names.length).toBeGreaterThan(60)
  })

  // The types of `ws` and of Hono's server disagree about what is optional, as long as nobody looks too closely.
  it.each([
    ['all others', true],
    ['hono-sockets.ts', false],
  ] as const)('type-check as they stand: %s', async (which, exactOptionalPropertyTypes) => {
    const compilerOptions = {
      ...{
        strict: true,
        noEmit: true,
        target: 'es2024',
        module: 'nodenext',
        types: ['node'],
        skipLibCheck: true,
      },
      ...{ allowImportingTsExtensions: true, erasableSyntaxOnly: true, exactOptionalPropertyTypes },
    }
    const isMeant = (name: string): boolean => (name === 'hono-sockets.ts') !== (which === 'all others')
    const files = readdirSync(folder).filter(
      (name) => name.endsWith('.ts') && !/-\d+\.ts$/.test(name) && isMeant(name),
    )
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
    const checked = run(join(root, 'node_modules/.bin/tsc'), ['-p', folder])
    await expect(checked.catch(({ stdout }) => stdout)).resolves.toMatchObject({ stdout: '' })
  })
})
