import { defineConfig } from 'vitest/config'

/**
 * Projects are the kinds of question a test asks; see TESTING in CONTRIBUTING.md. No retries, ever. Timeouts only end what
 * hangs: no test asserts how fast it was.
 *
 * Groups run one after the other. Tests that compute have a worker per core and share a process with other files: none of
 * them leaves anything behind that another could see. Tests that wait, for sockets and for processes, share the machine with
 * each other. The devnet of the README has it alone.
 */
const COMPUTING = { maxWorkers: '100%', isolate: false } as const
/** They wait most of the time; more than this many small devnets at once would be measured by their load. */
const WAITING_FILES_AT_ONCE = 4

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
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 1 },
          ...COMPUTING,
        },
      },
      {
        test: {
          name: 'simulation',
          include: ['test/simulation/**/*.test.ts'],
          testTimeout: 300_000,
          sequence: { groupOrder: 2 },
          ...COMPUTING,
        },
      },
      {
        test: {
          name: 'network',
          include: ['test/network/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          maxWorkers: WAITING_FILES_AT_ONCE,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          name: 'devnet',
          include: ['test/devnet/**/*.test.ts', 'test/fault/**/*.test.ts'],
          exclude: ['test/devnet/up.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 180_000,
          maxWorkers: WAITING_FILES_AT_ONCE,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          name: 'readme',
          include: ['test/devnet/up.test.ts'],
          testTimeout: 300_000,
          maxWorkers: 1,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
})
