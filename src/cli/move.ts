/** How everything in one store comes to another. */
import type { StoreArchive, StoreRow } from '../core/archive.ts'
import { ConfigError } from '../core/errors.ts'

export interface Moved {
  readonly sessions: number
  readonly entries: number
  /** What a move that was cut off had left was removed first. */
  readonly isAnew: boolean
}

// Rows that are on their way at once; a value may have a megabyte.
const mostRows = 200
const mostBytes = 4 * 1024 * 1024

/**
 * The first thing that a move puts into the new store. With it and without a root key, what is there is the rest of a move
 * that was cut off, and nothing else: gateways write the root key before all else. It goes by itself, as all that is counted.
 */
const begun = 'holdfast sessions move'
const begunMs = 30 * 24 * 60 * 60 * 1000

const isBegun = (row: StoreRow): boolean => row.kind === 'once' && row.key === begun

/** Moves everything into a store that is empty, or made so: rows of an earlier try may have ended since. */
export async function moveStore(source: StoreArchive, target: StoreArchive): Promise<Moved> {
  const isAnew = (await insistOnRoom(source, target)) === 'rest'
  if (isAnew) await target.clear()
  await target.take([{ kind: 'once', key: begun, until: Date.now() + begunMs }])
  let [sessions, entries, bytes] = [0, 0, 0]
  let batch: StoreRow[] = []
  for await (const row of source.rows()) {
    if (isBegun(row)) continue
    if (row.kind === 'session') sessions += 1
    if (row.kind === 'entry') entries += 1
    batch.push(row)
    bytes += row.kind === 'entry' ? row.entry.value.length : 0
    if (batch.length < mostRows && bytes < mostBytes) continue
    await target.take(batch)
    batch = []
    bytes = 0
  }
  await target.take(batch)
  return { sessions, entries, isAnew }
}

/** What a store holds, as far as it matters here. */
interface Look {
  readonly keyring: Uint8Array | null
  readonly isEmpty: boolean
  readonly isBegun: boolean
}

async function lookAt(archive: StoreArchive): Promise<Look> {
  let look: Look = { keyring: null, isEmpty: true, isBegun: false }
  for await (const row of archive.rows()) {
    look = { ...look, isEmpty: false, isBegun: look.isBegun || isBegun(row) }
    if (row.kind === 'keyring') look = { ...look, keyring: row.box }
  }
  return look
}

/** `rest`: what is in the new store is what a move left that was cut off. Refuses where moving would do harm. */
async function insistOnRoom(source: StoreArchive, target: StoreArchive): Promise<'empty' | 'rest'> {
  const [old, found] = [await lookAt(source), await lookAt(target)]
  if (old.keyring === null) {
    throw refusal(
      'The old store has no root key, so that nothing in it opens: it was never used, or it was moved before. Name the one ' +
        'that the gateways used.',
    )
  }
  if (found.keyring !== null && Buffer.compare(old.keyring, found.keyring) === 0) {
    throw refusal(
      'Everything was moved before: both stores have the same root key. If the gateways use the new one, destroy the old ' +
        'one. If they went on with the old one, name an empty new one: in this one what ended meanwhile would come back.',
    )
  }
  if (found.keyring !== null) {
    throw refusal(
      'The new store has been used already: it has keys of its own, which open nothing of the old one. Name an empty one.',
    )
  }
  if (found.isEmpty) return 'empty'
  if (found.isBegun) return 'rest'
  throw refusal(
    'The new store holds something, but no root key and no trace of a move that was cut off. Name an empty one, or empty it.',
  )
}

function refusal(message: string): ConfigError {
  return new ConfigError('ERR_CONFIG_INVALID', message)
}
