/** Figures as Markdown. */
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? 0)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '--:'))), ...rows.map(line)].join(
    '\n',
  )
}

/** The machine and the versions a run is true for. */
export function machine(): string {
  const versions = readFileSync(new URL('package.json', import.meta.url), 'utf8')
  const { dependencies } = JSON.parse(versions) as { dependencies: Record<string, string> }
  const rivals = Object.entries(dependencies).map(([name, version]) => `${name} ${version}`)
  const [cpu] = cpus()
  return `${cpus().length} × ${cpu?.model ?? 'unknown'}, ${process.platform}, Node ${process.versions.node}; ${rivals.join(', ')}`
}
