/**
 * A process of its own with a store on the URL named in its arguments. It does what lines on its standard input say and
 * answers each with a line.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { SessionStore, StoreChange } from '../../src/core/contracts.ts'
import { postgresStore } from '../../src/stores/postgres.ts'
import { begunNow, bytes, record } from '../../src/testing/records.ts'

/** What a child is asked, one JSON object a line. */
export type PostgresRequest =
  | { readonly do: 'forget' }
  | { readonly do: 'trust'; readonly sid: string }
  | { readonly do: 'await end'; readonly sid: string }
  | { readonly do: 'sign in'; readonly user: string; readonly count: number }
  | { readonly do: 'hammer' }

/** A sign-in as the process that made it saw it: when it began and when it was answered, on the clock of the machine. */
export interface SignIn {
  readonly id: string
  /** Where it began among the revocations, by the store. */
  readonly begun: number
  readonly begunAt: number
  readonly answeredAt: number
  readonly answer: string
}

/** What a hammering child has been told by its store. */
export type Told =
  | { readonly kind: 'live'; readonly id: string; readonly sid: string }
  | { readonly kind: 'ended'; readonly id: string; readonly sid: string }
  | { readonly kind: 'wrote'; readonly key: string; readonly version: number }

/** Milliseconds that all processes of the machine agree on and that never go back. */
export function machineClock(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** Another process on the same store. */
export interface PostgresChild {
  readonly pid: number
  ask(request: PostgresRequest): Promise<unknown>
  /** The next line it says, without being asked; `null` after its end. */
  next(): Promise<unknown>
  kill(): Promise<void>
  /** Lets it close its store and end by itself. */
  end(): Promise<number | null>
}

/** Starts a process with a store on the URL and waits until it is open. */
export async function startPostgresChild(url: string): Promise<PostgresChild> {
  const script = fileURLToPath(import.meta.url)
  const child: ChildProcess = spawn(process.execPath, [script, url], { stdio: ['pipe', 'pipe', 'inherit'] })
  const exit = once(child, 'exit')
  if (child.stdout === null) throw new Error('The child has no output.')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()

  async function next(): Promise<unknown> {
    const line = await lines.next()
    return line.done ? null : JSON.parse(line.value)
  }

  if ((await next()) !== 'ready') throw new Error('The child did not start.')
  return {
    pid: child.pid ?? 0,
    next,
    ask(request) {
      child.stdin?.write(`${JSON.stringify(request)}\n`)
      return next()
    },
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await exit
    },
    async end() {
      child.stdin?.end()
      await exit
      return child.exitCode
    },
  }
}

function say(answer: unknown): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}

async function signIn(store: SessionStore, user: string, earlier: SignIn | undefined): Promise<SignIn> {
  const begunAt = earlier?.begunAt ?? machineClock()
  const begun = earlier?.begun ?? (await begunNow(store))
  const session = record({ user, begun })
  const answer = await store.create(session)
  return { id: session.id, begun, begunAt, answeredAt: machineClock(), answer }
}

async function writeForEver(store: SessionStore, writer: number): Promise<never> {
  const key = `writer ${writer}`
  const tell = (told: Told): void => say(told)
  for (;;) {
    const session = record({ absoluteAt: Date.now() + 3_600_000 })
    await store.create(session)
    tell({ kind: 'live', id: session.id, sid: session.sid })
    const write = await store.writeState({ sid: null, name: 'shared' }, [{ key, value: bytes(session.sid) }])
    if (write.outcome === 'written') tell({ kind: 'wrote', key, version: write.versions.get(key) ?? 0 })
    if (Math.random() < 0.5) continue
    await store.end(session.sid)
    tell({ kind: 'ended', id: session.id, sid: session.sid })
    // What a slow request would still try; none of it may ever bring the session back.
    store.touch(session.id, session.absoluteAt).catch(() => {})
    store.update(session.id, 1, bytes('late')).catch(() => {})
  }
}

async function answer(
  store: SessionStore,
  changes: StoreChange[],
  request: PostgresRequest,
): Promise<unknown> {
  const ended = (sid: string): boolean =>
    changes.some((change) => change.kind === 'gap' || (change.kind === 'ended' && change.sid === sid))
  switch (request.do) {
    case 'forget':
      // What was heard until now; from now on something else is kept.
      changes.length = 0
      return null
    case 'trust':
      // What the warm path asks: may what I keep in memory be used? Nothing is awaited in between.
      return store.isCurrent() && !ended(request.sid)
    case 'await end':
      while (!ended(request.sid)) await new Promise(setImmediate)
      return machineClock()
    case 'sign in': {
      const done: SignIn[] = []
      for (let round = 0; round < request.count; round++) {
        // Every other one began when the first did, and took as long as this to find out who it is.
        done.push(await signIn(store, request.user, round % 2 === 0 ? done[0] : undefined))
      }
      return done
    }
    case 'hammer':
      // Until the store fails: what was not acknowledged is not told.
      await Promise.allSettled([0, 1, 2, 3].map((writer) => writeForEver(store, writer)))
      return null
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const store = await postgresStore({ url: String(process.argv[2]) })
  const changes: StoreChange[] = []
  store.watch((change) => changes.push(change))
  say('ready')
  for await (const line of createInterface({ input: process.stdin })) {
    say(await answer(store, changes, JSON.parse(line) as PostgresRequest))
  }
  await store.close()
}
