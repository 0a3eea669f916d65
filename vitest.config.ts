import { defineConfig } from 'vitest/config'

/** Projects are the kinds of question a test asks; see TESTING in CONTRIBUTING.md. No retries, ever. */
export default defineConfig({
  test: {
    retry: 0,
    projects: [
      {
        test: {
          name: 'core',
          include: [
            'test/unit/**/*.test.ts',
            'test/property/**/*.test.ts',
            'test/contract/**/*.test.ts',
            'test/golden/**/*.test.ts',
            'test/*.test.ts',
          ],
        },
      },
      {
        test: {
          name: 'simulation',
          include: ['test/simulation/**/*.test.ts'],
          testTimeout: 180_000,
        },
      },
      { test: { name: 'network', include: ['test/network/**/*.test.ts'], testTimeout: 60_000 } },
      {
        test: {
          name: 'devnet',
          include: ['test/devnet/**/*.test.ts', 'test/fault/**/*.test.ts'],
          testTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
