/** Builds that are broken on purpose: each breaks one promise, and the suite has to see it. */
import type { BackendName } from './backend.ts'
import type { Violation } from './history.ts'
import type { FaultKind } from './nemesis.ts'

/** A guard taken out of a copy of the sources. */
export interface Mutation {
  readonly name: string
  readonly store: BackendName
  readonly file: string
  /** The guard as it stands there, exactly once. */
  readonly from: string
  readonly to: string
  /** The faults under which it matters; none where it always does. */
  readonly faults: readonly FaultKind[]
  /** What is broken without it: any of these. */
  readonly breaks: readonly Violation['promise'][]
}

const ownState = 'src/stores/redis-state-scripts.ts'
const lease = 'src/stores/replica-lease.ts'
const isAlive = `lease !== null && clock.monotonic() - lease.monotonic < leaseMs && clock.wall() - lease.wall < leaseMs`
const tombstone = `call('HSET', family, 'a', absolute, 'n:' .. id, '')
  for _, name in ipairs(tombstone) do call('HSET', family, name, '') end
  call('PEXPIRE', family, ttl(tonumber(absolute)))`

export const mutations: readonly Mutation[] = [
  {
    ...{ name: 'no tombstones', store: 'redis', faults: [], breaks: ['P1', 'P2'] },
    ...{ file: 'src/stores/redis-session-scripts.ts', from: tombstone, to: `call('DEL', P .. 'i:' .. id)` },
  },
  {
    ...{ name: 'no tombstones', store: 'postgres', faults: [], breaks: ['P1', 'P2'] },
    file: 'src/stores/postgres-session-functions.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: that is what stands there.
    from: 'INSERT INTO ${s}.retired (id, sid, absolute_at) VALUES (v_id, p_sid, v_absolute);',
    to: '',
  },
  {
    ...{ name: 'no tombstones', store: 'sqlite', faults: [], breaks: ['P1', 'P2'] },
    ...{
      file: 'src/stores/sqlite-session-writes.ts',
      from: 'bury.run(id, sid, Number(found.absoluteAt))',
      to: '',
    },
  },
  {
    ...{ name: 'no WAIT', store: 'redis-replicas', faults: ['fail over'], breaks: ['P1', 'P2', 'P4', 'P9'] },
    ...{
      file: 'src/stores/redis-pump.ts',
      from: 'if (wanted === 0) return true',
      to: 'if (wanted >= 0) return true',
    },
  },
  {
    ...{ name: 'no compare-and-set', store: 'redis', faults: ['slow all'], breaks: ['P4'] },
    ...{ file: ownState, from: `if #conflicts > 0 then return { 'conflict', conflicts } end`, to: '' },
  },
  {
    ...{ name: 'no compare-and-set', store: 'postgres', faults: ['slow all'], breaks: ['P4'] },
    ...{
      file: 'src/stores/postgres-state-functions.ts',
      from: 'IF v_keys IS NOT NULL THEN',
      to: 'IF false THEN',
    },
  },
  {
    ...{ name: 'no compare-and-set', store: 'sqlite', faults: [], breaks: ['P4'] },
    ...{
      file: 'src/stores/sqlite-state-writes.ts',
      from: 'return conflicts.length === 0',
      to: 'return conflicts.length >= 0',
    },
  },
  {
    ...{
      name: 'no look for gaps',
      store: 'redis',
      faults: ['feed lossy'],
      breaks: ['P1', 'P2'],
      file: lease,
    },
    from: 'if (entry.seq !== position.seq + 1 || entry.previous !== position.mark) return false',
    to: '',
  },
  {
    ...{ name: 'no look at the change counter', store: 'sqlite', faults: [], breaks: ['P1', 'P2'] },
    ...{ file: 'src/stores/sqlite-feed.ts', from: 'if (found === seen) return true', to: 'return true' },
  },
  {
    ...{ name: 'no number of its own for a revocation', store: 'redis', faults: [], breaks: ['P1', 'P2'] },
    ...{
      file: 'src/stores/redis-session-scripts.ts',
      from: 'tonumber(ARGV[5]) or newestMark() + 1',
      to: 'tonumber(ARGV[5]) or newestMark()',
    },
  },
  {
    ...{ name: 'no number of its own for a revocation', store: 'postgres', faults: [], breaks: ['P1', 'P2'] },
    file: 'src/stores/postgres-session-functions.ts',
    from: 'SET newest = a.newest + 1',
    to: 'SET newest = a.newest',
  },
  {
    ...{ name: 'no memory of what was taken', store: 'redis', faults: [], breaks: ['P2'] },
    ...{
      file: ownState,
      from: 'if found and tonumber(found) > now then return { 0 } end\nlocal over',
      to: 'local over',
    },
  },
  {
    ...{ name: 'no memory of what was taken', store: 'postgres', faults: [], breaks: ['P2'] },
    ...{
      file: 'src/stores/postgres-state-functions.ts',
      from: 'DO UPDATE SET until = excluded.until WHERE o.until <= v_now',
      to: 'DO UPDATE SET until = excluded.until',
    },
  },
  {
    ...{ name: 'no lease', store: 'postgres', faults: ['hang one', 'partition one'], breaks: ['P1', 'P2'] },
    ...{ file: lease, from: isAlive, to: 'lease !== null' },
  },
  {
    ...{ name: 'no lease', store: 'redis', faults: ['hang one', 'partition one'], breaks: ['P1', 'P2'] },
    ...{ file: lease, from: isAlive, to: 'lease !== null' },
  },
  {
    ...{ name: 'unknown taken for absent', store: 'postgres', faults: ['partition one'], breaks: ['P5'] },
    ...{ file: 'src/gateway/requests.ts', from: `return sendProblem(parts, bare, 'unavailable')` },
    to: `return sendProblem(parts, bare, 'sign-in-required')`,
  },
]

/** The text without its guard. Throws where the guard is not there, or not only once: then the list is out of date. */
export function mutated(text: string, { name, file, from, to }: Mutation): string {
  const [before = '', after, ...more] = text.split(from)
  if (after === undefined || more.length > 0)
    throw new Error(`${file} has ${after === undefined ? 'no' : 'more than one'} ${from} (${name}).`)
  return before + to + after
}
