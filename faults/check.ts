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

/** What was not kept; nothing where all was. `slack`: how late answers may be because the machine is busy. */
export function checkAll(history: History, slack?: number): readonly Violation[] {
  return [
    ...checkOutIsOut(history, { usual: 2_000, worst: 31_000 }),
    ...checkNothingResurrects(history),
    ...checkOnceOnly(history),
    ...checkNoMixUp(history),
    ...checkNothingLost(history),
    ...checkFailsClosed(history),
    ...checkBounded(history, slack),
    ...checkHeals(history),
    ...checkReadYourWrites(history),
  ]
}
