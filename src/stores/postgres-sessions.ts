import type { Found, StoredSession } from '../core/contracts.ts'

type Columns = readonly [
  id: string,
  sid: string,
  user: string | null,
  begun: number,
  createdAt: number,
  idleAt: number,
  absoluteAt: number,
  version: number,
  sealed: Uint8Array,
  key: Uint8Array,
]

/** A session from a row that begins with the columns of one. */
export function sessionOf(row: readonly unknown[]): StoredSession {
  const [id, sid, user, begun, createdAt, idleAt, absoluteAt, version, sealed, key] =
    row as unknown as Columns
  return { id, sid, user, begun, createdAt, idleAt, absoluteAt, version, sealed, key }
}

/** What `read_session` found. */
export function foundOf(row: readonly unknown[] | undefined): Found | null {
  if (row === undefined) return null
  const next = row[10]
  if (next === null) return { state: 'live', session: sessionOf(row) }
  const presentedAt = row[12] === null ? null : Number(row[12])
  return { state: 'rotated', next: { id: String(next), sealedToken: row[11] as Uint8Array, presentedAt } }
}

/** Bytes as pg sends them: a copy, so that whoever gave them may change them once the call has begun. */
export function bytesOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes)
}

/** The owner of a scope as a column holds it, so that no sid, not even an empty one, owns what is nobody's. */
export function ownerOf(sid: string | null): string {
  return sid === null ? 'nobody' : `sid:${sid}`
}
