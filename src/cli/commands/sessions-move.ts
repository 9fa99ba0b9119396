import type { StoreArchive, StoreRow } from '../../core/archive.ts'
import { ConfigError } from '../../core/errors.ts'
import { usage } from '../arguments.ts'
import type { Call, Command } from '../command.ts'
import { note, say } from '../terminal.ts'

// Rows that are on their way at once; a value may have a megabyte.
const mostRows = 200
const mostBytes = 4 * 1024 * 1024

/** Moves everything in one store to another, so that nobody has to sign in again. */
export const sessionsMove: Command = {
  name: 'sessions move',
  synopsis: '--from <store> --to <store>',
  about: 'Move sessions and state to another store; nobody is signed out',
  settings: [],
  options: [
    { name: 'from', value: '<store>', about: 'Where they are: sqlite:<path>, redis://… or postgres://…' },
    {
      name: 'to',
      value: '<store>',
      about: 'Where they go; HOLDFAST_STORE is the usual: a URL may hold a password',
    },
  ],
  words: [0, 0],
  takesCommand: false,
  notes: [
    'Stop the gateways first; it refuses to begin while one uses either store. Then start them with the new --store and ' +
      'the same secret. One that was made beside an sqlite store is in .holdfast/secret: give it to them as HOLDFAST_SECRET.',
    'If it is cut off, run it again. When all is moved, the old store is put aside under another name, where no gateway ' +
      'finds it: destroy it, for it would bring back sessions that end from now on.',
  ],
  examples: [
    [
      'HOLDFAST_STORE=postgres://me:password@db/app holdfast sessions move --from sqlite:.holdfast/holdfast.db',
      'From one machine to several.',
    ],
  ],
  async run(call) {
    const from = storeOf(call, 'from')
    const to = storeOf(call, 'to') ?? process.env.HOLDFAST_STORE ?? null
    if (from === null || to === null) {
      throw usage(
        ['Say from where and to where: --from sqlite:.holdfast/holdfast.db --to postgres://…'],
        sessionsMove,
      )
    }
    if (from === to) throw usage(['--from and --to are the same store.'], sessionsMove)
    const source = await openArchive(from, false)
    try {
      const target = await openArchive(to, true)
      try {
        const moved = await move(source, target)
        const place = await source.retire()
        say(`Moved ${moved.sessions} sessions and ${moved.entries} pieces of state.`)
        note(`The old store is now ${place}. Start the gateways with the new one, then destroy the old.`)
        return 0
      } finally {
        await target.close()
      }
    } finally {
      await source.close()
    }
  },
}

function storeOf({ options }: Call, name: string): string | null {
  const said = options.get(name)
  return typeof said === 'string' ? said : null
}

async function openArchive(store: string, isNew: boolean): Promise<StoreArchive> {
  if (store.startsWith('sqlite:')) {
    return (await import('../../stores/sqlite-archive.ts')).sqliteArchive(
      store.slice('sqlite:'.length),
      isNew,
    )
  }
  if (/^postgres(ql)?:\/\//.test(store)) {
    return (await import('../../stores/postgres-archive.ts')).postgresArchive(store)
  }
  if (/^rediss?(?:\+\w+)?:\/\//.test(store)) {
    return (await import('../../stores/redis-archive.ts')).redisArchive(store)
  }
  const kind = /^[a-z+]+:/.exec(store)?.[0] ?? 'this'
  throw new ConfigError(
    'ERR_CONFIG_INVALID',
    `${kind} is no store that sessions can be moved from or to: use sqlite:<path>, redis://… or postgres://…`,
  )
}

interface Moved {
  sessions: number
  entries: number
}

async function move(source: StoreArchive, target: StoreArchive): Promise<Moved> {
  await requireRoom(source, target)
  const moved = { sessions: 0, entries: 0 }
  let batch: StoreRow[] = []
  let bytes = 0
  for await (const row of source.rows()) {
    if (row.kind === 'session') moved.sessions += 1
    if (row.kind === 'entry') moved.entries += 1
    batch.push(row)
    bytes += row.kind === 'entry' ? row.entry.value.length : 0
    if (batch.length < mostRows && bytes < mostBytes) continue
    await target.take(batch)
    batch = []
    bytes = 0
  }
  await target.take(batch)
  return moved
}

/** Refuses a target with a root key of its own: what is moved there would open for nobody. */
async function requireRoom(source: StoreArchive, target: StoreArchive): Promise<void> {
  const theirs = await keyringOf(target)
  if (theirs === null) return
  const ours = await keyringOf(source)
  if (ours !== null && Buffer.compare(ours, theirs) === 0) return
  throw new ConfigError(
    'ERR_CONFIG_INVALID',
    'The new store has been used already: it has keys of its own, which open nothing of the old one. Name an empty one.',
  )
}

async function keyringOf(archive: StoreArchive): Promise<Uint8Array | null> {
  for await (const row of archive.rows()) if (row.kind === 'keyring') return row.box
  return null
}
