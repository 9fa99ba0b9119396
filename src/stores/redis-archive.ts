import { setTimeout as wait } from 'node:timers/promises'
import { hasKeys, type StoreArchive, type StoreRow } from '../core/archive.ts'
import type { StateScope, StoredSession } from '../core/contracts.ts'
import { ConfigError } from '../core/errors.ts'
import { redisAddress } from './redis-address.ts'
import * as archive from './redis-archive-scripts.ts'
import type { OpenBucket } from './redis-bucket.ts'
import { openBuckets } from './redis-buckets.ts'
import { storeError } from './redis-fault.ts'
import { rowsOf } from './redis-pump.ts'
import { argumentsOf, bytesOf, entriesOf, sessionOf } from './redis-rows.ts'
import { claimScript, raiseMarkScript } from './redis-session-scripts.ts'
import { readKeyringScript } from './redis-state-scripts.ts'
import { patienceMs } from './replica-lease.ts'

// Sessions before what they own, and the root key last: what was taken over in part opens for nobody.
const order: readonly StoreRow['kind'][] = [
  ...(['epoch', 'retired', 'session', 'scope', 'entry', 'once', 'hits', 'keyring'] as const),
]

// What is taken. The number of the newest revocation stays, for it only has to be higher than every other.
const taken = /^(?:index|epochs?|ats?|(?:s|i|u|seats|names|state|shared|once|hit):.*)$/s
const lasting = /^(?:mark|keyring|replicas|feed|log)$/
const removedAtOnce = 500

/** Opens keys in Redis that no gateway uses, to move what is in them. */
export async function redisArchive(url: string): Promise<StoreArchive> {
  const address = redisAddress(url)
  const buckets = await openBuckets({ address, time: () => '', deliver: () => {} })
  const isSpread = buckets.all.length > 1
  const isClaimed = isSpread ? '1' : '0'

  async function others(): Promise<string> {
    const rows = await Promise.all(buckets.all.map((bucket) => bucket.ask(archive.rowsScript, [])))
    const beating = rows.flatMap((flat) => [...rowsOf(flat)])
    return JSON.stringify(beating.filter(({ replica }) => replica !== buckets.replica))
  }

  async function insistOnBeingAlone(): Promise<void> {
    const before = await others()
    if (before === '[]') return
    // Whoever lives beats within a lease; rows of those who were killed stand still.
    await wait(patienceMs)
    if ((await others()) === before) return
    const message = `A gateway uses the Redis store ${address.shown}. Stop it first: what ended meanwhile would come back.`
    throw new ConfigError('ERR_CONFIG_INVALID', message)
  }

  async function claim(id: string, sid: string, absoluteAt: number): Promise<void> {
    if (isSpread) await buckets.of(id).order(claimScript, [id, sid, `${absoluteAt}`])
  }

  async function takeSession(session: StoredSession): Promise<void> {
    await claim(session.id, session.sid, session.absoluteAt)
    const args = [isClaimed, ...argumentsOf(session), `${session.begun}`]
    await buckets.of(session.sid).order(archive.takeSessionScript, args)
    // The next revocation comes after everything that was taken over.
    await buckets.of('mark').order(raiseMarkScript, [`${session.begun}`])
  }

  async function takeRetired(row: Extract<StoreRow, { kind: 'retired' }>): Promise<void> {
    const { id, sid, absoluteAt, next } = row
    await claim(id, sid, absoluteAt)
    const token = next === null ? '' : Buffer.from(next.sealedToken)
    const rest = [next?.id ?? '', token, `${next?.presentedAt ?? ''}`]
    await buckets.of(sid).order(archive.takeRetiredScript, [isClaimed, id, sid, `${absoluteAt}`, ...rest])
  }

  async function takeOne(row: StoreRow): Promise<void> {
    switch (row.kind) {
      case 'epoch': {
        const [isAll, user] = row.epoch === 'all' ? ['1', ''] : ['0', row.epoch.user]
        const args = [isAll, user, `${row.before}`, `${row.at}`]
        await Promise.all(buckets.all.map((bucket) => bucket.order(archive.takeEpochScript, args)))
        return
      }
      case 'retired':
        return takeRetired(row)
      case 'session':
        return takeSession(row.session)
      case 'scope':
        await bucketOf(row.scope).order(archive.takeStateScript, [
          ...scopeArguments(row.scope),
          `${row.floor}`,
        ])
        return
      case 'entry': {
        const { version, value } = row.entry
        const entry = Buffer.concat([Buffer.from(`${version}:`), value])
        const args = [...scopeArguments(row.scope), '0', row.key, entry]
        await bucketOf(row.scope).order(archive.takeStateScript, args)
        return
      }
      case 'once':
      case 'hits': {
        const [kind, count] = row.kind === 'once' ? ['once', ''] : ['hit', `${row.count}`]
        await buckets.of(row.key).order(archive.takeCounterScript, [kind, row.key, `${row.until}`, count])
        return
      }
      case 'keyring':
        await keyringBucket().order(archive.takeKeyringScript, [`${row.version}`, Buffer.from(row.box)])
    }
  }

  const bucketOf = ({ sid, name }: StateScope): OpenBucket => buckets.of(sid ?? name)
  const keyringBucket = (): OpenBucket => buckets.of('keyring')

  async function* epochs(): AsyncGenerator<StoreRow> {
    // Every bucket has all of them.
    const [all, users, at, ats] = (await buckets.of('').ask(archive.epochsScript, [])) as unknown[]
    if (String(all) !== '') {
      yield { kind: 'epoch', epoch: 'all', before: Number(all), at: Number(String(at) || all) }
    }
    const instants = pairs(ats)
    for (const [user, before] of pairs(users)) {
      yield {
        kind: 'epoch',
        epoch: { user },
        before: Number(before),
        at: Number(instants.get(user) ?? before),
      }
    }
  }

  async function* families(): AsyncGenerator<readonly [bucket: OpenBucket, family: readonly unknown[]]> {
    for (const bucket of buckets.all) {
      for (let last: string | null = ''; last !== null; ) {
        const page = (await bucket.ask(archive.familiesScript, [last])) as [unknown, unknown[][]]
        for (const family of page[1]) yield [bucket, family]
        last = String(page[0]) === '' ? null : String(page[0])
      }
    }
  }

  async function* scopes(): AsyncGenerator<StateScope> {
    for await (const [, [sid, , names]] of families()) {
      for (const name of names as unknown[]) yield { sid: String(sid), name: String(name) }
    }
    for (const bucket of buckets.all) {
      const prefix = `${bucket.prefix}shared:`
      for (const key of await keysOf(bucket, `${prefix}*`))
        yield { sid: null, name: key.slice(prefix.length) }
    }
  }

  async function* stateRows(scope: StateScope): AsyncGenerator<StoreRow> {
    const fields = pairs(await bucketOf(scope).ask(archive.scopeScript, scopeArguments(scope)))
    yield { kind: 'scope', scope, floor: Number(fields.get('f') ?? 0) }
    for (const [field, value] of fields) {
      const key = field.slice(1)
      const entry = field.startsWith('k') ? entriesOf([key, value]).get(key) : undefined
      if (entry !== undefined) yield { kind: 'entry', scope, key, entry }
    }
  }

  async function* counterRows(): AsyncGenerator<StoreRow> {
    for (const bucket of buckets.all) {
      const counters = (await bucket.ask(archive.countersScript, [])) as unknown[][]
      for (const [name, until, count] of counters)
        yield counterRow(String(name), Number(until), Number(count))
    }
  }

  async function* rows(): AsyncGenerator<StoreRow> {
    yield* epochs()
    for await (const [, [sid, fields]] of families()) yield* familyRows(String(sid), pairs(fields))
    for await (const scope of scopes()) yield* stateRows(scope)
    yield* counterRows()
    const [version, box] = (await keyringBucket().ask(readKeyringScript, [])) as unknown[]
    if (version !== null) yield { kind: 'keyring', version: Number(version), box: bytesOf(box) }
  }

  async function keysOf(bucket: OpenBucket, pattern: string): Promise<readonly string[]> {
    const found = new Set<string>()
    let cursor = '0'
    do {
      const answer = await bucket.calls.send(['SCAN', cursor, 'MATCH', pattern, 'COUNT', '1000'])
      const [next, keys] = answer as [unknown, unknown[]]
      cursor = String(next)
      for (const key of keys) found.add(String(key))
    } while (cursor !== '0')
    return [...found]
  }

  /** The keys that begin with its prefix, without it; they need not all be ours. */
  async function namesIn(bucket: OpenBucket): Promise<string[]> {
    return (await keysOf(bucket, `${bucket.prefix}*`)).map((key) => key.slice(bucket.prefix.length))
  }

  async function remove(bucket: OpenBucket, names: readonly string[]): Promise<void> {
    const [isDone] = await bucket.order(archive.clearScript, names)
    if (Number(isDone) === 0) throw new ConfigError('ERR_CONFIG_INVALID', hasKeys)
  }

  async function clear(): Promise<void> {
    const counted = new Map<OpenBucket, readonly string[]>()
    // Looks for a root key before anything is removed, in a cluster, too.
    await remove(keyringBucket(), [])
    for (const bucket of buckets.all) {
      const names = (await namesIn(bucket)).filter((name) => taken.test(name))
      // What is counted goes last: by it one knows that this is the rest of a move, should this be cut off, too.
      const isCounted = (name: string): boolean => name.startsWith('once:')
      const first = names.filter((name) => !isCounted(name))
      for (let at = 0; at < first.length; at += removedAtOnce) {
        await remove(bucket, first.slice(at, at + removedAtOnce))
      }
      counted.set(bucket, [...names.filter(isCounted), 'due'])
    }
    for (const [bucket, names] of counted) await remove(bucket, names)
  }

  const moved = `${address.prefix}-moved`

  async function retireAll(): Promise<void> {
    for (const bucket of [keyringBucket(), ...buckets.all]) {
      const names = (await namesIn(bucket)).filter((name) => taken.test(name) || lasting.test(name))
      // The root key first: without it no gateway opens what is left, should this be cut off.
      for (const name of names.sort((a, b) => Number(b === 'keyring') - Number(a === 'keyring'))) {
        const to = moved + bucket.prefix.slice(address.prefix.length) + name
        await bucket.calls.send(['RENAME', bucket.prefix + name, to])
      }
    }
  }

  try {
    await insistOnBeingAlone()
  } catch (error) {
    await buckets.close()
    throw error
  }
  return {
    rows,

    async take(given) {
      for (const kind of order) await Promise.all(given.filter((row) => row.kind === kind).map(takeOne))
    },

    async clear() {
      try {
        await clear()
      } catch (error) {
        throw error instanceof ConfigError ? error : storeError(error, address.shown)
      }
    },

    async retire() {
      try {
        await retireAll()
      } catch (error) {
        throw storeError(error, address.shown)
      }
      return `under ?prefix=${moved}`
    },

    close: () => buckets.close(),
  }
}

function scopeArguments({ sid, name }: StateScope): readonly string[] {
  return [sid === null ? '0' : '1', sid ?? '', name]
}

function pairs(flat: unknown): ReadonlyMap<string, unknown> {
  const fields = flat as readonly unknown[]
  return new Map(
    Array.from({ length: fields.length / 2 }, (_, index) => [
      String(fields[index * 2]),
      fields[index * 2 + 1],
    ]),
  )
}

function* familyRows(sid: string, fields: ReadonlyMap<string, unknown>): Generator<StoreRow> {
  const absoluteAt = Number(fields.get('a'))
  const isLive = fields.has('id')
  for (const [field, next] of fields) {
    if (!field.startsWith('n:')) continue
    const id = field.slice(2)
    const presentedAt = fields.has(`p:${id}`) ? Number(fields.get(`p:${id}`)) : null
    const sealedToken = bytesOf(fields.get(`t:${id}`) ?? Buffer.alloc(0))
    const succession = isLive && String(next) !== '' ? { id: String(next), sealedToken, presentedAt } : null
    yield { kind: 'retired', id, sid, absoluteAt, next: succession }
  }
  if (!isLive) return
  const row = ['u', 'c', 'i', 'a', 'v', 'z', 'k'].map((name) => fields.get(name) ?? null)
  const begun = fields.get('g') ?? fields.get('c')
  yield { kind: 'session', session: sessionOf(['live', fields.get('id'), sid, ...row, begun]) }
}

function counterRow(name: string, until: number, count: number): StoreRow {
  const key = name.slice(name.indexOf(':') + 1)
  return name.startsWith('once:') ? { kind: 'once', key, until } : { kind: 'hits', key, until, count }
}
