/** What would have ended the process that the gateway and the tests run in. */
import { afterAll, afterEach, beforeAll, expect } from 'vitest'

/** Fails each of the file's tests during which something was thrown that nobody caught. */
export function failOnCrash(): void {
  const crashes: unknown[] = []
  const noteCrash = (error: unknown): void => {
    crashes.push(error)
  }
  beforeAll(() => {
    process.on('uncaughtException', noteCrash)
    process.on('unhandledRejection', noteCrash)
  })
  afterEach(() => expect(crashes).toEqual([]))
  afterAll(() => {
    process.off('uncaughtException', noteCrash)
    process.off('unhandledRejection', noteCrash)
  })
}
