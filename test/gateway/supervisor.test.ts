import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { runFile } from '../../src/gateway/child/run-file.ts'
import { superviseApp } from '../../src/gateway/child/supervisor.ts'
import { freshFolder } from '../auth/folder.ts'
import type { LogEntry } from './harness.ts'

const patience = { timeout: 20_000, interval: 50 }

interface Supervised {
  readonly command: string
  logged(event: string): LogEntry['fields'][]
  /** Ends the app that was started last, and waits for it to be started again. */
  killed(meanwhile?: () => Promise<void>): Promise<void>
}

interface Surroundings {
  /** Where the app is remembered, in the test's folder. */
  readonly remembered?: string
  /** What the app is given at its first, second, … start. */
  environment?(start: number): NodeJS.ProcessEnv
}

/** A real app, started by a command that is a file of its own, and already taking connections. */
async function supervised(surroundings: Surroundings = {}): Promise<Supervised> {
  const { remembered = 'run.json', environment = () => ({}) } = surroundings
  const folder = await freshFolder()
  const command = join(folder, 'app')
  await writeFile(
    join(folder, 'server.cjs'),
    "require('http').createServer().listen(process.argv[2], '127.0.0.1')\n",
  )
  await writeFile(command, `#!/bin/sh\nexec '${process.execPath}' '${folder}/server.cjs' "$1"\n`, {
    mode: 0o755,
  })
  const log: LogEntry[] = []
  const logged = (event: string) => log.filter((entry) => entry.event === event).map(({ fields }) => fields)
  let starts = 0
  const app = await superviseApp({
    ...{ command, args: ['{port}'], port: null, survivor: null, statePort: null },
    environment: () => ({ ...process.env, ...environment(++starts) }),
    runFile: runFile(join(folder, remembered), []),
    log: { write: (level, event, fields = {}) => log.push({ level, event, fields }) },
  })
  onTestFinished(() => app.stop())
  await app.ready(20_000)
  return {
    command,
    logged,
    async killed(meanwhile) {
      const before = logged('app_started')
      process.kill(-Number(before.at(-1)?.pid), 'SIGKILL')
      await meanwhile?.()
      await vi.waitFor(() => expect(logged('app_started').length).toBeGreaterThan(before.length), patience)
      await app.ready(20_000)
    },
  }
}

it('an app whose command is away when it dies is started once the command is back', async () => {
  const { command, logged, killed } = await supervised()
  await rename(command, `${command}.new`)
  await killed(async () => {
    await vi.waitFor(() => expect(logged('app_not_started')[0]).toMatchObject({ reason: 'ENOENT' }), patience)
    await rename(`${command}.new`, command)
  })
}, 60_000)

it('an app that cannot be started again for a moment, whatever the reason, is started later', async () => {
  // A NUL is refused by a throw, where a missing command is told by an event.
  const { logged, killed } = await supervised({
    environment: (start) => (start === 2 ? { BROKEN: 'kelp\0' } : {}),
  })
  await killed()
  expect(logged('app_not_started')).toHaveLength(1)
}, 60_000)

it('an app goes on, and is started again, where nothing can be written about it', async () => {
  const { logged, killed } = await supervised({ remembered: 'server.cjs/run.json' })
  await vi.waitFor(() => expect(logged('run_file_not_written')).toHaveLength(1), patience)
  await killed()
  await vi.waitFor(() => expect(logged('run_file_not_written')).toHaveLength(2), patience)
}, 60_000)
