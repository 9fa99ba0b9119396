/** What was not kept, as people read it: by which operations it shows, and which faults there were. */
import type { History, Violation } from './history.ts'

const mostShown = 12

function shown({ promise, what, operations }: Violation): string {
  const lines = operations.map(
    ({ number, act, replica, began, ended, outcome, status }) =>
      `    #${number} ${act} at replica ${replica}, ${began.toFixed(0)}–${ended.toFixed(0)} ms: ${outcome} ${status ?? ''}`,
  )
  return [`  ${promise}: ${what}`, ...lines].join('\n')
}

/** A text of several lines; empty where every promise was kept. */
export function verdictOf(violations: readonly Violation[], { faults }: Pick<History, 'faults'>): string {
  if (violations.length === 0) return ''
  const lines = violations.slice(0, mostShown).map(shown)
  const more = violations.length - lines.length
  if (more > 0) lines.push(`  and ${more} more`)
  for (const { kind, replica, began, ended } of faults)
    lines.push(`  fault ${kind} ${replica ?? 'all'} ${began.toFixed(0)}–${ended.toFixed(0)} ms`)
  return lines.join('\n')
}
