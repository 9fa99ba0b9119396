/** What a store should do, as a plain value and one function: slow, small, and written apart from every store. */

/** One call, on a universe small enough for calls to meet: three sids with four ids each. */
export type Call =
  /** `begun`: at how many revocations its sign-in began. */
  | { readonly call: 'create'; readonly sid: number; readonly id: number; readonly begun: number }
  /** Asks where a sign-in begins now: for the next creation of the sid that is not made together with it. */
  | { readonly call: 'begin'; readonly sid: number }
  | { readonly call: 'read'; readonly sid: number; readonly id: number }
  | { readonly call: 'update'; readonly sid: number; readonly id: number; readonly version: number }
  | { readonly call: 'touch'; readonly sid: number; readonly id: number; readonly later: number }
  | {
      readonly call: 'rotate'
      readonly sid: number
      readonly id: number
      readonly version: number
      readonly to: number
    }
  | { readonly call: 'present'; readonly sid: number; readonly id: number }
  | { readonly call: 'end'; readonly sid: number }
  | { readonly call: 'revoke'; readonly user: number | null }
  | { readonly call: 'list'; readonly user: number }
  | {
      readonly call: 'write'
      readonly scope: number | null
      readonly changes: readonly ModelChange[]
      readonly maxBytes?: number
    }
  | { readonly call: 'entries'; readonly scope: number | null }
  | { readonly call: 'sweep' }

export interface ModelChange {
  readonly key: string
  readonly value: string | null
  readonly ifVersion?: number | null
}

export type Answer =
  | string
  | number
  | boolean
  | null
  | readonly Answer[]
  | { readonly [name: string]: Answer }

interface ModelScope {
  floor: number
  entries: Record<string, { value: string; version: number }>
}

/** All that a store knows. Users: sid 0 and 1 are of user 0, sid 2 is anonymous. Sid n is made at instant 10 n. */
export interface Model {
  live: Record<number, { id: number; version: number; later: number; sealed: string; begun: number }>
  rotated: Record<number, Record<number, { next: number; presented: boolean }>>
  used: Record<number, number[]>
  revocations: number
  epochs: { all: number; user: number }
  scopes: Record<string, ModelScope>
}

export function emptyModel(): Model {
  return { live: {}, rotated: {}, used: {}, revocations: 0, epochs: { all: 0, user: 0 }, scopes: {} }
}

export function userOf(sid: number): number | null {
  return sid < 2 ? 0 : null
}

export function createdAtOf(sid: number): number {
  return sid * 10
}

function isRevoked(model: Model, sid: number, begun: number): boolean {
  const epoch = userOf(sid) === 0 ? Math.max(model.epochs.all, model.epochs.user) : model.epochs.all
  return begun < epoch
}

/** The id and version under which a session may be let in; `null` for none. */
export function liveIn(model: Model, sid: number): { readonly id: number; readonly version: number } | null {
  return model.live[sid] ?? null
}

function create(model: Model, sid: number, id: number, begun: number): Answer {
  if (model.used[sid] !== undefined) return 'ended'
  if (isRevoked(model, sid, begun)) return 'revoked'
  model.used[sid] = [id]
  model.live[sid] = { id, version: 1, later: 0, sealed: 'made', begun }
  return 'created'
}

function read(model: Model, sid: number, id: number): Answer {
  const live = model.live[sid]
  if (live === undefined) return null
  if (live.id === id) return { version: live.version, later: live.later, sealed: live.sealed }
  const step = model.rotated[sid]?.[id]
  return step === undefined ? null : { next: step.next, presented: step.presented }
}

function rotate(model: Model, { sid, id, version, to }: Extract<Call, { call: 'rotate' }>): Answer {
  const live = model.live[sid]
  const used = model.used[sid] ?? []
  if (live?.id !== id || live.version !== version || used.includes(to)) return false
  model.used[sid] = [...used, to]
  model.rotated[sid] = { ...model.rotated[sid], [id]: { next: to, presented: false } }
  model.live[sid] = { ...live, id: to, version: version + 1, later: 0, sealed: 'rotated' }
  return true
}

function present(model: Model, sid: number, id: number): Answer {
  if (model.live[sid] === undefined) return false
  for (const step of Object.values(model.rotated[sid] ?? {})) {
    if (step.next !== id || step.presented) continue
    step.presented = true
    return true
  }
  return false
}

function end(model: Model, sid: number): Answer {
  if (model.live[sid] === undefined) return false
  delete model.live[sid]
  delete model.rotated[sid]
  delete model.scopes[sid]
  return true
}

function lengthOf(entries: ModelScope['entries']): number {
  return Object.values(entries).reduce((sum, { value }) => sum + value.length, 0)
}

function withChanges(scope: ModelScope, changes: readonly ModelChange[]): ModelScope {
  const { floor, entries } = structuredClone(scope)
  for (const { key, value } of changes) {
    if (value === null) delete entries[key]
    else entries[key] = { value, version: 0 }
  }
  return { floor, entries }
}

function write(model: Model, { scope, changes, maxBytes }: Extract<Call, { call: 'write' }>): Answer {
  if (scope !== null && model.live[scope] === undefined) return 'gone'
  const found: ModelScope = model.scopes[String(scope)] ?? { floor: 0, entries: {} }
  const conflicts = changes.filter(
    ({ key, ifVersion }) => ifVersion !== undefined && ifVersion !== (found.entries[key]?.version ?? null),
  )
  if (conflicts.length > 0) return { conflict: [...new Set(conflicts.map(({ key }) => key))].sort() }
  const before = lengthOf(found.entries)
  const after = lengthOf(withChanges(found, changes).entries)
  if (maxBytes !== undefined && after > maxBytes && after > before) return { full: after }
  model.scopes[String(scope)] = found
  const versions: Record<string, number> = {}
  for (const { key, value } of changes) {
    const entry = found.entries[key]
    if (value === null && entry === undefined) continue
    const version = (entry?.version ?? found.floor) + 1
    versions[key] = version
    if (value === null) {
      delete found.entries[key]
      found.floor = Math.max(found.floor, version)
    } else found.entries[key] = { value, version }
  }
  return { versions: sorted(versions) }
}

function revoke(model: Model, user: number | null): Answer {
  model.revocations += 1
  model.epochs[user === null ? 'all' : 'user'] = model.revocations
  for (const sid of [0, 1, 2]) {
    const live = model.live[sid]
    if (live !== undefined && isRevoked(model, sid, live.begun)) end(model, sid)
  }
  return null
}

export function sorted<Value>(record: Record<string, Value>): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Makes one call on the model and tells what a store has to answer. Changes the model. */
export function answer(model: Model, call: Call): Answer {
  switch (call.call) {
    case 'create':
      return create(model, call.sid, call.id, call.begun)
    case 'begin':
      return model.revocations
    case 'read':
      return read(model, call.sid, call.id)
    case 'update': {
      const live = model.live[call.sid]
      if (live?.id !== call.id || live.version !== call.version) return false
      model.live[call.sid] = { ...live, version: live.version + 1, sealed: 'updated' }
      return true
    }
    case 'touch': {
      const live = model.live[call.sid]
      if (live?.id !== call.id) return false
      model.live[call.sid] = { ...live, later: Math.max(live.later, call.later) }
      return true
    }
    case 'rotate':
      return rotate(model, call)
    case 'present':
      return present(model, call.sid, call.id)
    case 'end':
      return end(model, call.sid)
    case 'revoke':
      return revoke(model, call.user)
    case 'list':
      return [0, 1, 2].filter((sid) => userOf(sid) === call.user && model.live[sid] !== undefined)
    case 'write':
      return write(model, call)
    case 'entries':
      return sorted(model.scopes[String(call.scope)]?.entries ?? {})
    case 'sweep':
      return null
  }
}
