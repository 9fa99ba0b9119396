import { defineConfig } from 'vitest/config'

// One file at a time: each starts a browser and an app of its own, and machines are small.
const config: ReturnType<typeof defineConfig> = defineConfig({
  test: {
    include: ['e2e/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 90_000,
    // The usual second is too short for a browser and an app on a busy machine.
    expect: { poll: { timeout: 15_000 } },
    fileParallelism: false,
  },
})

export default config
