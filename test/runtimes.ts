/** The other places where the library must run: Node 22, and a runtime of the edge. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { build } from 'esbuild'

const run = promisify(execFile)
const here = join(import.meta.dirname, 'runtimes')
const packages = join(here, 'node_modules')

export interface Runtimes {
  readonly node22: string
  readonly workerd: string
}

/** Their programs, installed where they are not yet. */
export async function runtimes(): Promise<Runtimes> {
  if (!existsSync(join(packages, 'workerd'))) {
    await run('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock'], { cwd: here })
  }
  // One package for each kind of machine: npm took the one for this.
  const [own = ''] = readdirSync(join(packages, '@cloudflare')).filter((name) => name.startsWith('workerd-'))
  return {
    node22: join(packages, 'node/bin/node'),
    workerd: join(packages, '@cloudflare', own, 'bin/workerd'),
  }
}

/** An app that uses the package as it is installed. Nothing is opened before the first request: workerd forbids it. */
export const app = `
import { createSessions } from 'holdfast'
import { fetchSessions } from 'holdfast/fetch'
import { memoryStore } from 'holdfast/memory'

let opening
async function open() {
  const sessions = await createSessions({ store: memoryStore(), origin: 'http://localhost:3000' })
  return fetchSessions(sessions).withSession(async (request, session) => {
    const { pathname } = new URL(request.url)
    if (pathname === '/in') await session.signIn({ userId: 'anna', claims: { roles: ['diver'] } })
    if (pathname === '/out') await session.signOut()
    if (pathname === '/cart') await session.update('cart', (cart = new Set()) => new Set([...cart, 'kelp']))
    const cart = [...((await session.get('cart')) ?? [])]
    return Response.json({ user: session.identity?.userId ?? null, cart, devices: (await session.devices()).length })
  })
}
export const handle = async (request) => (await (opening ??= open()))(request)
`

/** What a visitor of the app sees, step by step; the last one is who has a copy of the cookie. */
export async function visit(ask: (request: Request) => Promise<Response>): Promise<readonly string[]> {
  let cookie = ''
  const seen: string[] = []
  const step = async (method: string, path: string, own: string = cookie): Promise<void> => {
    const headers = { origin: 'http://localhost:3000', ...(own === '' ? {} : { cookie: own }) }
    const response = await ask(new Request(`http://localhost:3000${path}`, { method, headers }))
    const [line] = response.headers.getSetCookie()
    if (line !== undefined) cookie = line.includes('Max-Age=0') ? '' : (line.split(';', 1)[0] ?? '')
    seen.push(`${response.status} ${await response.text()}`)
  }
  await step('GET', '/')
  await step('POST', '/in')
  await step('POST', '/cart')
  const copy = cookie
  await step('POST', '/out')
  await step('GET', '/', copy)
  return seen
}

/** The app in workerd, from the folder in which the package is installed. Resolves to what `visit` saw. */
export async function visitInWorkerd(workerd: string, folder: string): Promise<readonly string[]> {
  await writeFile(join(folder, 'edge.mjs'), `${app}\nexport default { fetch: handle }`)
  // As every tool for workerd does: one file, with Node's own modules left to the runtime.
  await build({
    entryPoints: [join(folder, 'edge.mjs')],
    outfile: join(folder, 'worker.mjs'),
    bundle: true,
    format: 'esm',
    external: ['node:*'],
    logLevel: 'error',
  })
  await writeFile(join(folder, 'edge.capnp'), edge)
  const child = spawn(workerd, ['serve', 'edge.capnp', '--control-fd=3'], {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  })
  try {
    const [line] = (await once(createInterface(child.stdio[3] as Readable), 'line')) as [string]
    const { port } = JSON.parse(line) as { port: number }
    return await visit(({ url, method, headers }) =>
      fetch(`http://127.0.0.1:${port}${new URL(url).pathname}`, { method, headers }),
    )
  } finally {
    child.kill('SIGKILL')
  }
}

const edge = `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [ (name = "main", worker = .app) ],
  sockets = [ (name = "http", address = "127.0.0.1:0", http = (), service = "main") ]
);
const app :Workerd.Worker = (
  modules = [ (name = "worker.mjs", esModule = embed "worker.mjs") ],
  compatibilityDate = "2026-06-01",
  compatibilityFlags = ["nodejs_compat"]
);
`
