/** As much of a test runner as the contract needs; that of Vitest and of Jest fits. */

/** What is said of a value. */
export interface Expectation {
  readonly not: Expectation
  toBe(expected: unknown): void
  toBeNull(): void
  toEqual(expected: unknown): void
  toMatchObject(expected: object): void
  toContain(expected: unknown): void
  toHaveLength(expected: number): void
  toBeGreaterThanOrEqual(expected: number): void
  toBeLessThanOrEqual(expected: number): void
}

/** What the suite needs of a test runner: vitest, jest and `node:test` with `expect` have it. */
export interface TestRunner {
  describe(name: string, tests: () => void): unknown
  it(name: string, test: () => Promise<void> | void, timeout?: number): unknown
  expect(value: unknown, message?: string): Expectation
}
