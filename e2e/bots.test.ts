import { readdir, readlink } from 'node:fs/promises'
import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Running, removeFolder, runGateway } from './gateway.ts'

let guarded: Running
let open: Running

beforeAll(async () => {
  guarded = await runGateway()
  open = await runGateway({ options: ['--access', 'anyone'] })
})
afterAll(async () => {
  for (const gateway of [guarded, open]) {
    await gateway?.stop()
    if (gateway !== undefined) await removeFolder(gateway.folder)
  }
})

const agents = {
  balancer: { 'user-agent': 'kube-probe/1.33' },
  crawler: { 'user-agent': 'Mozilla/5.0 (compatible; Googlebot/2.1)', accept: 'text/html,*/*;q=0.8' },
  script: { 'user-agent': 'curl/8.14.1', accept: '*/*' },
}

const visits: readonly (readonly [
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
])[] = [
  ['GET', '/_holdfast/live', agents.balancer],
  ['GET', '/_holdfast/ready', agents.balancer],
  ['GET', '/_stcore/health', agents.balancer],
  ['HEAD', '/', agents.balancer],
  ['GET', '/', agents.crawler],
  ['GET', '/robots.txt', agents.crawler],
  ['GET', '/second?page=2', agents.crawler],
  ['GET', '/_stcore/host-config', agents.script],
  ['GET', '/wp-login.php', agents.script],
  ['OPTIONS', '/', agents.script],
]

interface Seen {
  readonly status: number
  readonly headers: IncomingHttpHeaders
}

function visit(
  gateway: Running,
  agent: Agent,
  [method, path, headers]: (typeof visits)[number],
): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port: gateway.port, method, path, headers, agent },
      (answer) => {
        answer.resume()
        answer.once('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers }))
      },
    )
    sent.once('error', reject)
    sent.end()
  })
}

/** Makes so many visits, thirty-two at a time; returns how often each status came, and every cookie name set. */
async function crawl(
  gateway: Running,
  times: number,
): Promise<{ statuses: Set<number>; cookies: Set<string> }> {
  const agent = new Agent({ keepAlive: true, maxSockets: 32 })
  const statuses = new Set<number>()
  const cookies = new Set<string>()
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < times) {
      const chosen = visits[next++ % visits.length]
      if (chosen === undefined) return
      const { status, headers } = await visit(gateway, agent, chosen)
      statuses.add(status)
      for (const line of headers['set-cookie'] ?? []) cookies.add(line.split('=', 1)[0] ?? '')
    }
  }
  await Promise.all(Array.from({ length: 32 }, worker))
  agent.destroy()
  return { statuses, cookies }
}

/** How many rows each table of the store has, and how often anybody wrote to it, seen by one reader. */
function openStore(gateway: Running): { look(): unknown; close(): void } {
  const database = new DatabaseSync(join(gateway.folder, 'store/holdfast.db'), { readOnly: true })
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all()
  const count = (name: unknown): unknown =>
    database.prepare(`SELECT count(*) AS rows FROM "${name}"`).get()?.rows
  return {
    look: () => ({
      writes: database.prepare('PRAGMA data_version').get()?.data_version,
      rows: tables.map(({ name }) => [name, count(name)]),
    }),
    close: () => database.close(),
  }
}

/** How many sockets the gateway's process holds. */
async function sockets(gateway: Running): Promise<number> {
  const folder = `/proc/${gateway.pid}/fd`
  const names = await readdir(folder)
  const targets = await Promise.all(names.map((name) => readlink(join(folder, name)).catch(() => '')))
  return targets.filter((target) => target.startsWith('socket:')).length
}

describe('B20: health checks and bots', () => {
  it('ten thousand of them leave no session, no cookie, no row and no connection', async () => {
    const store = openStore(guarded)
    const before = store.look()
    const held = await sockets(guarded)
    const { statuses, cookies } = await crawl(guarded, 10_000)
    expect([...statuses].sort()).toEqual([200, 303, 401])
    expect([...cookies]).toEqual([])
    expect(store.look()).toEqual(before)
    store.close()
    await expect.poll(() => sockets(guarded), { timeout: 10_000 }).toBeLessThanOrEqual(held)
  }, 120_000)

  it('leave none either where anybody may come in', async () => {
    const store = openStore(open)
    const before = store.look()
    const held = await sockets(open)
    const { statuses, cookies } = await crawl(open, 1_000)
    expect(statuses).toContain(200)
    // Streamlit's own, on its health path.
    expect([...cookies]).toEqual(['_streamlit_xsrf'])
    expect(store.look()).toEqual(before)
    store.close()
    await expect.poll(() => sockets(open), { timeout: 10_000 }).toBeLessThanOrEqual(held)
  }, 120_000)

  it('are given a form on the sign-in page, and the form’s own cookie, which is worth nothing', async () => {
    const store = openStore(guarded)
    const before = store.look()
    const answer = await fetch(`${guarded.url}/_holdfast/sign-in`)
    const names = answer.headers.getSetCookie().map((line) => line.split('=', 1)[0])
    expect(names).toEqual([`holdfast-form-${guarded.port}`])
    expect(store.look()).toEqual(before)
    store.close()
  })
})
