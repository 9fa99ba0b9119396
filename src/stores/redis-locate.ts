/** Where the primary is: told by the address, by Sentinel, or by the cluster. */
import type { Endpoint, RedisAddress } from './redis-address.ts'
import { connect, type RedisClient, within } from './redis-client.ts'
import { attemptMs } from './redis-connection.ts'

export type Locate = () => Promise<Endpoint>

/** Asks each in turn until one answers; rejects with what the last one said. */
async function ask<Answer>(
  address: RedisAddress,
  nodes: readonly Endpoint[],
  question: (client: RedisClient, at: Endpoint) => Promise<Answer>,
): Promise<Answer> {
  const password = address.topology === 'sentinel' ? address.sentinelPassword : address.password
  // Sentinel knows neither our user nor our databases.
  const asked = address.topology === 'sentinel' ? { ...address, username: null, database: 0 } : address
  let failure: unknown = new Error('no node was named')
  for (const at of nodes) {
    try {
      const client = await connect({ address: asked, at, password })
      try {
        return await within(attemptMs, question(client, at), 'no answer')
      } finally {
        client.destroy()
      }
    } catch (error) {
      failure = error
    }
  }
  throw failure
}

// All connections are lost at once and ask at once; the answer is good for all of them, but not for the next try.
const sharedMs = 100

/** The same question, asked once by all who ask at the same time. */
function shared<Answer>(question: () => Promise<Answer>): () => Promise<Answer> {
  let last: { readonly at: number; readonly answer: Promise<Answer> } | null = null
  return () => {
    const at = performance.now()
    if (last === null || at - last.at > sharedMs) last = { at, answer: question() }
    return last.answer
  }
}

interface Named extends Endpoint {
  readonly epoch: number
}

/**
 * How to find the primary that Sentinel stands for: the newest that a majority of the sentinels knows. One alone may have
 * been cut off together with the old one; one that hangs is not waited for.
 */
export function locateBySentinel(address: RedisAddress): Locate {
  const question = async (client: RedisClient): Promise<Named> => {
    const found = await client.sendCommand(['SENTINEL', 'MASTER', address.primary])
    const fields = (Array.isArray(found) ? found : []).map(String)
    const field = (name: string): string => fields[fields.indexOf(name) + 1] ?? ''
    return { host: field('ip'), port: Number(field('port')), epoch: Number(field('config-epoch')) }
  }
  return shared(async () => {
    const told: Named[] = []
    const answers = address.nodes.map(async (node) => {
      told.push(await ask(address, [node], question))
      if (told.length * 2 <= address.nodes.length) throw new Error('too few sentinels answered')
    })
    const failures = await Promise.any(answers).then(
      () => [],
      (error: AggregateError) => error.errors,
    )
    const [newest] = told.sort((a, b) => b.epoch - a.epoch)
    if (newest === undefined) throw failures[0]
    return newest
  })
}

/** Slots that lie together: at the first of the nodes, which the others follow. */
interface Range {
  readonly from: number
  readonly to: number
  readonly nodes: readonly Endpoint[]
}

/** How to find the primary of each slot. */
export function locateInCluster(address: RedisAddress): (slot: number) => Locate {
  // Those who were met are asked too: the nodes that were named may all have been replaced since.
  let met: readonly Endpoint[] = address.nodes

  async function rangesOf(client: RedisClient, at: Endpoint): Promise<readonly Range[]> {
    const answer = (await client.sendCommand(['CLUSTER', 'SLOTS'])) as unknown[][]
    const ranges = answer.map(([from, to, ...nodes]): Range => {
      // A node that does not know its own name has none: it is the one that was asked.
      const named = (nodes as unknown[][]).map(([host, port]) => ({
        host: host === null || String(host) === '' ? at.host : String(host),
        port: Number(port),
      }))
      return { from: Number(from), to: Number(to), nodes: named }
    })
    const known = ranges.flatMap(({ nodes }) => nodes)
    met = [...new Map([...address.nodes, ...known].map((at) => [`${at.host} ${at.port}`, at])).values()]
    return ranges
  }

  const ranges = shared(() => ask(address, [...met].sort(byChance), rangesOf))

  return (slot) => async () => {
    const range = (await ranges()).find(({ from, to }) => from <= slot && slot <= to)
    const [primary] = range?.nodes ?? []
    if (primary === undefined) throw new Error(`no node of the cluster has slot ${slot}`)
    return primary
  }
}

const byChance = (): number => Math.random() - 0.5

/**
 * Buckets: what is changed together lies in one hash slot. A single server has one bucket. A cluster has eight, whose tags
 * lie about evenly over the 16384 slots, so that up to eight primaries share the work.
 *
 * A session, its tombstone, its retired ids and its state are in the bucket of its sid. What spans sessions is in every
 * bucket: its own change feed, its own leases, its own copy of the epochs and its own part of each user's sessions. So
 * `create` and `read` hold a session against the epochs within one script, as everywhere. `revoke` writes the epoch
 * into all buckets at once and is acknowledged when the last has it; a session that is made meanwhile overlaps with
 * the revocation and may fall on either side of it, and none that is made later can. A process trusts its memory only
 * while it is current in all eight feeds. An id leads to its sid by a claim in the id's own bucket, written before the
 * session and never changed; a claim without a session leads nowhere, and is no session.
 * Where a user may have only so many sessions, the bucket of the user decides over each that is stored: redis-limited.ts.
 */
export interface Bucket {
  /** What each of its keys begins with. */
  readonly prefix: string
  readonly locate: Locate
}

const tags: readonly (readonly [tag: string, slot: number])[] = [
  ['h907', 1028],
  ['h597', 3069],
  ['h801', 5106],
  ['h491', 7179],
  ['h187', 9228],
  ['h851', 11271],
  ['h536', 13335],
  ['h957', 15345],
]

/** The buckets of the store at this address. Never change their number or order: rows are found by it. */
export function bucketsOf(address: RedisAddress): readonly Bucket[] {
  const { topology, prefix, nodes } = address
  if (topology === 'cluster') {
    const locate = locateInCluster(address)
    return tags.map(([tag, slot]) => ({ prefix: `${prefix}:{${tag}}:`, locate: locate(slot) }))
  }
  const [only = { host: '127.0.0.1', port: 6379 }] = nodes
  const locate = topology === 'sentinel' ? locateBySentinel(address) : async () => only
  return [{ prefix: `${prefix}:`, locate }]
}

/** The bucket, of that many, in which something of this name lies. */
export function bucketOf(name: string, buckets: number): number {
  if (buckets === 1) return 0
  // FNV-1a: the names are random already, or images of what is; it need only be the same everywhere.
  let hash = 0x811c9dc5
  for (let index = 0; index < name.length; index++) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193)
  }
  return (hash >>> 0) % buckets
}
