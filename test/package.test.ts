import { execFile } from 'node:child_process'
import { access, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { publint } from 'publint'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { build } from '../scripts/build.ts'
import { start } from './cli/command.ts'
import { app, runtimes, visit, visitInWorkerd } from './runtimes.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))

interface Manifest {
  readonly bin: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>
  readonly dependencies: Readonly<Record<string, string>>
}

const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Manifest

// What somebody who builds on it has installed beside it.
const neighbours = ['express', 'fastify', 'hono', '@types/node', '@types/express']

const consumerSource = `
import { createSessions, returnPath, type RequestSession, type Sessions } from 'holdfast'
import { expressSessions } from 'holdfast/express'
import { fastifySessions } from 'holdfast/fastify'
import { fetchSessions } from 'holdfast/fetch'
import { honoSessions } from 'holdfast/hono'
import { memoryStore } from 'holdfast/memory'
import { sqliteStore } from 'holdfast/sqlite'
import { cookieJar, describeStore, fakeClock } from 'holdfast/testing'
import express from 'express'
import { fastify } from 'fastify'
import { Hono } from 'hono'

interface Data { cart: string[]; seenAt: Date }
export const sessions: Sessions<Data> = await createSessions<Data>({ store: memoryStore(), origin: 'http://localhost:3000' })
export const inFile = sqliteStore({ path: 'x.db' })

export async function typed(session: RequestSession<Data>): Promise<number> {
  session.set('cart', ['kelp'])
  // @ts-expect-error another type
  session.set('cart', 1)
  // @ts-expect-error another key
  session.set('basket', [])
  const cart: string[] | undefined = await session.get('cart')
  return (await session.update('cart', (present = []) => [...present, 'x'])).length + (cart?.length ?? 0)
}

const onExpress = expressSessions(sessions)
express().use(onExpress.middleware).get('/', onExpress.requireSignIn({ roles: ['a'] }), async (request, response) => {
  response.json(await typed(onExpress.sessionOf(request)))
})
const onHono = honoSessions(sessions)
new Hono().use(onHono.middleware).get('/', onHono.requireSignIn(), async (c) => c.json(await typed(c.var.session)))
const onFastify = fastifySessions(sessions)
fastify().register(onFastify.plugin).get('/', { preHandler: onFastify.requireSignIn() }, (request) => typed(onFastify.sessionOf(request)))
export const handler: (request: Request) => Promise<Response> = fetchSessions(sessions).withSession(
  async (_, session) => Response.json(await typed(session)),
)
export const others = [returnPath('/x', ''), cookieJar(), fakeClock(), describeStore]
`

/** The files that an export or a program leads to, in the source. */
function sources(): string[] {
  const targets = Object.values(manifest.exports).flatMap((one) =>
    typeof one === 'string' ? [one] : [one.types, one.default],
  )
  return [...targets, ...Object.values(manifest.bin)]
    .filter((target) => target.includes('dist/'))
    .map((target) => target.replace(/^(?:\.\/)?dist\//, 'src/').replace(/(?:\.d\.ts|\.js)$/, '.ts'))
}

describe('package.json', () => {
  it('leads nowhere but to files that are there', async () => {
    for (const file of sources()) await expect(access(join(root, file)), file).resolves.toBeUndefined()
  })
})

describe('the package', { timeout: 240_000 }, () => {
  let folder = ''
  let tarball = ''
  const installed = (...path: string[]): string => join(folder, 'node_modules/holdfast', ...path)

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-package-'))
    await build(false)
    const npm = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder]
    const { stdout } = await run('npm', npm, { cwd: root, maxBuffer: 16 * 1024 * 1024 })
    const [packed] = JSON.parse(stdout) as readonly { filename: string }[]
    tarball = join(folder, packed?.filename ?? '')
    await mkdir(installed(), { recursive: true })
    await run('tar', ['-xzf', tarball, '-C', installed(), '--strip-components=1'])
    // Its dependencies as they are here: what is proven is what is in the package.
    for (const name of [...Object.keys(manifest.dependencies), ...neighbours]) {
      await mkdir(join(folder, 'node_modules', name, '..'), { recursive: true })
      await symlink(join(root, 'node_modules', name), join(folder, 'node_modules', name))
    }
  }, 240_000)

  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('gives the library to who imports it', async () => {
    await writeFile(
      join(folder, 'use.mjs'),
      `import { createSessionManager } from 'holdfast'; console.log(typeof createSessionManager)`,
    )
    expect((await run(process.execPath, ['use.mjs'], { cwd: folder })).stdout).toBe('function\n')
  })

  it('loads nothing at an entry point but what that one is for', async () => {
    // Of the packages in the store of the machine, those that a file of ours asks for.
    await writeFile(
      join(folder, 'loads.mjs'),
      `import { registerHooks } from 'node:module'
      const asked = new Set()
      registerHooks({ resolve(name, context, next) {
        const found = next(name, context)
        const isOurs = context.parentURL?.includes('/node_modules/holdfast/')
        if (isOurs && !name.startsWith('.') && !name.startsWith('node:')) asked.add(name)
        return found
      } })
      await import(process.argv[2])
      console.log(JSON.stringify([...asked].sort()))`,
    )
    const loads: Record<string, unknown> = {}
    for (const entry of Object.keys(manifest.exports)) {
      if (entry === './package.json') continue
      const { stdout } = await run(process.execPath, ['loads.mjs', `holdfast${entry.slice(1)}`], {
        cwd: folder,
      })
      loads[entry] = JSON.parse(stdout)
    }
    expect(loads).toEqual({
      '.': [],
      './fetch': [],
      './hono': [],
      './express': [],
      './express-session': [],
      './fastify': [],
      './memory': [],
      './sqlite': [],
      './redis': ['redis'],
      './postgres': ['pg'],
      './jwt': ['jose'],
      './import': ['@msgpack/msgpack'],
      './testing': [],
    })
  })

  it.each(['nodenext', 'bundler'])('type-checks where modules are found the way of %s', async (way) => {
    const consumer = join(folder, way)
    await mkdir(consumer)
    await writeFile(join(consumer, 'package.json'), '{ "type": "module" }')
    await writeFile(join(consumer, 'consumer.ts'), consumerSource)
    const compilerOptions = {
      ...{ strict: true, exactOptionalPropertyTypes: true, noEmit: true, target: 'es2024', types: ['node'] },
      ...(way === 'nodenext' ? { module: 'nodenext' } : { module: 'preserve', moduleResolution: 'bundler' }),
      skipLibCheck: true,
    }
    await writeFile(
      join(consumer, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: ['consumer.ts'] }),
    )
    const checked = run(join(root, 'node_modules/.bin/tsc'), ['-p', consumer], { cwd: folder })
    await expect(checked.catch(({ stdout }) => stdout)).resolves.toMatchObject({ stdout: '' })
  })

  it('is found sound by publint and by are-the-types-wrong', async () => {
    const { messages } = await publint({ pkgDir: installed(), pack: false })
    expect(messages).toEqual([])
    const attw = [tarball, '--profile', 'esm-only', '--format', 'json']
    const { stdout } = await run(join(root, 'node_modules/.bin/attw'), attw, {
      cwd: folder,
      maxBuffer: 64 * 1024 * 1024,
    })
    const { analysis } = JSON.parse(stdout) as { analysis: { problems: { resolutionKind?: string }[] } }
    // What is only an ES module is none to whoever can read no other, and says so.
    const ignored = new Set(['node10', 'node16-cjs'])
    expect(analysis.problems.filter(({ resolutionKind = '' }) => !ignored.has(resolutionKind))).toEqual([])
  })

  it('runs on Node 22, on this one, and in workerd, with the same answers', async () => {
    const { node22, workerd } = await runtimes()
    const every = Object.keys(manifest.exports).filter((entry) => entry !== './package.json')
    await writeFile(
      join(folder, 'visit.mjs'),
      `${app}
      for (const entry of ${JSON.stringify(every)}) await import('holdfast' + entry.slice(1))
      ${visit.toString().replace(/^export /, '')}
      console.log(JSON.stringify({ version: process.versions.node, seen: await visit(handle) }))`,
    )
    const seen = [
      '200 {"user":null,"cart":[],"devices":0}',
      '200 {"user":"anna","cart":[],"devices":1}',
      '200 {"user":"anna","cart":["kelp"],"devices":1}',
      '200 {"user":null,"cart":[],"devices":0}',
      '200 {"user":null,"cart":[],"devices":0}',
    ]
    for (const [node, version] of [
      [node22, /^22\./],
      [process.execPath, new RegExp(`^${process.versions.node}$`)],
    ] as const) {
      const { stdout } = await run(node, ['--no-warnings', 'visit.mjs'], { cwd: folder })
      expect(JSON.parse(stdout)).toEqual({ version: expect.stringMatching(version), seen })
    }
    expect(await visitInWorkerd(workerd, folder)).toEqual(seen)
  })

  it('keeps its inner files to itself, each of them', async () => {
    await writeFile(
      join(folder, 'dig.mjs'),
      `import { readdirSync } from 'node:fs'
      const found = []
      for (const name of readdirSync('node_modules/holdfast', { recursive: true })) {
        if (!/\\.(?:js|ts|py|json)$/.test(name) || name === 'package.json') continue
        const code = await import('holdfast/' + name).then(() => 'loaded', ({ code }) => code)
        found.push([name, code])
      }
      console.log(JSON.stringify({
        files: found.length, open: found.filter(([, code]) => code !== 'ERR_PACKAGE_PATH_NOT_EXPORTED'),
      }))`,
    )
    const { stdout } = await run(process.execPath, ['dig.mjs'], { cwd: folder })
    const { files, open } = JSON.parse(stdout) as { files: number; open: unknown }
    expect(files).toBeGreaterThan(500)
    expect(open).toEqual([])
  })

  it('holds what the app needs to find, and nothing that was made here', async () => {
    await access(installed('python/src/holdfast/_hook/sitecustomize.py'))
    await access(installed('dist/client/client.js'))
    const { stdout } = await run('find', [
      installed(),
      '-name',
      '*.pyc',
      '-o',
      '-name',
      '*.db',
      '-o',
      '-name',
      'users.yaml',
    ])
    expect(stdout).toBe('')
  })

  it('runs an app with the hook on its path', async () => {
    const main = installed('dist/cli/main.js')
    const app = `require('http').createServer((_, r) => r.end(process.env.PYTHONPATH)).listen(process.env.PORT, '127.0.0.1')`
    const args = ['run', '--listen', '127.0.0.1:0', '--access', 'anyone', '--', process.execPath, '-e', app]
    const started = start(args, { folder, main })
    const [, url = ''] = await started.printed(/listening url=(\S+)/)
    const [hook = ''] = (await (await fetch(url)).text()).split(':')
    started.child.kill('SIGTERM')
    expect((await started.ended).code).toBe(0)
    await access(join(hook, 'sitecustomize.py'))
    expect(hook).toContain('node_modules/holdfast/python/src')
  })
})
