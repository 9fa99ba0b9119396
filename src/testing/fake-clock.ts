/** A clock that moves only when it is told to: for `now` in `createSessions`, stores and the contract. */
export interface FakeClock {
  readonly now: () => number
  /** Moves it on by milliseconds. */
  advance(ms: number): void
}

/** Starts at an instant in epoch milliseconds. @default 2026-01-01T00:00:00Z */
export function fakeClock(startAt: number = Date.UTC(2026, 0, 1)): FakeClock {
  let at = startAt
  return {
    now: () => at,
    advance(ms) {
      at += ms
    },
  }
}
