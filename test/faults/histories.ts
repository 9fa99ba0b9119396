/** Histories made by hand, for what checks them. */
import type { Fault, HeldSocket, History, Operation, Stall } from '../../faults/history.ts'

type Line = Partial<Operation> & Pick<Operation, 'act'>

/** A history of these operations, one second each and one after another where no times are given. */
export function historyOf(lines: readonly Line[], rest: Partial<History> = {}): History {
  const operations = lines.map(
    (line, number): Operation => ({
      ...{ number, replica: number % 3, session: 's1', replaces: null, user: 'ada', key: null, value: null },
      ...{ began: number * 1_000, ended: number * 1_000 + 10, outcome: 'ok', status: 200 },
      ...{ setsCookie: false, told: {} },
      ...line,
    }),
  )
  return { operations, sockets: [], faults: [], stalls: [], end: lines.length * 1_000, ...rest }
}

export const signIn: Line = { act: 'sign-in' }
export const signOut: Line = { act: 'sign-out' }
export const use: Line = { act: 'use' }

export function fault(began: number, ended: number, rest: Partial<Fault> = {}): Fault {
  return { kind: 'partition all', replica: null, hidesReplica: false, began, ended, ...rest }
}

export function socket(opened: number, closed: number | null): HeldSocket {
  return { session: 's1', replica: 1, opened, closed }
}

export function stall(began: number, ended: number, of: Stall['of'] = 'suite'): Stall {
  return { of, began, ended }
}
