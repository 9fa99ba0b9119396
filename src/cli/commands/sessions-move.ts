import type { StoreArchive } from '../../core/archive.ts'
import { ConfigError } from '../../core/errors.ts'
import { usage } from '../arguments.ts'
import type { Call, Command } from '../command.ts'
import { moveStore } from '../move.ts'
import { note, say } from '../terminal.ts'

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
    'If it is cut off, run it again: it begins anew. When all is moved, the old store is put aside under another name, where no gateway ' +
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
        const moved = await moveStore(source, target)
        if (moved.isAnew) note('What a move that was cut off had left in the new store was removed first.')
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
