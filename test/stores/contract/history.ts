import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SessionStore, StateScope, StoreChange, StoredSession } from '../../../src/core/contracts.ts'
import type { OpenedStore, OpenStore } from '../../../src/testing/opened-store.ts'
import { begunNow, bytes, day, startAt, text } from '../../../src/testing/records.ts'
import {
  type Answer,
  answer,
  type Call,
  createdAtOf,
  emptyModel,
  liveIn,
  type Model,
  type ModelChange,
  sorted,
  userOf,
} from './model.ts'

const sid = fc.nat({ max: 2 })
const id = fc.nat({ max: 3 })
const version = fc.integer({ min: 1, max: 4 })
const scope = fc.option(sid, { nil: null })
const change: fc.Arbitrary<ModelChange> = fc.record(
  {
    key: fc.constantFrom('a', 'b'),
    value: fc.option(fc.constantFrom('x', 'yy'), { nil: null }),
    ifVersion: fc.option(version, { nil: null }),
  },
  { requiredKeys: ['key', 'value'] },
)

const call: fc.Arbitrary<Call> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ call: fc.constant('create' as const), sid, id, begun: fc.constant(0) }),
  },
  { weight: 2, arbitrary: fc.record({ call: fc.constant('begin' as const), sid }) },
  { weight: 5, arbitrary: fc.record({ call: fc.constant('read' as const), sid, id }) },
  { weight: 4, arbitrary: fc.record({ call: fc.constant('update' as const), sid, id, version }) },
  {
    weight: 2,
    arbitrary: fc.record({ call: fc.constant('touch' as const), sid, id, later: fc.nat({ max: 9 }) }),
  },
  { weight: 5, arbitrary: fc.record({ call: fc.constant('rotate' as const), sid, id, version, to: id }) },
  { weight: 2, arbitrary: fc.record({ call: fc.constant('present' as const), sid, id }) },
  { weight: 1, arbitrary: fc.record({ call: fc.constant('end' as const), sid }) },
  {
    weight: 1,
    arbitrary: fc.record({
      call: fc.constant('revoke' as const),
      user: fc.constantFrom(0, null),
    }),
  },
  { weight: 1, arbitrary: fc.record({ call: fc.constant('list' as const), user: fc.constant(0) }) },
  {
    weight: 4,
    arbitrary: fc.record(
      {
        call: fc.constant('write' as const),
        scope,
        changes: fc.array(change, { minLength: 1, maxLength: 3 }),
        maxBytes: fc.integer({ min: 1, max: 3 }),
      },
      { requiredKeys: ['call', 'scope', 'changes'] },
    ),
  },
  { weight: 2, arbitrary: fc.record({ call: fc.constant('entries' as const), scope }) },
  { weight: 1, arbitrary: fc.record({ call: fc.constant('sweep' as const) }) },
)

/** Calls of one batch start together; the number is the handle that makes them. */
type Batch = readonly (readonly [Call, number])[]
const history: fc.Arbitrary<readonly Batch[]> = fc.array(
  fc.array(fc.tuple(call, fc.nat({ max: 1 })), { minLength: 1, maxLength: 4 }),
  { minLength: 1, maxLength: 25 },
)

/** The names one run gives to the small universe of the model, so that runs share a store and never meet. */
interface Names {
  readonly base: number
  /** The number of the newest revocation when the run began. */
  readonly number: number
  /** At how many revocations of this run the next session of each sid begins. */
  readonly begun: Map<number, number>
  sid(sid: number): string
  id(sid: number, id: number): string
  user(sid: number): string | null
  scope(scope: number | null): StateScope
}

function namesOf(run: number, number: number): Names {
  const base = startAt + run * 1000
  return {
    ...{ base, number, begun: new Map() },
    sid: (number) => `run${run}.${number}`.padEnd(22, '-'),
    id: (number, id) => `run${run}.${number}.${id}`.padEnd(43, '-'),
    user: (number) => (userOf(number) === null ? null : `run${run}`),
    scope: (owner) => ({
      sid: owner === null ? null : `run${run}.${owner}`.padEnd(22, '-'),
      name: `run${run}`,
    }),
  }
}

function recordOf(names: Names, number: number, id: number, begun: number): StoredSession {
  const createdAt = names.base + createdAtOf(number)
  const fields = {
    begun: names.number + begun,
    createdAt,
    idleAt: createdAt,
    absoluteAt: startAt + 1000 * day,
    version: 1,
  }
  const owner = { id: names.id(number, id), sid: names.sid(number), user: names.user(number) }
  return { ...owner, ...fields, sealed: bytes('made'), key: bytes('key') }
}

async function readBy(store: SessionStore, names: Names, number: number, id: number): Promise<Answer> {
  const found = await store.read(names.id(number, id))
  if (found === null) return null
  if (found.state === 'rotated') {
    const next = [0, 1, 2, 3].find((other) => names.id(number, other) === found.next.id) ?? null
    return { next, presented: found.next.presentedAt !== null }
  }
  const { session } = found
  return { version: session.version, later: session.idleAt - session.createdAt, sealed: text(session.sealed) }
}

async function ask(store: SessionStore, names: Names, call: Call): Promise<Answer> {
  switch (call.call) {
    case 'create':
      return store.create(recordOf(names, call.sid, call.id, call.begun))
    case 'begin': {
      const begun = (await store.mark(null)).number - names.number
      names.begun.set(call.sid, begun)
      return begun
    }
    case 'read':
      return readBy(store, names, call.sid, call.id)
    case 'update':
      return store.update(names.id(call.sid, call.id), call.version, bytes('updated'))
    case 'touch':
      return store.touch(names.id(call.sid, call.id), names.base + createdAtOf(call.sid) + call.later)
    case 'rotate': {
      const next = recordOf(names, call.sid, call.to, 0)
      return store.rotate(
        names.id(call.sid, call.id),
        call.version,
        { ...next, version: call.version + 1, sealed: bytes('rotated') },
        bytes('t'),
      )
    }
    case 'present':
      return store.present(names.id(call.sid, call.id))
    case 'end':
      return store.end(names.sid(call.sid))
    case 'revoke': {
      const user = call.user === null ? null : names.user(call.user)
      await store.revoke(user === null ? 'all' : { user }, names.base)
      return null
    }
    case 'list': {
      const listed = await store.listByUser(String(names.user(call.user)))
      return listed.map((session) => [0, 1, 2].findIndex((number) => names.sid(number) === session.sid))
    }
    case 'write': {
      const changes = call.changes.map((change) => ({
        ...change,
        value: change.value === null ? null : bytes(change.value),
      }))
      const write = await store.writeState(names.scope(call.scope), changes, call.maxBytes)
      if (write.outcome === 'gone') return 'gone'
      if (write.outcome === 'full') return { full: write.bytes }
      if (write.outcome === 'conflict') return { conflict: [...write.keys].sort() }
      return { versions: sorted(Object.fromEntries(write.versions)) }
    }
    case 'entries': {
      const found = await store.readState(names.scope(call.scope))
      const entries = [...found].map(([key, { value, version }]) => [key, { value: text(value), version }])
      return sorted(Object.fromEntries(entries) as Record<string, Answer>)
    }
    case 'sweep':
      await store.sweep(10)
      return null
  }
}

interface Asked {
  readonly call: Call
  readonly answer: Answer
}

/** The models that some order of the calls leads to, each call answered as the store did. */
function explain(models: readonly Model[], asked: readonly Asked[]): Model[] {
  if (asked.length === 0) return [...models]
  const reached = new Map<string, Model>()
  for (const model of models) {
    for (const [index, one] of asked.entries()) {
      const next = structuredClone(model)
      if (JSON.stringify(answer(next, one.call)) !== JSON.stringify(one.answer)) continue
      for (const end of explain([next], asked.toSpliced(index, 1))) reached.set(JSON.stringify(end), end)
    }
  }
  return [...reached.values()]
}

/** What a process keeps of the sessions it read, dropping what its store tells it to, as the manager does. */
interface Warm {
  readonly store: SessionStore
  ask(names: Names, call: Call): Promise<Answer>
  /** Entries it would let in without asking the store. */
  trusted(): ReadonlyMap<string, number>
}

function warm(store: SessionStore): Warm {
  const kept = new Map<string, { readonly session: StoredSession }>()
  let generation = 0
  const dropIf = (drop: (session: StoredSession) => boolean): void => {
    for (const [id, { session }] of kept) if (drop(session)) kept.delete(id)
  }
  store.watch((change: StoreChange) => {
    generation++
    if (change.kind === 'gap') kept.clear()
    if (change.kind === 'ended' || change.kind === 'changed') kept.delete(change.id)
    if (change.kind === 'revoked') {
      const { epoch, before } = change
      dropIf(({ user, begun }) => begun < before && (epoch === 'all' || epoch.user === user))
    }
  })
  return {
    store,
    async ask(names, call) {
      if (call.call !== 'read') return ask(store, names, call)
      const since = generation
      const found = await store.read(names.id(call.sid, call.id))
      if (found?.state === 'live' && store.isCurrent() && since === generation) {
        kept.set(found.session.id, { session: found.session })
      }
      return readBy(store, names, call.sid, call.id)
    },
    trusted() {
      if (!store.isCurrent()) return new Map()
      return new Map([...kept].map(([id, { session }]) => [id, session.version]))
    },
  }
}

/** Whether every entry a process trusts is live, at that version, in some model. */
function checkTrust(handle: Warm, models: readonly Model[], names: Names): void {
  const trusted = handle.trusted()
  const lives = models.map((model) =>
    [0, 1, 2].flatMap((sid) => {
      const live = liveIn(model, sid)
      return live === null ? [] : [`${names.id(sid, live.id)} ${live.version}`]
    }),
  )
  const own = [...trusted].filter(([id]) => id.startsWith(names.id(0, 0).split('.')[0] ?? ''))
  const explained = lives.some((live) => own.every(([id, version]) => live.includes(`${id} ${version}`)))
  if (!explained)
    throw new Error(`A replica trusts what no order of the calls leaves live: ${JSON.stringify(own)}`)
}

const lastLook: Batch[] = [0, 1, 2].flatMap((sid) => [
  ...[0, 1, 2, 3].map((id): Batch => [[{ call: 'read', sid, id }, id % 2]]),
  [[{ call: 'entries', scope: sid }, sid % 2]],
])

export function describeHistory(open: OpenStore): void {
  describe('any history', () => {
    let opened: OpenedStore
    let handles: readonly Warm[]
    let run = 0

    beforeAll(async () => {
      opened = await open()
      handles = [warm(opened.store), warm((await opened.reopen?.()) ?? opened.store)]
    })

    afterAll(async () => {
      await opened.close()
    })

    it('is answered as if the calls had been made one after the other', async () => {
      const property = fc.asyncProperty(history, async (batches) => {
        const names = namesOf(run++, await begunNow(opened.store))
        let models: readonly Model[] = [emptyModel()]
        for (const batch of [...batches, ...lastLook]) {
          const asked = await Promise.all(
            batch.map(async ([planned, handle]) => {
              const begun = planned.call === 'create' ? (names.begun.get(planned.sid) ?? 0) : 0
              const call: Call = planned.call === 'create' ? { ...planned, begun } : planned
              const answer = (await handles[handle]?.ask(names, call)) ?? null
              return { call, answer }
            }),
          )
          models = explain(models, asked)
          if (models.length === 0) throw new Error(`No order explains ${JSON.stringify(asked)}.`)
          for (const handle of handles) checkTrust(handle, models, names)
        }
      })
      await fc.assert(property, { numRuns: 150 })
      expect(run).toBeGreaterThanOrEqual(150)
    }, 120_000)
  })
}
