/** What a Redis server is, and what follows from it for the promises. */
import { ConfigError } from '../core/errors.ts'
import type { RedisAddress } from './redis-address.ts'
import type { RedisArgument } from './redis-client.ts'
import { isForbidden } from './redis-fault.ts'

/** `null` where the server would not tell. */
export interface ServerFacts {
  readonly version: string
  readonly evictionPolicy: string | null
  /** `always`, `everysec`, `no`; `none`: it keeps no append-only file. */
  readonly fsync: string | null
  /** Replicas that follow it now. */
  readonly replicas: number
  /** Its clock less ours, in milliseconds. */
  readonly skewMs: number
}

export interface Verdict {
  /** Why this server cannot be used, and what to do. */
  readonly faults: readonly string[]
  /** What it cannot promise, and what would help. */
  readonly warnings: readonly string[]
}

type Send = (args: readonly RedisArgument[]) => Promise<unknown>

const oldest = [6, 2]
const mostSkewMs = 30_000

async function unlessForbidden<Value>(call: Promise<Value>): Promise<Value | null> {
  try {
    return await call
  } catch (error) {
    // Managed services take these commands away, and older ones say so in words of their own.
    if (isForbidden(error) || /unknown command/i.test(String(error))) return null
    throw error
  }
}

/** Asks a server what it is. */
export async function serverFacts(send: Send): Promise<ServerFacts> {
  const before = Date.now()
  const time = await unlessForbidden(send(['TIME']))
  const [seconds = Number.NaN, micros = 0] = Array.isArray(time) ? time.map(Number) : []
  const skewMs = Number.isNaN(seconds) ? 0 : seconds * 1000 + micros / 1000 - (before + Date.now()) / 2
  const info = String((await unlessForbidden(send(['INFO']))) ?? '')
  const read = (name: string): string | null => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? null
  const setting = await unlessForbidden(send(['CONFIG', 'GET', 'appendfsync']))
  const fsync = Array.isArray(setting) && setting.length > 1 ? String(setting[1]) : null
  return {
    version: read('redis_version') ?? '',
    evictionPolicy: read('maxmemory_policy'),
    fsync: read('aof_enabled') === '0' ? 'none' : fsync,
    replicas: replicasIn(info),
    skewMs: Math.round(skewMs),
  }
}

/** How many replicas follow it now, if it tells. */
export async function replicasNow(send: Send): Promise<number> {
  return replicasIn(String((await unlessForbidden(send(['INFO', 'replication']))) ?? ''))
}

/** The replicas that INFO tells of. A backup that is being taken looks like one, but is at no port. */
export function replicasIn(info: string): number {
  const isListed = /^slave\d+:/m.test(info)
  return isListed ? followersIn(info).length : Number(/^connected_slaves:(\d+)/m.exec(info)?.[1] ?? 0)
}

function followersIn(info: string): readonly string[] {
  const each = [...info.matchAll(/^slave\d+:(.*?)\r?$/gm)].map(([, fields = '']) => fields)
  return each.filter((fields) => /\bstate=online\b/.test(fields) && !/\bport=0\b/.test(fields))
}

// They say so every second; one that has been silent for longer may lead others by now.
const mostSilentSeconds = 3

/** How many replicas follow a server and have said so lately; `null` where it does not tell. */
export async function followersNow(send: Send): Promise<number | null> {
  const info = await unlessForbidden(send(['INFO', 'replication']))
  if (info === null) return null
  const lags = followersIn(String(info)).map((fields) => Number(/\blag=(\d+)/.exec(fields)?.[1] ?? 0))
  return lags.filter((lag) => lag <= mostSilentSeconds).length
}

/** What the facts mean; `quorum` is how many replicas confirm a write. */
export function verdictOn(
  facts: ServerFacts,
  address: RedisAddress,
  quorum: number,
  replicas: number,
): Verdict {
  const faults: string[] = []
  const warnings: string[] = []
  const { version, evictionPolicy, skewMs } = facts
  if (isTooOld(version)) {
    faults.push(
      `Redis ${version} is too old: ${oldest.join('.')} is the oldest that Holdfast runs on. Upgrade it.`,
    )
  }
  if (evictionPolicy === null) {
    warnings.push(
      'It does not tell its maxmemory-policy. With any other than noeviction it would sign people out when memory is short.',
    )
  } else if (evictionPolicy !== 'noeviction') {
    faults.push(
      `Its maxmemory-policy is ${evictionPolicy}: when memory is short it would delete sessions and sign-outs alike. Set ` +
        'maxmemory-policy noeviction, in redis.conf or by CONFIG SET, or use a Redis of its own for Holdfast.',
    )
  }
  if (Math.abs(skewMs) > mostSkewMs) {
    warnings.push(
      `Its clock is ${Math.round(Math.abs(skewMs) / 1000)} s ${skewMs > 0 ? 'ahead of' : 'behind'} this machine's. Let both follow NTP.`,
    )
  }
  const durability = durabilityOf(facts)
  if (durability !== null && address.mode === 'strict') faults.push(`?mode=strict, but ${durability}`)
  else if (durability !== null) {
    const when = quorum === 0 ? 'Relaxed mode' : 'If the primary starts again before a replica takes over'
    warnings.push(`${when}: ${durability}`)
  }
  return { faults, warnings: [...warnings, ...replicaWarnings(replicas, quorum)] }
}

function replicaWarnings(replicas: number, quorum: number): readonly string[] {
  if (replicas > 0 && quorum === 0) {
    return [
      'Relaxed mode with replicas: a fail-over may bring back sessions that were signed out and lose what was acknowledged ' +
        '(out is out; no acknowledged write is lost). Leave ?mode=relaxed out to have writes confirmed by replicas.',
    ]
  }
  if (replicas !== 1) return []
  return [
    'One replica: while it or the primary is away nobody can sign in or out, and a gateway that is cut off together with ' +
      'the old primary lets sessions in that were signed out elsewhere since. A second replica mends both.',
  ]
}

function isTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [oldestMajor = 0, oldestMinor = 0] = oldest
  return version !== '' && (major < oldestMajor || (major === oldestMajor && minor < oldestMinor))
}

function durabilityOf({ fsync }: ServerFacts): string | null {
  if (fsync === 'always') return null
  const cure = 'Set appendonly yes and appendfsync always.'
  if (fsync === null)
    return `it does not tell whether sign-outs and state survive a crash of its machine. ${cure}`
  if (fsync === 'none') {
    return `it keeps no append-only file, so a crash undoes sign-outs and loses state since its last snapshot. ${cure}`
  }
  return `its appendfsync is ${fsync}, so a crash may undo the sign-outs and lose the state of its last second. ${cure}`
}

/** Throws what stops Holdfast from using the server. */
export function insist({ faults }: Verdict, address: RedisAddress): void {
  if (faults.length > 0)
    throw new ConfigError('ERR_CONFIG_INVALID', `Redis ${address.shown}: ${faults.join(' ')}`)
}

/** What to say when Redis does not let its user in, or not do what Holdfast needs. */
export function missingRights(error: unknown, { shown, username, prefix }: RedisAddress): ConfigError {
  const said = innermost(error)
  const rights = `~${prefix}:* &${prefix}:* +@read +@write +@scripting +@pubsub +@connection +info +wait +time +config|get +cluster|slots`
  // Who it is, or what it may do.
  const advice = /WRONGPASS|NOAUTH/.test(said)
    ? 'Put user and password right in --store.'
    : `Give its user these rights: ACL SETUSER ${username ?? 'default'} ${rights}`
  return new ConfigError('ERR_CONFIG_INVALID', `Redis ${shown}: ${said}. ${advice}`, { cause: error })
}

function innermost(error: unknown): string {
  if (!(error instanceof Error)) return 'it refuses us'
  return error.cause instanceof Error
    ? innermost(error.cause)
    : error.message.replace(/\.$/, '').slice(0, 200)
}
