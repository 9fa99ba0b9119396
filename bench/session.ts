/** What the session engine costs per call, in microseconds of processor time. Alone: `node bench/session.ts`. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SessionStore } from '../src/core/contracts.ts'
import { cookieTransport } from '../src/core/cookie.ts'
import { openKeyring } from '../src/core/keyring.ts'
import { createSessionManager, type Issued, type SessionManager } from '../src/core/manager.ts'
import { defaultPolicy } from '../src/core/policy.ts'
import { tokenMint } from '../src/core/token.ts'
import { memoryStore } from '../src/stores/memory.ts'
import { sqliteStore } from '../src/stores/sqlite.ts'
import { median, table } from './report.ts'

const identity = { userId: 'anna', authenticator: 'bench', claims: { name: 'Anna', roles: ['diver'] } }
const device = { userAgent: 'bench', address: '127.0.0.1' }
const cookie = cookieTransport({ secure: true, name: '', port: 443 })
const people = 1_000
const foreign = '_ga=GA1.1.1234567.1234567; theme=dark; _streamlit_xsrf=2|a|b|c; lang=en'

interface Row {
  readonly name: string
  /** Microseconds per call, round by round. */
  readonly samples: readonly number[]
}

/** A Markdown table: the warm path (a cookie header in, a session out; the target is 2.5 µs) and what is beside it. */
export async function benchSession(quick: boolean): Promise<string> {
  const rounds = quick ? 3 : 15
  const rows = await onStore('memory', memoryStore(), rounds)
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-'))
  try {
    const store = await sqliteStore({ path: join(folder, 'bench.db') })
    try {
      rows.push(...(await onStore('SQLite', store, rounds)))
    } finally {
      await store.close()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return table(
    ['call', 'median, CPU µs', 'best round, CPU µs'],
    rows.map(({ name, samples }) => [name, median(samples).toFixed(2), Math.min(...samples).toFixed(2)]),
  )
}

async function onStore(kind: string, store: SessionStore, rounds: number): Promise<Row[]> {
  const keyring = await openKeyring(store, ['a secret for measuring, 32 bytes or more'])
  const sessions = createSessionManager({ store, keyring, policy: defaultPolicy })
  const credentials = await known(sessions)
  const alone = credentials.map((credential) => `${cookie.name}=${credential}`)
  const among = alone.map(
    (pair) => `_ga=GA1.1.1234567.1234567; theme=dark; _streamlit_xsrf=2|a|b|c; ${pair}; lang=en`,
  )
  const forged = flipped(credentials[0] ?? '')
  const mint = tokenMint(keyring)
  const nth = (list: readonly string[], index: number): string => list[index % people] ?? ''

  return [
    ...(kind === 'memory'
      ? [
          sync('cookie scan: ours alone', 100_000, rounds, (index) => cookie.read(nth(alone, index))),
          sync('cookie scan: ours among four others', 100_000, rounds, (index) =>
            cookie.read(nth(among, index)),
          ),
          sync('cookie scan: none of ours', 100_000, rounds, () => cookie.read(foreign)),
          sync('verify: the MAC of a credential', 20_000, rounds, (index) =>
            mint.read(nth(credentials, index)),
          ),
          sync('verify: a forged one refused', 20_000, rounds, () => mint.read(forged)),
        ]
      : []),
    sync(`${kind}: cookie header in, session out`, 50_000, rounds, (index) =>
      sessions.peek(cookie.read(nth(alone, index)) ?? ''),
    ),
    sync(`${kind}: the same, ours among four other cookies`, 50_000, rounds, (index) =>
      sessions.peek(cookie.read(nth(among, index)) ?? ''),
    ),
    await async(`${kind}: a session this process does not know yet`, 1_000, rounds, (index) =>
      sessions.load(nth(credentials, index)),
    ),
    await async(`${kind}: a forged credential`, 2_000, rounds, () => sessions.load(forged)),
    await async(`${kind}: sign in`, 100, rounds, () => signIn(sessions)),
  ]
}

/** Credentials of people who signed in. Held to what they must answer before any time is taken. */
async function known(sessions: SessionManager): Promise<string[]> {
  const credentials: string[] = []
  for (let index = 0; index < people; index++) {
    const credential = (await signIn(sessions))?.credential ?? ''
    await sessions.load(credential)
    if (sessions.peek(credential)?.identity?.userId !== 'anna')
      throw new Error('A known session was not found.')
    credentials.push(credential)
  }
  if ((await sessions.load(flipped(credentials[0] ?? ''))) !== null)
    throw new Error('A forged credential was taken.')
  return credentials
}

async function signIn(sessions: SessionManager): Promise<Issued | null> {
  return sessions.signIn({ identity, device, remember: true, begun: await sessions.begin(), replaces: null })
}

/** The credential with another last character but one: the last holds bits that count for nothing. */
function flipped(credential: string): string {
  return `${credential.slice(0, -2)}${credential.at(-2) === 'A' ? 'B' : 'A'}${credential.slice(-1)}`
}

function sync(name: string, calls: number, rounds: number, call: (index: number) => unknown): Row {
  const samples: number[] = []
  // The first round warms up.
  for (let round = 0; round <= rounds; round++) {
    const began = spent()
    for (let index = 0; index < calls; index++) call(index)
    if (round > 0) samples.push((spent() - began) / calls)
  }
  return { name, samples }
}

async function async(
  name: string,
  calls: number,
  rounds: number,
  call: (index: number) => Promise<unknown>,
): Promise<Row> {
  const samples: number[] = []
  for (let round = 0; round <= rounds; round++) {
    const began = spent()
    for (let index = 0; index < calls; index++) await call(index)
    if (round > 0) samples.push((spent() - began) / calls)
  }
  return { name, samples }
}

/** Microseconds of processor time this thread has used: other work on the machine does not count. */
function spent(): number {
  const { user, system } = process.threadCpuUsage()
  return user + system
}

if (import.meta.main) console.log(await benchSession(process.argv.includes('--quick')))
