import type { ClientConfig } from 'pg'
import { ConfigError } from '../core/errors.ts'

/** Where a Postgres store is: the servers to try, in this order, and the schema that is ours. */
export interface PostgresAddress {
  /** For messages: hosts and database, never the password. */
  readonly name: string
  readonly schema: string
  readonly hosts: readonly ClientConfig[]
  /** Whether whoever sits on the network could answer in the server's place. */
  readonly isUnproven: boolean
}

const pattern = /^(postgres(?:ql)?:\/\/)([^@/?#]*@)?([^/?#]*)(\/[^?#]*)?(?:\?([^#]*))?$/
const schemaPattern = /^[a-z_][a-z0-9_]{0,50}$/
// A name, an address (IPv6 in brackets, with a zone maybe), or the folder of a socket as %2F…
const hostPattern = /^(\[[\w:.%]+\]|[\w.%-]*)(:\d{1,5})?$/
const loopback = /^(localhost|127\.[\d.]+|\[::1\]|)(:\d+)?$/

/** Whether pg checks the server's certificate: in libpq's manner of speaking `require` does not. */
function isVerified(parameters: URLSearchParams): boolean {
  const mode = parameters.get('sslmode') ?? (parameters.get('ssl') === 'true' ? 'require' : 'disable')
  if (parameters.has('uselibpqcompat')) return mode === 'verify-full'
  return ['require', 'verify-ca', 'verify-full'].includes(mode)
}

function refuse(message: string): never {
  throw new ConfigError('ERR_CONFIG_INVALID', message)
}

/**
 * Reads `postgres://user:password@host:port,host:port/database?sslmode=verify-full&schema=holdfast`. Several hosts are one
 * cluster: the one that takes writes is used, and another when that changes. Throws `ConfigError`; never tells the password.
 */
export function postgresAddress(url: string, schemaOption?: string): PostgresAddress {
  const [, protocol, user = '', authority = '', path = '', query = ''] = pattern.exec(url) ?? []
  if (protocol === undefined) {
    refuse('--store: this is no Postgres URL. It looks like postgres://user:password@host:5432/database.')
  }
  // SECURITY: what is behind the first @ or / would be taken for a host or a database, and told in every message.
  if (
    !authority.split(',').every((host) => hostPattern.test(host)) ||
    path.includes('@') ||
    query.includes('@')
  ) {
    refuse(
      '--store: this Postgres URL has characters in it that have a meaning of their own. In a name or a password write @ as ' +
        '%40, / as %2F, : as %3A, ? as %3F and # as %23.',
    )
  }
  const parameters = new URLSearchParams(query)
  const wanted = parameters.get('target_session_attrs') ?? 'read-write'
  if (wanted !== 'read-write' && wanted !== 'primary') {
    refuse(`--store: target_session_attrs=${wanted} cannot work: a store is written to. Leave it out.`)
  }
  const schema = schemaOption ?? parameters.get('schema') ?? 'holdfast'
  if (!schemaPattern.test(schema)) {
    refuse(`--store: schema=${schema}: use lower-case letters, digits and _, at most 51, such as holdfast.`)
  }
  const isSafe = isVerified(parameters)
  const socket = parameters.get('host')?.startsWith('/') ?? false
  for (const own of ['schema', 'target_session_attrs']) parameters.delete(own)
  const rest = `${path}${parameters.size > 0 ? `?${parameters}` : ''}`
  const authorities = authority.split(',')
  return {
    name: `${protocol}${authority}${path}`,
    schema,
    hosts: authorities.map((host) => ({ connectionString: `${protocol}${user}${host}${rest}` })),
    isUnproven:
      !isSafe && !socket && !authorities.every((host) => loopback.test(host) || host.startsWith('%2F')),
  }
}
