import type { Creation, SessionStore, StoredSession } from '../core/contracts.ts'
import { StoreError } from '../core/errors.ts'
import type { SessionLimit } from '../core/session-limit.ts'
import { redisAddress } from './redis-address.ts'
import { newDeadline, type OpenBucket } from './redis-bucket.ts'
import { openBuckets, type RedisBuckets } from './redis-buckets.ts'
import type { RedisArgument } from './redis-client.ts'
import { pingScript } from './redis-feed-scripts.ts'
import { type Asked, decideLimited } from './redis-limited.ts'
import { catchUp, markOf, revokeIn } from './redis-revocations.ts'
import { argumentsOf, bytesOf, entriesOf, foundOf, sessionOf, stateWriteOf } from './redis-rows.ts'
import type { RedisScript } from './redis-script.ts'
import * as sessions from './redis-session-scripts.ts'
import * as states from './redis-state-scripts.ts'
import { createWatchers } from './watchers.ts'

/** Which Redis. */
export interface RedisStoreOptions {
  /** `redis://`, `rediss://`, `redis+sentinel://` or `redis+cluster://`. */
  readonly url: string
  /** For tests. @default Redis' own clock */
  readonly now?: () => number
}

/** A store that says what it cannot promise. */
export interface RedisStore extends SessionStore {
  readonly warnings: readonly string[]
}

/** A store in Redis that any number of machines may share. */
export async function redisStore(options: RedisStoreOptions): Promise<RedisStore> {
  const { now } = options
  const address = redisAddress(options.url)
  const watchers = createWatchers()
  const buckets: RedisBuckets = await openBuckets({
    address,
    time: () => (now === undefined ? '' : `${now()}`),
    deliver: watchers.deliver,
  })
  const isSpread = buckets.all.length > 1
  const underWay = new Set<Promise<unknown>>()
  let closing: Promise<void> | undefined

  /** Refuses after the end, and lets `close` wait for what began before. */
  function track<Value>(act: () => Promise<Value>): Promise<Value> {
    if (closing !== undefined) {
      return Promise.reject(
        new StoreError('ERR_STORE_UNAVAILABLE', `Redis ${address.shown}: the store was closed.`),
      )
    }
    const promise = act()
    const settled: Promise<unknown> = promise.then(
      () => underWay.delete(settled),
      () => underWay.delete(settled),
    )
    underWay.add(settled)
    return promise
  }

  /** The sid of an id; `null` where the id was never used. For clusters: elsewhere the scripts find it themselves. */
  async function sidOf(id: string, deadline: number): Promise<string | null> {
    const sid = await buckets.of(id).ask(sessions.claimedScript, [id], deadline)
    return sid === null ? null : String(sid)
  }

  async function claim(id: string, { sid, absoluteAt }: StoredSession, deadline: number): Promise<boolean> {
    // As durable as the session: without its claim nobody would find it.
    const [owner] = await buckets.of(id).order(sessions.claimScript, [id, sid, `${absoluteAt}`], deadline)
    return String(owner) === sid
  }

  /** A script on one id: what it answers, or `null` for an id that was never used. */
  async function onId(
    id: string,
    deadline: number,
    act: (bucket: OpenBucket, sid: string) => Promise<unknown>,
  ): Promise<unknown> {
    // Nothing is awaited where nothing has to be: calls made one after the other reach Redis so.
    const sid = isSpread ? await sidOf(id, deadline) : ''
    return sid === null ? null : act(buckets.of(sid), sid)
  }

  async function isDone(answer: Promise<unknown>): Promise<boolean> {
    const found = await answer
    return Array.isArray(found) && Number(found[0]) === 1
  }

  function orderOnId(script: RedisScript, id: string, args: readonly RedisArgument[]): Promise<boolean> {
    const deadline = newDeadline()
    return track(() =>
      isDone(onId(id, deadline, (bucket, sid) => bucket.order(script, [id, sid, ...args], deadline))),
    )
  }

  const isClaimed = isSpread ? '1' : '0'

  async function create(session: StoredSession, limit?: SessionLimit): Promise<Creation> {
    const [args, begun, deadline] = [argumentsOf(session), `${session.begun}`, newDeadline()]
    const asked = askedOf(session, limit)
    if (isSpread && !(await claim(session.id, session, deadline))) return 'ended'
    const bucket = buckets.of(session.sid)
    const all = [isClaimed, ...args, ...roomOf(asked, isSpread), begun]
    const [creation] = await bucket.order(sessions.createScript, all, deadline)
    if (isSpread && String(creation) === 'revoked') await catchUp(buckets, bucket, deadline)
    if (asked === null || !isSpread || String(creation) !== 'created') return String(creation) as Creation
    return decideLimited(buckets, { ...asked, deadline })
  }

  async function rotate(id: string, version: string, next: StoredSession, token: Buffer): Promise<boolean> {
    const [args, deadline] = [argumentsOf(next), newDeadline()]
    if (isSpread && (await sidOf(id, deadline)) !== next.sid) return false
    if (isSpread && !(await claim(next.id, next, deadline))) return false
    const rest = [isClaimed, id, isSpread ? next.sid : '', version, token, ...args]
    return isDone(buckets.of(next.sid).order(sessions.rotateScript, rest, deadline))
  }

  async function sweep(limit: number): Promise<number> {
    let removed = 0
    for (const bucket of buckets.all) {
      if (removed === limit) break
      const [count, claims] = await bucket.order(states.sweepScript, [`${limit - removed}`])
      removed += Number(count)
      if (isSpread) await unclaim((claims as unknown[]).map(String))
    }
    return removed
  }

  async function unclaim(claims: readonly string[]): Promise<void> {
    const perBucket = new Map<OpenBucket, string[]>()
    for (let index = 0; index + 1 < claims.length; index += 2) {
      const [id = '', sid = ''] = claims.slice(index, index + 2)
      const bucket = buckets.of(id)
      perBucket.set(bucket, [...(perBucket.get(bucket) ?? []), id, sid])
    }
    for (const [bucket, args] of perBucket) await bucket.order(sessions.unclaimScript, args)
  }

  const bucketOfScope = (sid: string | null, name: string): OpenBucket => buckets.of(sid ?? name)

  async function closeAll(): Promise<void> {
    await Promise.all(underWay)
    await buckets.close()
  }

  return {
    kind: 'redis',
    warnings: buckets.verdict.warnings,

    create: (session, limit) => track(() => create(session, limit)),
    read: (id) =>
      track(async () => {
        const deadline = newDeadline()
        return foundOf(
          await onId(id, deadline, (bucket, sid) => bucket.ask(sessions.readScript, [id, sid], deadline)),
        )
      }),
    update: (id, version, sealed) =>
      orderOnId(sessions.updateScript, id, [`${version}`, Buffer.from(sealed)]),
    touch: (id, idleAt) =>
      track(() => {
        const deadline = newDeadline()
        const args = (sid: string): readonly string[] => [id, sid, `${idleAt}`]
        return isDone(
          onId(id, deadline, (bucket, sid) => bucket.ask(sessions.touchScript, args(sid), deadline)),
        )
      }),
    rotate: (id, version, next, sealedToken) => {
      const [copy, token] = [copyOf(next), Buffer.from(sealedToken)]
      return track(() => rotate(id, `${version}`, copy, token))
    },
    present: (id) =>
      track(async () => {
        const deadline = newDeadline()
        const mayBe = onId(id, deadline, (bucket, sid) =>
          bucket.ask(sessions.isUnpresentedScript, [id, sid], deadline),
        )
        // That it was presented is final: a read is enough to know it.
        if (!(await isDone(mayBe))) return false
        const order = onId(id, deadline, (bucket, sid) =>
          bucket.order(sessions.presentScript, [id, sid], deadline),
        )
        return isDone(order)
      }),
    end: (sid) => track(() => isDone(buckets.of(sid).order(sessions.endScript, [sid, '']))),
    mark: (user) => track(() => markOf(buckets, user)),
    revoke: (epoch, at) => track(() => revokeIn(buckets, epoch === 'all' ? null : epoch.user, at)),

    listByUser: (user) =>
      track(async () => {
        const found = await Promise.all(buckets.all.map((bucket) => bucket.ask(sessions.listScript, [user])))
        const rows = (found as unknown[][][]).flat().map(sessionOf)
        return rows.sort((a, b) => a.createdAt - b.createdAt)
      }),

    async *scan() {
      for (const bucket of buckets.all) {
        let last: string | null = ''
        while (last !== null) {
          const from: string = last
          const page = (await track(() => bucket.ask(sessions.scanScript, [from]))) as [unknown, unknown[][]]
          yield* page[1].map(sessionOf)
          last = String(page[0]) === '' ? null : String(page[0])
        }
      }
    },

    sweep: (limit) => track(() => sweep(limit)),

    readState: ({ sid, name }, keys) =>
      track(async () => {
        const args = [
          sid === null ? '0' : '1',
          sid ?? '',
          name,
          keys === undefined ? '1' : '0',
          ...(keys ?? []),
        ]
        return entriesOf(await bucketOfScope(sid, name).ask(states.readStateScript, args))
      }),

    writeState: ({ sid, name }, changes, maxBytes) => {
      const flat = changes.flatMap(({ key, value, ifVersion }) => [
        ...[key, value === null ? 'delete' : 'set', value === null ? '' : Buffer.from(value)],
        ifVersion === undefined ? '' : `${ifVersion ?? 'absent'}`,
      ])
      const args = [
        sid === null ? '0' : '1',
        sid ?? '',
        name,
        maxBytes === undefined ? '' : `${maxBytes}`,
        ...flat,
      ]
      return track(async () =>
        stateWriteOf(await bucketOfScope(sid, name).order(states.writeStateScript, args)),
      )
    },

    once: (key, ttl) => track(() => isDone(buckets.of(key).order(states.onceScript, [key, `${ttl}`]))),
    hit: (key, window) =>
      track(async () => Number((await buckets.of(key).order(states.hitScript, [key, `${window}`]))[0])),

    readKeyring: () =>
      track(async () => {
        const [version, box] = (await buckets.of('keyring').ask(states.readKeyringScript, [])) as unknown[]
        return version === null || version === undefined
          ? null
          : { version: Number(version), box: bytesOf(box) }
      }),
    writeKeyring: (version, box) => {
      const args = [version === null ? '' : `${version}`, Buffer.from(box)]
      return track(() => isDone(buckets.of('keyring').order(states.writeKeyringScript, args)))
    },

    watch: (listener) => watchers.add(listener),
    isCurrent: () => closing === undefined && buckets.all.every(({ lease }) => lease.isCurrent()),
    ping: () =>
      track(async () => {
        await Promise.all(buckets.all.map((bucket) => bucket.order(pingScript, [])))
      }),

    close() {
      closing ??= closeAll()
      return closing
    },
  }
}

function copyOf(session: StoredSession): StoredSession {
  return { ...session, sealed: new Uint8Array(session.sealed), key: new Uint8Array(session.key) }
}

/** What a limit asks for, copied before anything is awaited; `null` where there is none. */
function askedOf(session: StoredSession, limit: SessionLimit | undefined): Asked | null {
  const { sid, user, absoluteAt } = session
  return limit === undefined || user === null ? null : { sid, user, absoluteAt, limit: { ...limit } }
}

/** most or '', whenFull, replacing, whether it needs a seat: the last of what `createScript` takes. */
function roomOf(asked: Asked | null, isSpread: boolean): readonly string[] {
  if (asked === null) return ['', '', '', '0']
  const { most, whenFull, replacing } = asked.limit
  return isSpread ? ['', '', '', '1'] : [`${most}`, whenFull, replacing ?? '', '0']
}
