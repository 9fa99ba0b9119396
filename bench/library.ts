/**
 * What sessions add to a request, in processor time: each library in its framework, against the framework alone. Every
 * contender is a process of its own and is proved before it is timed. Sessions are in memory, then in one Redis. Alone:
 * `node bench/library.ts`.
 */
import { Pool } from 'undici'
import { startRedis } from '../test/stores/redis-server.ts'
import { type Contender, start } from './contender.ts'
import { median, table } from './report.ts'

const libraries = [
  ['**Holdfast**', 'express', 'session-holdfast-express.ts'],
  ['express-session', 'express', 'session-express-session.ts'],
  ['iron-session', 'express', 'session-iron.ts'],
  ['**Holdfast**', 'fastify', 'session-holdfast-fastify.ts'],
  ['@fastify/session', 'fastify', 'session-fastify.ts'],
  ['**Holdfast**', 'hono', 'session-holdfast-hono.ts'],
  ['hono-sessions', 'hono', 'session-hono.ts'],
] as const

const tasks = {
  'who is signed in': ['GET', '/lean/who'],
  'one value read': ['GET', '/lean/value'],
  'one value written': ['POST', '/lean/set?n='],
} as const

type Task = keyof typeof tasks

interface Entrant {
  readonly name: string
  readonly framework: string
  readonly contender: Contender
  readonly cookie: string
  /** Microseconds per request, round by round. */
  readonly samples: Record<Task, number[]>
}

const origin = 'http://localhost:3000'
// What is sent and called though there is no session: the least that any can add.
const nothing = 'a cookie, and a middleware that does nothing'
const anyCookie = `session=${'k'.repeat(80)}`
const connections = 16

async function entrant(
  name: string,
  framework: string,
  script: string,
  arg: string,
  known?: string,
): Promise<Entrant> {
  const contender = await start(`${name} in ${framework}`, `contenders/${script}`, arg)
  const cookie = known ?? (await signedIn(contender))
  const samples = { 'who is signed in': [], 'one value read': [], 'one value written': [] }
  return { name, framework, contender, cookie, samples }
}

/** A cookie that is proved: it knows who signed in, it keeps what is written, and without it nobody is there. */
async function signedIn({ name, port }: Contender): Promise<string> {
  const url = `http://127.0.0.1:${port}`
  const cookies = new Map<string, string>()
  const ask = async (path: string, method: string = 'GET'): Promise<string> => {
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ')
    const response = await fetch(url + path, { method, headers: { cookie, origin } })
    for (const line of response.headers.getSetCookie()) {
      const [, key = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      cookies.set(key, value)
    }
    return response.text()
  }
  const before = await ask('/lean/who')
  await ask('/sign-in')
  await ask('/lean/set?n=7', 'POST')
  const [who, value] = [await ask('/lean/who'), await ask('/lean/value')]
  if (before.includes('anna') || who !== '{"user":"anna"}' || value !== '{"a":"7"}')
    throw new Error(`${name} answers ${before}, ${who}, ${value}`)
  return [...cookies].map((pair) => pair.join('=')).join('; ')
}

/** Each answer is looked at: who is nobody by now would be fast, and who was renewed meanwhile slow. */
function isRight(answer: string): boolean {
  return answer === '{"user":"anna"}' || /^\{"a":"\d+"\}$/.test(answer)
}

async function load({ contender, cookie }: Entrant, task: Task, requests: number): Promise<number> {
  const pool = new Pool(`http://127.0.0.1:${contender.port}`, { connections, pipelining: 1 })
  const [method, path] = tasks[task]
  const headers = { origin, ...(cookie === '' ? {} : { cookie }) }
  let left = requests
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      const { body, statusCode } = await pool.request({
        path: method === 'POST' ? path + left : path,
        method,
        headers,
      })
      const answer = await body.text()
      // "Try again": a machine that is busy with other things kept Redis from answering in time.
      if (statusCode === 503) left += 1
      else if (statusCode !== 200 || !isRight(answer))
        throw new Error(`${contender.name} answered ${statusCode} ${answer}`)
    }
  }
  const before = contender.cpu()
  await Promise.all(Array.from({ length: connections }, worker))
  const used = contender.cpu() - before
  await pool.close()
  return used / requests
}

/** Each in turn, forwards and backwards. The round before the first warms up. */
async function measure(entrants: readonly Entrant[], round: number, requests: number): Promise<void> {
  const order = round % 2 === 0 ? entrants : entrants.toReversed()
  for (const task of Object.keys(tasks) as Task[]) {
    for (const one of order) {
      const cpu = await load(one, task, requests)
      if (round >= 0) one.samples[task].push(cpu)
    }
  }
}

/** Two Markdown tables: microseconds that each library adds, and how many times as much as Holdfast in the same framework. */
export async function benchLibrary(rounds: number, requests: number): Promise<string> {
  const redis = await startRedis()
  try {
    const inMemory = await compare('', rounds, requests)
    const inRedis = await compare(`redis://127.0.0.1:${redis.port}`, rounds, requests)
    const shared = 'With the sessions in one Redis (iron-session keeps none anywhere):'
    return `With the sessions in the memory of the process:\n\n${inMemory}\n\n${shared}\n\n${inRedis}`
  } finally {
    await redis.stop()
  }
}

/** One of the two tables. */
export async function compare(redisUrl: string, rounds: number, requests: number): Promise<string> {
  const entrants: Entrant[] = []
  try {
    for (const framework of ['express', 'fastify', 'hono']) {
      entrants.push(await entrant('alone', framework, 'session-bare.ts', framework, ''))
      entrants.push(await entrant(nothing, framework, 'session-bare.ts', `${framework} nothing`, anyCookie))
    }
    for (const [name, framework, script] of libraries) {
      if (redisUrl === '' || name !== 'iron-session') {
        entrants.push(await entrant(name, framework, script, redisUrl))
      }
    }
    for (let round = -1; round < rounds; round++) {
      await measure(entrants, round, requests)
      console.error(`  library: round ${round + 1} of ${rounds}`)
    }
    return summary(entrants)
  } finally {
    for (const { contender } of entrants) contender.stop()
  }
}

function summary(entrants: readonly Entrant[]): string {
  const find = (name: string, framework: string): Entrant | undefined =>
    entrants.find((one) => one.name === name && one.framework === framework)
  const added = (one: Entrant | undefined, task: Task): number => {
    const alone = find('alone', one?.framework ?? '')?.samples[task] ?? []
    // Round by round: a machine's moods last longer than one.
    return median((one?.samples[task] ?? []).map((cpu, round) => cpu - (alone[round] ?? Number.NaN)))
  }
  const rows = entrants.map((one) => {
    const cells = (Object.keys(tasks) as Task[]).map((task) => {
      if (one.name === 'alone') return median(one.samples[task]).toFixed(1)
      const more = added(one, task)
      const ours = added(find('**Holdfast**', one.framework), task)
      const isPeer = one.name !== '**Holdfast**' && one.name !== nothing
      // Of nearly nothing there is no ratio.
      return isPeer && ours >= 1 ? `${signed(more)} (× ${(more / ours).toFixed(1)})` : signed(more)
    })
    return [`${one.framework}: ${one.name}`, ...cells]
  })
  return table(
    ['CPU µs per request', ...Object.keys(tasks)],
    rows.toSorted(([a = ''], [b = '']) => (a.slice(0, 5) < b.slice(0, 5) ? -1 : 0)),
  )
}

function signed(more: number): string {
  return `${more < 0 ? '−' : '+'}${Math.abs(more).toFixed(1)}`
}

if (import.meta.main) {
  const quick = process.argv.includes('--quick')
  console.log(await benchLibrary(quick ? 3 : 7, quick ? 800 : 4_000))
}
