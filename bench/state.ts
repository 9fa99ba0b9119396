/** What keeping state costs: a write until it is on the disk, and what a run of a Streamlit app pays for being kept. */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { pythonBin } from '../e2e/gateway.ts'
import { openKeyring } from '../src/core/keyring.ts'
import { createSessionManager } from '../src/core/manager.ts'
import { defaultPolicy } from '../src/core/policy.ts'
import type { ScopedState, SessionState } from '../src/core/state.ts'
import { createUrlSessions } from '../src/core/url-session.ts'
import { startStateListener } from '../src/gateway/state/state-listener.ts'
import { stateRoutes } from '../src/gateway/state/state-routes.ts'
import { memoryStore } from '../src/stores/memory.ts'
import { sqliteStore } from '../src/stores/sqlite.ts'
import { median, table } from './report.ts'

const driver = fileURLToPath(new URL('contenders/kept_runs.py', import.meta.url))
const secret = 'a secret for measuring only, thirty-two bytes or more'
const key = 'a key for measuring only, as long as a real one is'

/** The state API before a store, as the gateway has it, and a session in it. */
interface Kept extends AsyncDisposable {
  readonly url: string
  readonly capability: string
  readonly state: SessionState
}

async function keepIn(kind: 'memory' | 'SQLite'): Promise<Kept> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  const store = kind === 'memory' ? memoryStore() : await sqliteStore({ path: join(folder, 'state.db') })
  const keyring = await openKeyring(store, [secret])
  const manager = createSessionManager({ store, keyring, policy: defaultPolicy })
  const device = { userAgent: '', address: '' }
  const identity = { userId: 'anna', authenticator: 'bench', claims: {} }
  const issued = await manager.signIn({
    identity,
    remember: false,
    device,
    begun: await manager.begin(),
    replaces: null,
  })
  const capability = issued === null ? null : manager.capability(issued.session)
  const state = capability === null ? null : manager.state.of(capability)
  if (capability === null || state === null) throw new Error('The session opens no state.')
  const urlSessions = createUrlSessions({ store, keyring })
  const handle = stateRoutes({ state: manager.state, urlSessions, log: { write: () => undefined } })
  const listener = await startStateListener({ listen: { host: '127.0.0.1', port: 0 }, key, handle })
  return {
    ...{ url: `http://127.0.0.1:${listener.port}`, capability, state },
    async [Symbol.asyncDispose]() {
      await listener.close()
      await store.close()
      rmSync(folder, { recursive: true })
    },
  }
}

interface Write {
  readonly name: string
  readonly keys: number
  readonly letters: number
}

const writes: readonly Write[] = [
  { name: 'one value of 100 B', keys: 1, letters: 100 },
  { name: 'ten values of 100 B in one step', keys: 10, letters: 100 },
  { name: 'one value of 100 KB', keys: 1, letters: 100_000 },
]

/** Each write waits for the one before, as those of one page do. */
async function timed(rounds: number, write: (round: number) => Promise<unknown>): Promise<number[]> {
  const took: number[] = []
  for (let round = -5; round < rounds; round++) {
    const start = performance.now()
    await write(round)
    if (round >= 0) took.push(performance.now() - start)
  }
  return took.sort((a, b) => a - b)
}

function row(name: string, took: readonly number[]): string[] {
  const late = took[Math.floor(took.length * 0.99)] ?? Number.NaN
  return [name, median(took).toFixed(2), late.toFixed(2)]
}

const valuesOf = ({ keys, letters }: Write, round: number): [string, string][] =>
  Array.from({ length: keys }, (_, one) => [`key ${one}`, `${round} `.padEnd(letters, 'x')])

async function mustHold(scope: ScopedState, write: Write, round: number): Promise<void> {
  for (const [name, value] of valuesOf(write, round))
    if ((await scope.get(name)) !== value) throw new Error(`${write.name}: what was written is not there.`)
}

async function writeLatency(kind: 'memory' | 'SQLite', rounds: number): Promise<string[][]> {
  await using kept = await keepIn(kind)
  const scope = kept.state.session
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const rows: string[][] = []
  for (const write of writes) {
    const inProcess = await timed(rounds, (round) =>
      scope.write(valuesOf(write, round).map(([name, value]) => ({ key: name, value }))),
    )
    await mustHold(scope, write, rounds - 1)
    const byHttp = await timed(rounds, (round) => {
      const changes = valuesOf(write, 1000 + round).map(([name, value]) => ({
        key: name,
        value: JSON.stringify(value),
      }))
      return post(kept, agent, JSON.stringify({ scope: 'session', changes }))
    })
    await mustHold(scope, write, 1000 + rounds - 1)
    rows.push(row(`${kind}: ${write.name}`, inProcess), row(`${kind}: the same, by the state API`, byHttp))
  }
  agent.destroy()
  return rows
}

async function post({ url, capability }: Kept, agent: Agent, body: string): Promise<void> {
  const headers = {
    authorization: `Bearer ${key}`,
    'holdfast-session': capability,
    'content-type': 'application/json',
  }
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const asked = request(`${url}/state/write`, { method: 'POST', agent, headers }, (answer) => {
    text(answer).then((said) => (answer.statusCode === 200 ? resolve() : reject(new Error(said))), reject)
  })
  asked.on('error', reject)
  asked.end(body)
  return promise
}

interface KeptRuns {
  readonly keys: number
  readonly run: number
  readonly stored: number
  readonly read: number
}

/** A real Streamlit server under the hook, with the state API on SQLite. */
async function keptRuns(runs: number): Promise<readonly KeptRuns[]> {
  await using kept = await keepIn('SQLite')
  const child = spawn(join(pythonBin, 'python'), [driver, String(runs)], {
    env: { ...process.env, HOLDFAST_URL: kept.url, HOLDFAST_STATE_KEY: key, CAPABILITY: kept.capability },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const said = await text(child.stdout)
  if ((await exited) !== 0) throw new Error('The runs of the Streamlit app could not be measured.')
  return said
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as KeptRuns)
}

export async function benchState(rounds: number): Promise<string> {
  const rows = [...(await writeLatency('memory', rounds)), ...(await writeLatency('SQLite', rounds))]
  const latency = table(['a write, until it is acknowledged', 'median, ms', 'p99, ms'], rows)
  if (!existsSync(join(pythonBin, 'streamlit'))) return latency
  const runs = (await keptRuns(Math.max(20, rounds / 5))).map(({ keys, run, stored, read }) => [
    `${keys.toLocaleString('en')} keys, one of them changed`,
    ...[run, stored, read].map((took) => took.toFixed(2)),
  ])
  const head = [
    'a Streamlit run that is kept',
    'of the script’s thread, CPU ms',
    'storing beside it, ms',
    'into a new session, ms',
  ]
  return `${latency}\n\n${table(head, runs)}`
}

if (import.meta.main) console.log(await benchState(Number(process.argv[2] ?? 200)))
