/**
 * A process of its own with a store on the file named in its arguments. It does what lines on its standard input say
 * and answers each with a line; `hammer` writes until it is killed and prints every acknowledgement.
 */
import { createInterface } from 'node:readline'
import type { SessionStore, StoreChange, StoredSession } from '../../src/core/contracts.ts'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import { bytes, created, record, successorOf } from '../../src/testing/records.ts'

/** What a child is asked, one JSON object a line. */
export type Request =
  | { readonly do: 'once'; readonly key: string; readonly count: number }
  | { readonly do: 'count'; readonly key: string; readonly count: number }
  | { readonly do: 'rotate'; readonly session: StoredSession; readonly count: number }
  | { readonly do: 'trust'; readonly sid: string }
  | { readonly do: 'await end'; readonly sid: string }
  | { readonly do: 'sign in and out'; readonly count: number }
  | { readonly do: 'touch'; readonly count: number }
  | { readonly do: 'hammer' }

/** What a hammering child has been told by its store. */
export type Acknowledged =
  | { readonly kind: 'created'; readonly session: StoredSession }
  | { readonly kind: 'rotated'; readonly from: string; readonly to: string; readonly sid: string }
  | { readonly kind: 'ended'; readonly sid: string; readonly ids: readonly string[] }
  | { readonly kind: 'wrote'; readonly key: string; readonly version: number }

const scope = { sid: null, name: 'shared' }

function say(answer: unknown): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}

function fromLine(session: StoredSession): StoredSession {
  return { ...session, sealed: bytes('sealed'), key: bytes('key') }
}

async function countUp(store: SessionStore, key: string): Promise<void> {
  for (;;) {
    const entry = (await store.readState(scope, [key])).get(key)
    const count = entry === undefined ? 0 : Number(Buffer.from(entry.value).toString())
    const write = await store.writeState(scope, [
      { key, value: bytes(`${count + 1}`), ifVersion: entry?.version ?? null },
    ])
    if (write.outcome === 'written') return
  }
}

async function writeForEver(store: SessionStore, writer: number): Promise<never> {
  for (;;) {
    const session = record()
    await store.create(session)
    acknowledge({ kind: 'created', session })
    const next = successorOf(session)
    await store.rotate(session.id, 1, next, bytes('t'))
    acknowledge({ kind: 'rotated', from: session.id, to: next.id, sid: session.sid })
    const key = `writer ${writer}`
    const write = await store.writeState(scope, [{ key, value: bytes(session.sid) }])
    if (write.outcome === 'written') {
      acknowledge({ kind: 'wrote', key, version: write.versions.get(key) ?? 0 })
    }
    if (Math.random() < 0.5) continue
    await store.end(session.sid)
    acknowledge({ kind: 'ended', sid: session.sid, ids: [session.id, next.id] })
    // What a slow request would still try; none of it may ever bring the session back.
    void store.touch(next.id, next.absoluteAt)
    void store.update(next.id, 2, bytes('late'))
  }
}

function acknowledge(acknowledged: Acknowledged): void {
  say(acknowledged)
}

async function answer(
  store: SessionStore,
  changes: readonly StoreChange[],
  request: Request,
): Promise<unknown> {
  const ended = (sid: string): boolean =>
    changes.some((change) => change.kind === 'gap' || (change.kind === 'ended' && change.sid === sid))
  switch (request.do) {
    case 'once':
      return (
        await Promise.all(Array.from({ length: request.count }, () => store.once(request.key, 3_600_000)))
      ).filter(Boolean).length
    case 'count':
      for (let round = 0; round < request.count; round++) await countUp(store, request.key)
      return request.count
    case 'rotate': {
      const session = fromLine(request.session)
      const nexts = Array.from({ length: request.count }, () => successorOf(session))
      const done = await Promise.all(nexts.map((next) => store.rotate(session.id, 1, next, bytes('t'))))
      return nexts.filter((_, index) => done[index]).map(({ id }) => id)
    }
    case 'trust':
      // What the warm path asks: may what I keep in memory be used? Nothing is awaited in between.
      return store.isCurrent() && !ended(request.sid)
    case 'await end':
      while (!ended(request.sid)) await new Promise(setImmediate)
      return performance.timeOrigin + performance.now()
    case 'sign in and out':
      for (let round = 0; round < request.count; round++) {
        const session = await created(store)
        await store.end(session.sid)
      }
      return request.count
    case 'touch': {
      const session = await created(store)
      for (let round = 0; round < request.count; round++) {
        await store.touch(session.id, session.idleAt + round)
        await store.hit('key', 3_600_000)
      }
      return request.count
    }
    case 'hammer':
      return Promise.all([0, 1, 2, 3].map((writer) => writeForEver(store, writer)))
  }
}

const [, , path, pollMs] = process.argv
const store = await sqliteStore({ path: String(path), pollMs: Number(pollMs) })
const changes: StoreChange[] = []
store.watch((change) => changes.push(change))
say('ready')
for await (const line of createInterface({ input: process.stdin })) {
  say(await answer(store, changes, JSON.parse(line) as Request))
}
await store.close()
