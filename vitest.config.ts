import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

const config: ReturnType<typeof defineConfig> = defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Those have a command of their own: `npm run test:long`.
    exclude: ['test/long/**'],
    testTimeout: 20_000,
    // What is waited for may take a busy machine longer than the second that is usual; nobody waits longer than it takes.
    expect: { poll: { timeout: 15_000 } },
    // Databases take their time to end while others begin.
    hookTimeout: 60_000,
    // Most of them wait, for servers and for browsers: on two processors, three at a time take half as long as one.
    maxWorkers: Math.max(3, availableParallelism() - 1),
  },
})

export default config
