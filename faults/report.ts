/** What is kept of runs: a line for each, and the seeds that failed. */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { arch, cpus, release, totalmem } from 'node:os'
import type { BackendName } from './backend.ts'
import type { Violation } from './history.ts'
import type { FaultKind } from './nemesis.ts'
import type { RunResult } from './run.ts'

const seedsFile = new URL('./seeds.json', import.meta.url)
const runsFile = process.env.HOLDFAST_FAULTS_RUNS

/** A seed that once showed a fault. */
export interface FailedSeed {
  readonly store: BackendName
  readonly seconds: number
  readonly seed: number
  /** Only these; `null`: any. */
  readonly faults: readonly FaultKind[] | null
  readonly promises: readonly string[]
}

export function keptSeeds(): readonly FailedSeed[] {
  return existsSync(seedsFile) ? (JSON.parse(readFileSync(seedsFile, 'utf8')) as FailedSeed[]) : []
}

/** Keeps a seed that failed, to be run again. */
export function keepSeed(failed: Omit<FailedSeed, 'promises'>, violations: readonly Violation[]): void {
  const kept = keptSeeds()
  const { store, seed, seconds } = failed
  if (kept.some((one) => one.store === store && one.seed === seed && one.seconds === seconds)) return
  const promises = [...new Set(violations.map(({ promise }) => promise))]
  const lines = [...kept, { ...failed, promises }].map((one) => `  ${inOneLine(one)}`)
  // As the formatter wants it: one alone stays on the line of its brackets.
  const text = lines.length === 1 ? (lines[0] ?? '').trim() : `\n${lines.join(',\n')}\n`
  writeFileSync(seedsFile, `[${text}]\n`)
}

function inOneLine(one: FailedSeed): string {
  return JSON.stringify(one, null, 1).replace(/\n\s*/g, ' ').replace(/\[ /g, '[').replace(/ \]/g, ']')
}

/** Adds one line of JSON about a run to the file that `HOLDFAST_FAULTS_RUNS` names. */
export function writtenResult(store: BackendName, seed: number, result: RunResult): void {
  if (runsFile === undefined) return
  const { history, violations, healedMs, version, isNetwork } = result
  const outcomes = Object.fromEntries(
    [...Map.groupBy(history.operations, ({ outcome }) => outcome)].map(([name, all]) => [name, all.length]),
  )
  const line = {
    ...{ store, seed, version, isNetwork, outcomes, healedMs: Math.round(healedMs) },
    operations: history.operations.length,
    sockets: history.sockets.length,
    faults: history.faults.map(({ kind }) => kind),
    stalls: Math.round(history.stalls.reduce((sum, { began, ended }) => sum + ended - began, 0)),
    ms: Math.round(history.end),
    violations: violations.map(({ promise, what }) => `${promise}: ${what}`),
    machine: `${cpus().length} × ${cpus()[0]?.model ?? arch()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.version}`,
  }
  appendFileSync(runsFile, `${JSON.stringify(line)}\n`)
}
