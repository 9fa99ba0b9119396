/**
 * What the embedded store costs: `node bench/stores.ts [sessions]`. Prints a table. What never waits is given in CPU time,
 * which a busy machine changes least; what waits for the disk in wall time. Medians, since every machine has bad moments.
 */

import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SessionStore } from '../src/core/contracts.ts'
import { memoryStore } from '../src/stores/memory.ts'
import { sqliteStore } from '../src/stores/sqlite.ts'
import { fill, lookUp, storedSession } from './look-up.ts'

const many = Number(process.argv[2] ?? 1_000_000)
const now = Date.now()
const sealed = randomBytes(512)

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

/** CPU nanoseconds of this process since it began. */
function cpu(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) * 1000
}

/** CPU nanoseconds a call, the median of 15 rounds. */
function timeSync(calls: number, call: (index: number) => unknown): number {
  const rounds: number[] = []
  for (let round = 0; round < 15; round++) {
    const begun = cpu()
    for (let index = 0; index < calls; index++) call(index)
    rounds.push((cpu() - begun) / calls)
  }
  return median(rounds)
}

async function time(
  calls: number,
  call: (index: number) => Promise<unknown>,
): Promise<readonly [number, number]> {
  const each: number[] = []
  for (let index = 0; index < calls; index++) {
    const begun = performance.now()
    await call(index)
    each.push(performance.now() - begun)
  }
  each.sort((a, b) => a - b)
  return [each[calls >> 1] ?? Number.NaN, each[Math.floor(calls * 0.99)] ?? Number.NaN]
}

const rows: string[][] = []
const row = (what: string, value: string): void => {
  rows.push([what, value])
  console.log(`${what.padEnd(64)} ${value}`)
}
const micro = (nanos: number): string => `${(nanos / 1000).toFixed(2)} µs`

/** CPU nanoseconds a look-up of one of the ids, the median of 31 rounds. */
async function lookUps(store: SessionStore, ids: readonly string[]): Promise<number> {
  const rounds: number[] = []
  for (let round = 0; round < 31; round++) rounds.push((await lookUp(store, ids, 10)) * 1000)
  return median(rounds)
}

const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
try {
  console.log(`Node ${process.version}, SQLite ${process.versions.sqlite}, ${cpus()[0]?.model}, ${folder}\n`)
  const memory = memoryStore()
  const one = storedSession()
  await memory.create(one)
  row(
    'memory: read',
    micro(
      await lookUps(
        memory,
        Array.from({ length: 1000 }, () => one.id),
      ),
    ),
  )

  const path = join(folder, 'small.db')
  const store = await sqliteStore({ path, pollMs: 1000 })
  const other = await sqliteStore({ path, pollMs: 1000 })
  row('isCurrent(), nothing changed', micro(timeSync(100_000, () => store.isCurrent())))

  const fresh = Array.from({ length: 400 }, storedSession)
  const show = ([p50, p99]: readonly [number, number]): string =>
    `p50 ${p50.toFixed(2)} ms  p99 ${p99.toFixed(2)} ms`
  row(
    'create, one at a time (durable)',
    show(await time(400, (index) => store.create(fresh[index] ?? storedSession()))),
  )
  row('update (durable)', show(await time(400, (index) => store.update(fresh[index]?.id ?? '', 1, sealed))))
  row('touch', show(await time(400, (index) => store.touch(fresh[index]?.id ?? '', now + 3_700_000))))
  const delays: number[] = []
  row(
    'end (durable)',
    show(
      await time(200, async (index) => {
        await store.end(fresh[index]?.sid ?? '')
        const begun = process.hrtime.bigint()
        other.isCurrent()
        delays.push(Number(process.hrtime.bigint() - begun))
      }),
    ),
  )
  row('isCurrent() of another handle that has one change to deliver', micro(median(delays)))
  const begun = performance.now()
  await Promise.all(Array.from({ length: 1000 }, () => store.create(storedSession())))
  const took = performance.now() - begun
  row(
    'create, 1000 at once (durable)',
    `${((took * 1000) / 1000).toFixed(0)} µs each, ${took.toFixed(0)} ms in all`,
  )
  await other.close()
  await store.close()

  const sizes = [1000, many]
  const open: { readonly store: SessionStore; readonly ids: readonly string[] }[] = []
  for (const size of sizes) {
    const file = join(folder, `${size}.db`)
    await (await sqliteStore({ path: file })).close()
    const ids = fill(file, size)
    open.push({ store: await sqliteStore({ path: file, pollMs: 1000 }), ids })
    console.log(`filled ${size}: ${(statSync(file).size / 1e6).toFixed(0)} MB`)
  }
  // In turns, so that a bad moment of the machine meets both.
  const costs = open.map(() => [] as number[])
  for (let turn = 0; turn < 9; turn++) {
    for (const [index, { store: filled, ids }] of open.entries())
      costs[index]?.push(await lookUps(filled, ids))
  }
  const [small, large] = costs.map(median)
  row('read, 1000 sessions', micro(small ?? Number.NaN))
  row(`read, ${many} sessions (a working set of 1000)`, micro(large ?? Number.NaN))
  row('ratio', ((large ?? 0) / (small ?? 1)).toFixed(2))
  for (const [index, { store: filled, ids }] of open.entries()) {
    const cold: number[] = []
    for (const id of ids.slice(0, 500)) {
      // A write by anybody empties SQLite's page cache of this connection.
      await filled.touch(ids[0] ?? '', now + 3_600_000)
      const at = process.hrtime.bigint()
      await filled.read(id)
      cold.push(Number(process.hrtime.bigint() - at))
    }
    row(`read right after a write, ${sizes[index]} sessions`, micro(median(cold)))
    row(`isCurrent(), ${sizes[index]} sessions`, micro(timeSync(20_000, () => filled.isCurrent())))
    const some = Array.from({ length: 200 }, storedSession)
    row(
      `create, ${sizes[index]} sessions`,
      show(await time(200, (at) => filled.create(some[at] ?? storedSession()))),
    )
    row(`end, ${sizes[index]} sessions`, show(await time(200, (at) => filled.end(some[at]?.sid ?? ''))))
    await filled.close()
  }
} finally {
  rmSync(folder, { recursive: true })
}
