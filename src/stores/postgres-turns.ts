/** Lets the works on one thing come one after the other, in the order they were asked for. */
export interface Turns {
  /** Begins the work when those before it on the same thing have settled. */
  take<Value>(thing: string, work: () => Promise<Value>): Promise<Value>
}

/**
 * For writes that would only wait for one another in the database, at the lock of one row, each holding a connection. It also
 * keeps the order in which a process asked for them, which several connections would not.
 */
export function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>()
  return {
    take(thing, work) {
      const before = last.get(thing)
      const turn = before === undefined ? work() : before.then(work, work)
      last.set(thing, turn)
      const done = (): void => {
        if (last.get(thing) === turn) last.delete(thing)
      }
      turn.then(done, done)
      return turn
    },
  }
}
