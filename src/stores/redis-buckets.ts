/** All buckets of a store, opened: one for a server, eight for a cluster. */
import { randomBytes } from 'node:crypto'
import type { StoreChange } from '../core/contracts.ts'
import { StoreError } from '../core/errors.ts'
import { type RedisAddress, redisAddress } from './redis-address.ts'
import { type OpenBucket, openBucket } from './redis-bucket.ts'
import { isForbidden, storeError } from './redis-fault.ts'
import { openFeed } from './redis-feed.ts'
import { pingScript, replicasScript } from './redis-feed-scripts.ts'
import { bucketOf, bucketsOf } from './redis-locate.ts'
import { newMark } from './redis-mark.ts'
import {
  insist,
  missingRights,
  replicasNow,
  type ServerFacts,
  serverFacts,
  type Verdict,
  verdictOn,
} from './redis-server-facts.ts'
import { createReplicaLease } from './replica-lease.ts'
import { handoverMs } from './succession.ts'

export interface RedisBuckets {
  readonly all: readonly OpenBucket[]
  /** The name under which this process beats. */
  readonly replica: string
  /** The bucket in which something of this name lies. */
  of(name: string): OpenBucket
  readonly verdict: Verdict
  close(): Promise<void>
}

export interface BucketsOptions {
  readonly address: RedisAddress
  /** The time for scripts; empty for Redis' own. */
  time(): string
  deliver(change: StoreChange): void
}

/** How many replicas make a majority together with the primary. */
export function quorumOf(replicas: number): number {
  return (replicas + 1) >> 1
}

/** Connects to every bucket and looks at its server. Rejects with `ConfigError` or `StoreError`; nothing stays open then. */
export async function openBuckets(options: BucketsOptions): Promise<RedisBuckets> {
  const { address } = options
  const replica = randomBytes(9).toString('base64url')
  const clock = { monotonic: () => performance.now(), wall: () => Date.now() }
  let [quorum, replicas] = [0, 0]
  let looking: NodeJS.Timeout | undefined
  const places = bucketsOf(address)

  /** More of them than before are waited for; fewer never are, for one that is away makes writes promise no less. */
  function count(found: number): void {
    replicas = address.replicas ?? Math.max(replicas, found)
    const isStrict = address.mode === 'strict' || (address.mode === null && replicas > 0)
    quorum = isStrict ? quorumOf(replicas) : 0
  }

  /** Whoever began before a replica came would go on as if there were none, and a fail-over undo what it acknowledged. */
  function look(bucket: OpenBucket | undefined): void {
    const isSaid = address.replicas !== null || address.mode === 'relaxed'
    if (isSaid || looking === undefined || bucket === undefined) return
    replicasOf(bucket).then(count, () => {})
  }

  const all: readonly OpenBucket[] = places.map((bucket, index) =>
    openBucket({
      ...{ address, bucket, replica, time: options.time },
      lease: createReplicaLease(clock, options.deliver),
      quorum: () => quorum,
      replicas: () => replicas,
      // With one replica a majority is both of two servers, and losing either would stop all reading.
      isGated: () => quorum > 0 && replicas > 1,
      mark: () => newMark(address),
      onFetched: () => feed?.missed(),
      onConnected: () => look(all[index]),
    }),
  )
  let feed: ReturnType<typeof openFeed> | undefined

  const close = async (): Promise<void> => {
    clearInterval(looking)
    looking = undefined
    await Promise.all([...all.map((bucket) => bucket.close()), feed?.close()])
  }

  try {
    const facts = await Promise.all(all.map((bucket) => patiently(() => factsOf(bucket, address))))
    count(Math.max(...facts.map((each) => each.replicas)))
    const verdicts = facts.map((each) => verdictOn(each, address, quorum, replicas))
    const verdict = {
      faults: [...new Set(verdicts.flatMap(({ faults }) => faults))],
      warnings: [...new Set(verdicts.flatMap(({ warnings }) => warnings))],
    }
    insist(verdict, address)
    const [first] = places
    if (first !== undefined) feed = openFeed(address, first.locate, all)
    await Promise.all(all.map((bucket) => patiently(() => bucket.order(pingScript, []))))
    await Promise.all(all.map((bucket) => bucket.followed(performance.now() + openingMs)))
    looking = setInterval(() => all.forEach(look), lookMs).unref()
    return { all, replica, verdict, of: (name) => all[bucketOf(name, all.length)] ?? nowhere(), close }
  } catch (error) {
    await close()
    throw isForbidden(error) ? missingRights(error, address) : error
  }
}

// For so long a replica that comes is not waited for.
const lookMs = 2000

// Whoever starts may wait longer than a request may: many processes start at once after a deploy, and where a replica is away
// nothing counts at first.
const openingMs = 5000 + handoverMs

async function patiently<Value>(act: () => Promise<Value>): Promise<Value> {
  const end = performance.now() + openingMs
  for (;;) {
    try {
      return await act()
    } catch (error) {
      if (performance.now() > end || isForbidden(error)) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

function nowhere(): never {
  throw new StoreError('ERR_STORE_UNAVAILABLE', 'A store without buckets keeps nothing.')
}

async function factsOf(bucket: OpenBucket, address: RedisAddress): Promise<ServerFacts> {
  try {
    await bucket.calls.ready(1000)
    const facts = await serverFacts((args) => bucket.calls.send(args))
    return { ...facts, replicas: await everSeen(bucket, facts.replicas) }
  } catch (error) {
    throw storeError(error, address.shown)
  }
}

/** How many were ever seen, by anybody: one that is away now must not make writes promise less. */
async function everSeen(bucket: OpenBucket, now: number): Promise<number> {
  return Math.max(now, Number(await bucket.ask(replicasScript, [`${now}`])))
}

async function replicasOf(bucket: OpenBucket): Promise<number> {
  return everSeen(bucket, await replicasNow((args) => bucket.calls.send(args)))
}

/** Looks whether a store could be opened there, and says what is wrong; nothing of it is left open. */
export async function examineRedis(url: string): Promise<Verdict> {
  try {
    const buckets = await openBuckets({ address: redisAddress(url), time: () => '', deliver: () => {} })
    await buckets.close()
    return buckets.verdict
  } catch (error) {
    return { faults: [error instanceof Error ? error.message : 'unknown error'], warnings: [] }
  }
}
