/** Tabs of several sessions work on the same state at the same time, against a model: for any store. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SessionStore } from '../../src/core/contracts.ts'
import type { ScopedState, SessionState } from '../../src/core/state.ts'
import { anna, Clock, type Process, startProcess } from './samples.ts'

const where = ['session', 'user', 'tab a', 'tab b'] as const
type Where = (typeof where)[number]
const keys = ['x', 'y'] as const

interface Change {
  readonly key: string
  /** `null` deletes. */
  readonly value: number | null
  readonly ifVersion?: number | null
}

type Call =
  | { readonly call: 'get'; readonly session: number; readonly where: Where; readonly key: string }
  | { readonly call: 'entries'; readonly session: number; readonly where: Where }
  | {
      readonly call: 'write'
      readonly session: number
      readonly where: Where
      readonly changes: readonly Change[]
    }
  | { readonly call: 'sign out'; readonly session: number }

interface ModelScope {
  floor: number
  entries: Record<string, { value: number; version: number }>
}

interface Model {
  ended: boolean[]
  scopes: Record<string, ModelScope>
}

const session = fc.nat({ max: 1 })
const place = fc.constantFrom(...where)
const key = fc.constantFrom(...keys)
const change: fc.Arbitrary<Change> = fc.record(
  {
    key,
    value: fc.option(fc.nat({ max: 9 }), { nil: null }),
    ifVersion: fc.option(fc.integer({ min: 1, max: 4 }), { nil: null }),
  },
  { requiredKeys: ['key', 'value'] },
)
const call: fc.Arbitrary<Call> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ call: fc.constant('get' as const), session, where: place, key }) },
  { weight: 3, arbitrary: fc.record({ call: fc.constant('entries' as const), session, where: place }) },
  {
    weight: 9,
    arbitrary: fc.record({
      call: fc.constant('write' as const),
      session,
      where: place,
      changes: fc.array(change, { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ call: fc.constant('sign out' as const), session }) },
)
/** Calls of one batch start together; the number is the replica that makes them. */
const history = fc.array(fc.array(fc.tuple(call, session), { minLength: 1, maxLength: 4 }), {
  minLength: 1,
  maxLength: 15,
})

/** The user's state is one for both sessions. */
function scopeName(session: number, place: Where): string {
  return place === 'user' ? 'user' : `${session} ${place}`
}

function answerOf(model: Model, made: Call): string {
  if (made.call === 'sign out') {
    model.ended[made.session] = true
    for (const place of where) if (place !== 'user') delete model.scopes[scopeName(made.session, place)]
    return 'signed out'
  }
  const isEnded = model.ended[made.session] === true
  const name = scopeName(made.session, made.where)
  const scope = model.scopes[name] ?? { floor: 0, entries: {} }
  if (made.call === 'get')
    return JSON.stringify((isEnded ? undefined : scope.entries[made.key]?.value) ?? 'none')
  if (made.call === 'entries') return shown(isEnded ? {} : scope.entries)
  return isEnded ? 'gone' : write(model, name, scope, made.changes)
}

function write(model: Model, name: string, scope: ModelScope, changes: readonly Change[]): string {
  const unmet = changes.filter(
    ({ key, ifVersion }) => ifVersion !== undefined && ifVersion !== (scope.entries[key]?.version ?? null),
  )
  if (unmet.length > 0) return `conflict ${[...new Set(unmet.map(({ key }) => key))].sort()}`
  model.scopes[name] = scope
  const versions: Record<string, number> = {}
  for (const { key, value } of changes) {
    const entry = scope.entries[key]
    if (value === null && entry === undefined) continue
    const version = (entry?.version ?? scope.floor) + 1
    versions[key] = version
    if (value === null) {
      delete scope.entries[key]
      scope.floor = Math.max(scope.floor, version)
    } else scope.entries[key] = { value, version }
  }
  return shown(versions)
}

function shown(record: Record<string, unknown>): string {
  return JSON.stringify(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function scopeOf(state: SessionState, place: Where): ScopedState {
  if (place === 'session') return state.session
  if (place !== 'user') return state.tab(place)
  if (state.user === null) throw new Error('Nobody is signed in.')
  return state.user
}

async function ask(process: Process, sid: string, state: SessionState, made: Call): Promise<string> {
  if (made.call === 'sign out') {
    await process.sessions.end(sid)
    return 'signed out'
  }
  const scope = scopeOf(state, made.where)
  if (made.call === 'get') return JSON.stringify((await scope.get(made.key)) ?? 'none')
  if (made.call === 'entries') return shown(Object.fromEntries(await scope.entries()))
  const outcome = await scope.write(
    made.changes.map(({ key, value, ...condition }) =>
      value === null ? { key, delete: true, ...condition } : { key, value, ...condition },
    ),
  )
  if (outcome.outcome === 'written') return shown(Object.fromEntries(outcome.versions))
  return outcome.outcome === 'conflict' ? `conflict ${[...outcome.keys].sort()}` : outcome.outcome
}

/** The models that some order of the calls leads to, each call answered as it was. */
function explain(models: readonly Model[], asked: readonly { made: Call; answer: string }[]): Model[] {
  if (asked.length === 0) return [...models]
  const reached = new Map<string, Model>()
  for (const model of models) {
    for (const [index, { made, answer }] of asked.entries()) {
      const next = structuredClone(model)
      if (answerOf(next, made) !== answer) continue
      for (const end of explain([next], asked.toSpliced(index, 1))) reached.set(JSON.stringify(end), end)
    }
  }
  return [...reached.values()]
}

/** What a watcher has been told the scope holds. */
function follow(scope: ScopedState): { readonly told: Map<string, string>; stop(): void } {
  const told = new Map<string, string>()
  const stop = scope.watch((event) => {
    if (event.kind === 'ended') told.clear()
    if (event.kind !== 'changed') return
    for (const [key, item] of event.items) {
      if (item === null) told.delete(key)
      else told.set(key, `${item.value} at ${item.version}`)
    }
  })
  return { told, stop }
}

async function holds(scope: ScopedState): Promise<Map<string, string>> {
  const entries = [...(await scope.entries())]
  return new Map(entries.map(([key, { value, version }]) => [key, `${value} at ${version}`]))
}

/** Two replicas on one store. */
export type OpenReplicas = (folder: string, clock: Clock) => Promise<readonly SessionStore[]>

/** Holds every answer that tabs get against what they could have got one after the other. */
export function describeTabs(name: string, open: OpenReplicas, numRuns: number): void {
  describe(`tabs at work on state in ${name}`, () => {
    const clock = new Clock()
    let folder: string
    let opened: readonly SessionStore[]
    let replicas: readonly Process[]
    let run = 0

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'holdfast-'))
      opened = await open(folder, clock)
      const processes: Process[] = []
      for (const store of opened) processes.push(await startProcess({ store, clock }))
      replicas = processes
    })

    afterAll(async () => {
      for (const store of opened) await store.close()
      rmSync(folder, { recursive: true })
    })

    function stateOn(replica: number, capability: string): SessionState {
      const state = replicas[replica]?.sessions.state.of(capability) ?? null
      if (state === null) throw new Error('The capability opens nothing.')
      return state
    }

    it('are answered as if they had worked one after the other, and are told what became of it', async () => {
      await fc.assert(
        fc.asyncProperty(history, async (batches) => {
          const identity = { ...anna, userId: `run ${run++}` }
          const [first] = replicas
          if (first === undefined) throw new Error('No replica.')
          const issued = [await first.signIn({ identity }), await first.signIn({ identity })]
          const capabilities = issued.map(({ session }) => first.sessions.capability(session) ?? '')
          const watched = stateOn(1, capabilities[0] ?? '').session
          const watcher = follow(watched)
          let models: readonly Model[] = [{ ended: [false, false], scopes: {} }]
          for (const batch of batches) {
            const asked = await Promise.all(
              batch.map(async ([made, replica]) => {
                const process = replicas[replica]
                const sid = issued[made.session]?.session.sid
                if (process === undefined || sid === undefined) throw new Error('No such replica or session.')
                return {
                  made,
                  answer: await ask(process, sid, stateOn(replica, capabilities[made.session] ?? ''), made),
                }
              }),
            )
            models = explain(models, asked)
            if (models.length === 0) throw new Error(`No order explains ${JSON.stringify(asked)}`)
          }
          const now = await holds(watched)
          await expect.poll(() => watcher.told, { interval: 5, timeout: 2000 }).toEqual(now)
          watcher.stop()
        }),
        { numRuns },
      )
    }, 120_000)
  })
}
