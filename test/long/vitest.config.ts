import { defineConfig } from 'vitest/config'

/** Tests that take long, and run by themselves: `npm run test:long`. */
const config: ReturnType<typeof defineConfig> = defineConfig({
  test: { include: ['test/long/*.test.ts'], execArgv: ['--expose-gc'], testTimeout: 180_000 },
})

// biome-ignore lint/style/noDefaultExport: Vitest reads nothing else.
export default config
