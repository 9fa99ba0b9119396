/** From what scripts answer to what the contract says, and back. */
import type { Found, StateEntry, StateWrite, StoredSession } from '../core/contracts.ts'
import type { RedisArgument } from './redis-client.ts'

/** A copy: what arrives shares memory with everything else that came in the same packet. */
export function bytesOf(value: unknown): Uint8Array {
  return new Uint8Array(value as Buffer)
}

/** `live`, id, sid, user, created, idle, absolute, version, sealed, key, begun. */
export function sessionOf(row: readonly unknown[]): StoredSession {
  const [, id, sid, user, createdAt, idleAt, absoluteAt, version, sealed, key, begun] = row
  return {
    id: String(id),
    sid: String(sid),
    user: user === null ? null : String(user),
    begun: Number(begun),
    createdAt: Number(createdAt),
    idleAt: Number(idleAt),
    absoluteAt: Number(absoluteAt),
    version: Number(version),
    sealed: bytesOf(sealed),
    key: bytesOf(key),
  }
}

export function foundOf(answer: unknown): Found | null {
  if (!Array.isArray(answer)) return null
  if (String(answer[0]) === 'live') return { state: 'live', session: sessionOf(answer) }
  const [, id, sealedToken, presentedAt] = answer
  return {
    state: 'rotated',
    next: {
      id: String(id),
      sealedToken: bytesOf(sealedToken),
      presentedAt: presentedAt === null ? null : Number(presentedAt),
    },
  }
}

/** key, version:value, … */
export function entriesOf(answer: unknown): Map<string, StateEntry> {
  const fields = answer as readonly Buffer[]
  const entries = new Map<string, StateEntry>()
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const field = fields[index + 1] ?? Buffer.alloc(0)
    const colon = field.indexOf(':')
    const version = Number(field.subarray(0, colon).toString())
    entries.set(String(fields[index]), { version, value: bytesOf(field.subarray(colon + 1)) })
  }
  return entries
}

export function stateWriteOf([outcome, detail]: readonly unknown[]): StateWrite {
  switch (String(outcome)) {
    case 'conflict':
      return { outcome: 'conflict', keys: (detail as unknown[]).map(String) }
    case 'full':
      return { outcome: 'full', bytes: Number(detail) }
    case 'written': {
      const fields = (detail as unknown[]).map(String)
      const versions = new Map<string, number>()
      for (let index = 0; index + 1 < fields.length; index += 2) {
        versions.set(fields[index] ?? '', Number(fields[index + 1]))
      }
      return { outcome: 'written', versions }
    }
    default:
      return { outcome: 'gone' }
  }
}

/** isAnonymous, id, sid, user, created, idle, absolute, version, sealed, key: copies, taken before anything is awaited. */
export function argumentsOf(session: StoredSession): readonly RedisArgument[] {
  const { id, sid, user, createdAt, idleAt, absoluteAt, version } = session
  return [
    ...[
      user === null ? '1' : '0',
      id,
      sid,
      user ?? '',
      `${createdAt}`,
      `${idleAt}`,
      `${absoluteAt}`,
      `${version}`,
    ],
    ...[Buffer.from(session.sealed), Buffer.from(session.key)],
  ]
}
