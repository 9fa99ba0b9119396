/** `npm run faults -- --store redis|redis-replicas|redis-sentinel|postgres|sqlite --seconds 60 --seed 7`, or `-- --mutations`. */
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { BackendName } from './backend.ts'
import type { FaultKind } from './nemesis.ts'
import { keepSeed, keptSeeds, writtenResult } from './report.ts'
import { run } from './run.ts'
import { verdictOf } from './verdict.ts'

const { values } = parseArgs({
  options: {
    store: { type: 'string', default: 'postgres' },
    seconds: { type: 'string', default: '30' },
    seed: { type: 'string' },
    /** Only these, with commas between: `kill store,feed cut`. */
    faults: { type: 'string' },
    /** All but these. */
    without: { type: 'string', default: '' },
    runs: { type: 'string', default: '1' },
    /** The seeds that failed once, again. */
    kept: { type: 'boolean', default: false },
    mutations: { type: 'boolean', default: false },
    /** Of the mutations, those whose name holds this. */
    only: { type: 'string', default: '' },
    /** No network of its own for each replica. */
    loopback: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
})

async function once(
  store: BackendName,
  seconds: number,
  seed: number,
  faults: readonly FaultKind[] | null,
): Promise<boolean> {
  console.log(`${store}, ${seconds} s, seed ${seed}`)
  const tell = values.verbose ? (line: string) => console.log(`  ${line}`) : () => {}
  const without = values.without.split(',') as readonly FaultKind[]
  const result = await run({
    store,
    seconds,
    seed,
    tell,
    without,
    isOnLoopback: values.loopback,
    ...(faults === null ? {} : { faults }),
  })
  const { history, violations, healedMs } = result
  const isKept = violations.length === 0
  console.log(
    `  ${history.operations.length} operations, ${history.sockets.length} sockets, ${history.faults.length} faults; ` +
      `well again after ${Math.round(healedMs)} ms; ${isKept ? 'every promise kept' : `${violations.length} violations`}`,
  )
  if (!isKept) console.log(verdictOf(violations, history))
  writtenResult(store, seed, result)
  if (!isKept) {
    keepSeed({ store, seconds, seed, faults }, violations)
    const file = join(tmpdir(), `holdfast-faults-${store}-${seed}.json`)
    writeFileSync(file, JSON.stringify(history))
    console.log(`  The whole history: ${file}`)
  }
  return isKept
}

if (values.mutations) {
  const { checkMutations } = await import('./mutate.ts')
  const isFound = await checkMutations((line) => console.log(line), values.only, values.loopback)
  process.exitCode = isFound ? 0 : 1
} else if (values.kept) {
  for (const { store, seconds, seed, faults } of keptSeeds()) {
    if (!(await once(store, seconds, seed, faults))) process.exitCode = 1
  }
} else {
  const first = values.seed === undefined ? Math.floor(Math.random() * 1e9) : Number(values.seed)
  const faults = (values.faults?.split(',') as FaultKind[] | undefined) ?? null
  for (let number = 0; number < Number(values.runs); number++) {
    if (!(await once(values.store as BackendName, Number(values.seconds), first + number, faults)))
      process.exitCode = 1
  }
}
// What a run leaves open, such as sockets that nobody answers, must not keep the command.
process.exit()
