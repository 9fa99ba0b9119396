/** The snippets about state in the docs, run as they stand: only the package's name leads to the source. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { CookieJar } from 'tough-cookie'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ScopedState } from '../src/core/state.ts'
import { createUrlSessions, type UrlSessions } from '../src/core/url-session.ts'
import { secret, startProcess } from './core/samples.ts'

const root = join(import.meta.dirname, '..')
let folder = ''

async function snippet<Exports>(page: string, file: string): Promise<Exports> {
  const text = readFileSync(join(root, 'docs', page), 'utf8')
  const [, body = ''] = new RegExp(`\`\`\`ts\\n// ${file}\\n([\\s\\S]*?)\`\`\``).exec(text) ?? []
  expect(body, `docs/${page} has no snippet ${file}`).not.toBe('')
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, { default: string }>
  }
  const source = body.replace(/'holdfast(\/[\w-]+)?'/g, (_, part: string = '') => {
    const path = exports[`.${part}`]?.default.replace('./dist/', 'src/').replace(/js$/, 'ts')
    return `'${pathToFileURL(join(root, path ?? `holdfast exports no ${part}`)).href}'`
  })
  const path = join(folder, file)
  writeFileSync(path, source)
  return (await import(pathToFileURL(path).href)) as Exports
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-docs-'))
  process.env.SESSIONS_DB = join(folder, 'sessions.db')
  process.env.HOLDFAST_SECRET = secret
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the docs on state', () => {
  it('show what is written of values, as it is written', async () => {
    const { text, again } = await snippet<{ text: string; again: { items: Set<string> } }>(
      'values.md',
      'values.ts',
    )
    expect(readFileSync(join(root, 'docs/values.md'), 'utf8')).toContain(`// ${text}`)
    expect(again.items).toEqual(new Set(['kelp']))
  })

  it('show settings that follow a person and nobody else', async () => {
    const { handler } = await snippet<{ handler(request: Request): Promise<Response> }>(
      'state.md',
      'state.ts',
    )
    const browser = () => {
      const jar = new CookieJar(undefined, { prefixSecurity: 'strict' })
      return async (path: string, method = 'GET'): Promise<Response> => {
        const headers: Record<string, string> = {
          cookie: await jar.getCookieString('https://shop.example.org'),
        }
        if (method === 'POST') headers.origin = 'https://shop.example.org'
        const response = await handler(new Request(`https://shop.example.org${path}`, { method, headers }))
        for (const line of response.headers.getSetCookie())
          await jar.setCookie(line, 'https://shop.example.org')
        return response
      }
    }
    const [desk, phone, other] = [browser(), browser(), browser()]
    expect((await desk('/')).status).toBe(401)
    for (const [visit, name] of [
      [desk, 'anna'],
      [phone, 'anna'],
      [other, 'ben'],
    ] as const)
      await visit(`/enter?as=${name}`)
    expect((await desk('/?theme=dark', 'POST')).status).toBe(200)
    expect(await (await phone('/')).json()).toMatchObject({ theme: 'dark' })
    expect(await (await other('/')).json()).toEqual({})
  })

  it('show an object that is kept', async () => {
    const { add } = await snippet<{ add(scope: ScopedState, item: string): Promise<number> }>(
      'state.md',
      'persisted.ts',
    )
    const { sessions, signIn } = await startProcess()
    const state = sessions.state.of(sessions.capability((await signIn()).session) ?? '')
    if (state === null) throw new Error('The session opens no state.')
    expect(await add(state.session, 'kelp')).toBe(1)
    expect(await add(state.session, 'wrack')).toBe(2)
  })

  it('show an object that is saved with the response', async () => {
    const { handler } = await snippet<{ handler(request: Request): Promise<Response> }>(
      'state.md',
      'objects.ts',
    )
    const jar = new CookieJar(undefined, { prefixSecurity: 'strict' })
    const ask = async (path: string, method: string): Promise<unknown> => {
      const cookie = await jar.getCookieString('https://shop.example.org')
      const headers = { cookie, origin: 'https://shop.example.org' }
      const response = await handler(new Request(`https://shop.example.org${path}`, { method, headers }))
      for (const line of response.headers.getSetCookie())
        await jar.setCookie(line, 'https://shop.example.org')
      return response.json()
    }
    await ask('/?item=kelp', 'POST')
    expect(await ask('/?item=wrack', 'POST')).toEqual(['kelp', 'wrack'])
    expect(await ask('/?item=dulse', 'GET')).toEqual(['kelp', 'wrack'])
  })

  it('show a page that comes back by its address', async () => {
    const { page } = await snippet<{
      page(urls: UrlSessions, address: URL): Promise<{ url: URL; visits: number }>
    }>('state.md', 'url.ts')
    const { store, keyring, clock } = await startProcess()
    const urls = createUrlSessions({ store, keyring, now: clock.now })
    const first = await page(urls, new URL('https://shop.example.org/report?x=1'))
    expect(first.visits).toBe(1)
    expect((await page(urls, first.url)).visits).toBe(2)
    expect((await page(urls, new URL('https://shop.example.org/report'))).visits).toBe(1)
  })
})
