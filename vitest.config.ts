import { defineConfig } from 'vitest/config'

const config: ReturnType<typeof defineConfig> = defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Those have a command of their own: `npm run test:long`.
    exclude: ['test/long/**'],
    testTimeout: 20_000,
  },
})

export default config
