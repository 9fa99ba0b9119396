/** All promises held against one history. */
import { checkBounded } from './checks/bounded.ts'
import { checkFailsClosed } from './checks/fails-closed.ts'
import { checkHeals } from './checks/heals.ts'
import { checkNoMixUp } from './checks/no-mix-up.ts'
import { checkNothingLost } from './checks/nothing-lost.ts'
import { checkNothingResurrects } from './checks/nothing-resurrects.ts'
import { checkOnceOnly } from './checks/once-only.ts'
import { checkOutIsOut } from './checks/out-is-out.ts'
import { checkReadYourWrites } from './checks/read-your-writes.ts'
import type { History, Violation } from './history.ts'

/** What is allowed for, in milliseconds. */
export interface Allowances {
  /** How late answers may be because the machine is busy. */
  readonly slack?: number | undefined
  /**
   * How long after a change a replica may go by its memory, where nobody has been told yet that the change was made: until it
   * is acknowledged one replica knows of it and the next does not. @default 0
   */
  readonly lease?: number
}

/** What was not kept; nothing where all was. */
export function checkAll(history: History, { slack, lease }: Allowances = {}): readonly Violation[] {
  return [
    ...checkOutIsOut(history, { usual: 2_000, worst: 31_000 }),
    ...checkNothingResurrects(history, lease),
    ...checkOnceOnly(history),
    ...checkNoMixUp(history),
    ...checkNothingLost(history),
    ...checkFailsClosed(history),
    ...checkBounded(history, slack),
    ...checkHeals(history),
    ...checkReadYourWrites(history, lease),
  ]
}
