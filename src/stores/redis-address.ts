/** What `--store redis…` says. */
import { ConfigError } from '../core/errors.ts'

export interface Endpoint {
  readonly host: string
  readonly port: number
}

/** Where Redis is and how to use it. */
export interface RedisAddress {
  /** `single`: these nodes are one server. `sentinel`: they know where the primary is. `cluster`: they know who has what. */
  readonly topology: 'single' | 'sentinel' | 'cluster'
  readonly nodes: readonly Endpoint[]
  /** The name Sentinel knows the primary by; empty elsewhere. */
  readonly primary: string
  readonly tls: boolean
  readonly username: string | null
  readonly password: string | null
  /** What Sentinel itself asks for; `null`: nothing. */
  readonly sentinelPassword: string | null
  readonly database: number
  /** What every key begins with, so that others may use the same Redis. */
  readonly prefix: string
  /** `null`: strict as soon as there is a replica. */
  readonly mode: 'strict' | 'relaxed' | null
  /** How many replicas there should be; `null`: as many as were ever seen. */
  readonly replicas: number | null
  /** The address without its passwords, for messages. */
  readonly shown: string
}

const schemes: ReadonlyMap<string, readonly [RedisAddress['topology'], number]> = new Map([
  ['', ['single', 6379]],
  ['+sentinel', ['sentinel', 26379]],
  ['+cluster', ['cluster', 6379]],
])

const known = new Set(['mode', 'replicas', 'prefix', 'sentinelPassword'])

/** The text without its user and passwords: what may stand in a message or a log. */
export function shownUrl(text: string): string {
  // Up to the last @, whatever is before it: a password that was not encoded may hold any character.
  return text.replace(/\/\/.*@/s, '//').replace(/\?.*$/s, '')
}

/** Reads the address; throws `ConfigError` that says what is wrong with it, without a password in it. */
export function redisAddress(url: string): RedisAddress {
  const shown = shownUrl(url)
  const fail: Fail = (why) => new ConfigError('ERR_CONFIG_INVALID', `--store ${shown}: ${why}`)
  const found = /^(rediss?)(\+\w+)?:\/\/(?:([^/]*)@)?([^/?]+)(?:\/([^?]*))?(?:\?(.*))?$/s.exec(url)
  const scheme = schemes.get(found?.[2] ?? '')
  if (found === null || scheme === undefined)
    throw fail(
      'use redis://host:port/0, rediss://… for TLS, redis+sentinel://host:port,host:port/<primary> or redis+cluster://host:port,host:port.',
    )
  const [, protocol, , credentials, hosts = '', path = '', query = ''] = found
  const [topology, usualPort] = scheme
  const parameters = new URLSearchParams(query)
  for (const name of parameters.keys()) {
    if (!known.has(name)) throw fail(`?${name}= means nothing here; there are ${[...known].join(', ')}.`)
  }
  return {
    ...{ topology, shown, tls: protocol === 'rediss' },
    nodes: nodesOf(hosts, topology === 'single', usualPort, fail),
    ...placeOf(path, topology, fail),
    ...credentialsOf(credentials, fail),
    sentinelPassword: parameters.get('sentinelPassword'),
    prefix: prefixOf(parameters.get('prefix'), fail),
    mode: modeOf(parameters.get('mode'), fail),
    replicas: replicasOf(parameters.get('replicas'), fail),
  }
}

type Fail = (why: string) => ConfigError

function nodesOf(hosts: string, isSingle: boolean, usualPort: number, fail: Fail): readonly Endpoint[] {
  const nodes = hosts.split(',').map((host) => endpointOf(host, usualPort))
  if (nodes.includes(null)) throw fail('each host is written as host:port, several with commas between.')
  if (isSingle && nodes.length > 1) throw fail('several hosts need redis+sentinel:// or redis+cluster://.')
  return nodes.filter((node) => node !== null)
}

function placeOf(
  path: string,
  topology: RedisAddress['topology'],
  fail: Fail,
): Pick<RedisAddress, 'primary' | 'database'> {
  const [primary = '', database = ''] = topology === 'sentinel' ? path.split('/') : ['', path]
  if (topology === 'sentinel' && primary === '')
    throw fail('name the primary that Sentinel watches: redis+sentinel://host:port/mymaster.')
  if (!/^\d{0,4}$/.test(database)) throw fail(`${JSON.stringify(database)} is no database number.`)
  if (topology === 'cluster' && Number(database) !== 0) throw fail('a cluster has no databases but 0.')
  return { primary, database: Number(database) }
}

function endpointOf(text: string, usualPort: number): Endpoint | null {
  const found = /^(\[[0-9a-fA-F:.]+\]|[^\s:[\]@]+)(?::(\d{1,5}))?$/.exec(text)
  if (found === null) return null
  const port = Number(found[2] ?? usualPort)
  return port > 0 && port < 65_536 ? { host: (found[1] ?? '').replace(/^\[|\]$/g, ''), port } : null
}

function credentialsOf(text: string | undefined, fail: Fail): Pick<RedisAddress, 'username' | 'password'> {
  if (text === undefined || text === '') return { username: null, password: null }
  const colon = text.indexOf(':')
  if (colon < 0) throw fail('write user:password@, or :password@ for the default user.')
  const [user, password] = [text.slice(0, colon), text.slice(colon + 1)]
  try {
    return {
      username: user === '' ? null : decodeURIComponent(user),
      password: decodeURIComponent(password),
    }
  } catch {
    throw fail('user and password must be percent-encoded, as in every URL.')
  }
}

function prefixOf(text: string | null, fail: Fail): string {
  // Braces would decide on the cluster's slot, and a glob would not match itself in an ACL rule. With colons the keys of one
  // store could begin like those of another, and be moved away with them.
  if (text !== null && !/^[\w.-]{1,64}$/.test(text)) throw fail('?prefix= takes letters, digits, . _ and -.')
  return text ?? 'holdfast'
}

function modeOf(text: string | null, fail: Fail): RedisAddress['mode'] {
  if (text === null || text === 'strict' || text === 'relaxed') return text
  throw fail('?mode= is strict or relaxed.')
}

function replicasOf(text: string | null, fail: Fail): number | null {
  if (text === null) return null
  if (/^\d{1,2}$/.test(text)) return Number(text)
  throw fail('?replicas= is how many replicas the primary has.')
}
